#include "http/multipart.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <vector>

#include <pysandbox/error.hpp>

#include "server/http/support.hpp"

namespace pysandbox::http {
namespace {

constexpr const char* type = "multipart/form-data; boundary=XX";

struct Got {
  std::string name;
  std::string filename;
  std::string content_type;
  std::string bytes;
  bool operator==(const Got&) const = default;
};

std::vector<Got> parse(const std::string& body, std::size_t piece = 1 << 20, const std::string& content_type = type) {
  Multipart multipart(content_type, source_of(body, piece));
  std::vector<Got> parts;
  while (auto part = multipart.next_part())
    parts.push_back({part->name, part->filename.value_or("-"), part->content_type, read_all(part->bytes)});
  return parts;
}

// What is wrong with a body, as it is told; empty if nothing is.
std::string complaint(const std::string& body, const std::string& content_type = type) {
  try {
    parse(body, 1 << 20, content_type);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::invalid_request);
    return error.what();
  }
  return "";
}

std::string part(const std::string& fields, const std::string& bytes) {
  return "--XX\r\n" + fields + "\r\n\r\n" + bytes + "\r\n";
}

std::string field(const std::string& name, const std::string& bytes) {
  return part("Content-Disposition: form-data; name=\"" + name + "\"", bytes);
}

TEST(Multipart, TakesAFormApartHoweverItIsCut) {
  const std::string tricky = "\r\n--X\r\n--XY\r\r\n\r\n-\r\n--" + std::string(3, '\0') + "\r\n";
  const std::string body =
      "preamble\r\n" + field("a", "1") +
      part("content-disposition: form-data; name=file; filename=\"x y.csv\"\r\nContent-Type: text/csv", tricky) +
      field("", "") + "--XX--\r\nepilogue";
  const std::vector<Got> expected{{"a", "-", "", "1"}, {"file", "x y.csv", "text/csv", tricky}, {"", "-", "", ""}};
  for (std::size_t piece = 1; piece < body.size(); ++piece) EXPECT_EQ(parse(body, piece), expected) << piece;
}

TEST(Multipart, TakesLargePartsWhole) {
  std::string large;
  for (int i = 0; i < 300'000; ++i) large += "\r\n--" + std::to_string(i);
  const auto parts = parse(field("a", large) + field("b", large) + "--XX--", 7777);
  ASSERT_EQ(parts.size(), 2u);
  EXPECT_TRUE(parts[0].bytes == large && parts[1].bytes == large);
}

TEST(Multipart, HoldsLittleInMemory) {
  // The source never gives more than the parser asks for, and that is at most its buffer.
  std::size_t largest = 0;
  const auto body = std::make_shared<std::string>(field("a", std::string(10'000'000, 'x')) + "--XX--");
  const auto source = source_of(*body);
  Multipart multipart(type, [&](std::span<std::byte> into) {
    largest = std::max(largest, into.size());
    return source(into);
  });
  EXPECT_EQ(read_all(multipart.next_part()->bytes).size(), 10'000'000u);
  EXPECT_LE(largest, 65'536u);
}

TEST(Multipart, PassesOverWhatIsNotRead) {
  Multipart multipart(type, source_of(field("a", std::string(200'000, 'x')) + field("b", "2") + "--XX--\r\n"));
  const auto first = multipart.next_part();
  std::vector<std::byte> few(10);
  EXPECT_EQ(first->bytes(few), 10u);
  const auto second = multipart.next_part();
  EXPECT_EQ(second->name, "b");
  EXPECT_THROW(first->bytes(few), Error);
  EXPECT_EQ(read_all(second->bytes), "2");
  EXPECT_EQ(read_all(second->bytes), "") << "its end stays its end";
  EXPECT_FALSE(multipart.next_part());
  EXPECT_FALSE(multipart.next_part());
}

TEST(Multipart, ReadsItsSourceToTheEnd) {
  bool is_at_end = false;
  Multipart multipart(
      type, [&, inner = source_of(field("a", "1") + "--XX--" + std::string(500'000, 'e'))](std::span<std::byte> into) {
        const std::size_t bytes = inner(into);
        is_at_end = bytes == 0;
        return bytes;
      });
  while (multipart.next_part()) {
  }
  EXPECT_TRUE(is_at_end);
}

TEST(Multipart, UnderstandsNamesOfEveryKind) {
  const auto name_of = [](const std::string& parameters) {
    return parse(part("Content-Disposition: form-data; name=f; " + parameters, "") + "--XX--").at(0).filename;
  };
  EXPECT_EQ(name_of("filename=plain.txt"), "plain.txt");
  EXPECT_EQ(name_of("filename=\"\u00fcn\u00efcode.txt\""), "\u00fcn\u00efcode.txt");
  EXPECT_EQ(name_of("filename=\"a\\\"b.txt\""), "a\"b.txt");
  EXPECT_EQ(name_of("filename=\"C:\\x\\y.txt\""), "C:\\x\\y.txt");
  EXPECT_EQ(name_of("filename=\"fallback\"; filename*=UTF-8''%C3%BC.txt"), "\u00fc.txt");
  EXPECT_EQ(name_of("filename=\"../../etc/passwd\""), "../../etc/passwd") << "what is safe is for others to say";
  EXPECT_EQ(name_of("filename=\"\""), "");
}

TEST(Multipart, NeedsABoundary) {
  for (const char* bad : {"", "text/plain", "multipart/form-data", "multipart/mixed; boundary=XX",
                          "multipart/form-data; boundary=", "multipart/form-data; boundary=\"\"",
                          "multipart/form-data; boundary=\"a\\\"b\"", "multipart/form-data; boundary=\"a \"",
                          "multipart/form-data; boundary=a; boundary=b", "multipart/form-data; boundary=\"a{b\""})
    EXPECT_NE(complaint(field("a", "1") + "--XX--", bad), "") << bad;
  EXPECT_NE(complaint("", "multipart/form-data; boundary=" + std::string(71, 'a')), "");
  const std::string longest(70, 'a');
  EXPECT_EQ(complaint("--" + longest + "--", "multipart/form-data; boundary=" + longest), "");
  EXPECT_EQ(complaint("--a b--", "Multipart/Form-Data; charset=utf-8; boundary=\"a b\""), "");
}

TEST(Multipart, RefusesABodyThatEndsEarly) {
  const std::string body = field("a", "1") + field("b", "22") + "--XX--";
  EXPECT_EQ(complaint(body), "");
  for (std::size_t length = 0; length < body.size(); ++length)
    EXPECT_NE(complaint(body.substr(0, length)), "") << length;
}

TEST(Multipart, RefusesWhatIsNotWellFormed) {
  for (const std::string& bad :
       {part("", "x"), part("Content-Type: text/plain", "x"), part("Content-Disposition: form-data", "x"),
        part("Content-Disposition: attachment; name=a", "x"), part("Content-Disposition: form-data; name=\"a", "x"),
        part("Content-Disposition: form-data; name=a; name=b", "x"),
        part("Content-Disposition: form-data; name=a\r\nContent-Disposition: form-data; name=b", "x"),
        part("Content-Disposition: form-data; name=a\r\n folded", "x"),
        part("Content-Disposition : form-data; name=a", "x"), part("no colon", "x"),
        part("Content-Disposition: form-data; name=a\nX: y", "x"),
        part("Content-Disposition: form-data; name=a\r\nContent-Transfer-Encoding: base64", "eA=="),
        part("Content-Disposition: form-data; name=\"a\tb\"", "x"),
        part("Content-Disposition: form-data; name=a; filename*=UTF-8''%0A", "x"),
        part("Content-Disposition: form-data; name=a; filename*=x", "x"), std::string("--XXY\r\n\r\n"),
        std::string("--XX\n\n")})
    EXPECT_NE(complaint(bad + "--XX--\r\n"), "") << bad;
}

TEST(Multipart, BoundsPartsAndTheirHeads) {
  std::string parts;
  for (std::size_t i = 0; i < Multipart::max_parts; ++i) parts += field("a", "1");
  EXPECT_EQ(complaint(parts + "--XX--"), "");
  EXPECT_NE(complaint(parts + field("a", "1") + "--XX--").find("100 parts"), std::string::npos);
  const auto with_head = [](std::size_t bytes) {
    return part("Content-Disposition: form-data; name=a\r\nX: " + std::string(bytes, 'x'), "") + "--XX--";
  };
  EXPECT_EQ(complaint(with_head(16'000)), "");
  EXPECT_NE(complaint(with_head(17'000)).find("16384 bytes"), std::string::npos);
  EXPECT_NE(complaint("--XX\r\n" + std::string(1'000'000, 'x')), "");
  EXPECT_NE(complaint("--XX" + std::string(1'000'000, ' ')), "");
}

TEST(Multipart, LetsErrorsOfItsSourcePass) {
  Multipart multipart(type, [](std::span<std::byte>) -> std::size_t { throw Error(ErrorCode::too_large, "too much"); });
  try {
    multipart.next_part();
    FAIL() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::too_large);
  }
}

}  // namespace
}  // namespace pysandbox::http
