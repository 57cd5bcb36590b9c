// What a head must be, without sockets. smuggling_test.cpp sends the same kind of bytes to a listener.
#include "http/framing.hpp"

#include <gtest/gtest.h>

#include "http/body_decoder.hpp"
#include "http/head_parser.hpp"
#include "http/head_scan.hpp"

namespace pysandbox::http {
namespace {

using namespace std::string_literals;

// A length, zero for "more must come", or the negative status of a refusal.
int scan(const std::string& bytes, std::size_t max_bytes = 1000, std::size_t max_headers = 5) {
  HeadScan scan(max_bytes, max_headers);
  const auto found = scan.look(bytes);
  if (const auto* refusal = std::get_if<Refusal>(&found)) return -refusal->status;
  return static_cast<int>(std::get<0>(found).value_or(0));
}

TEST(HeadScan, FindsTheEndHoweverTheBytesAreCut) {
  const std::string head = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
  const std::string bytes = head + "GET /next";
  for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
    HeadScan scan(1000, 5);
    const auto first = scan.look(std::string_view(bytes).substr(0, cut));
    EXPECT_EQ(std::get<0>(first).value_or(0), cut < head.size() ? 0 : head.size());
    if (cut >= head.size()) continue;
    EXPECT_EQ(std::get<0>(scan.look(bytes)), head.size()) << cut;
  }
}

TEST(HeadScan, RefusesWhatNoHeadHolds) {
  for (const std::string& bad :
       {"\r\nGET / HTTP/1.1\r\n"s, " GET / HTTP/1.1\r\n"s, "\tGET"s, "GET / HTTP/1.1\nHost: a\n"s,
        "GET / HTTP/1.1\r\n\n"s, "GET / HTTP/1.1\r\nA: b\rc"s, "GET / HTTP/1.1\r\r\n"s,
        "GET / HTTP/1.1\r\nA: b\r\n c: d"s, "GET / HTTP/1.1\r\n\tA: b"s, "GET / HTTP/1.1\r\nA: \0"s,
        "GET / HTTP/1.1\r\nA: \x7f"s, "\x16\x03\x01"s, "\0"s})
    EXPECT_EQ(scan(bad), -400) << testing::PrintToString(bad);
}

TEST(HeadScan, RefusesAtTheFirstByteTooMany) {
  const std::string head = "GET / HTTP/1.1\r\nA: bcd\r\n\r\n";
  EXPECT_EQ(scan(head, head.size()), static_cast<int>(head.size()));
  EXPECT_EQ(scan(head, head.size() - 1), -431);
  EXPECT_EQ(scan(std::string(101, 'G'), 100), -431);
  EXPECT_EQ(scan(std::string(100, 'G'), 100), 0);
}

TEST(HeadScan, CountsTheFields) {
  const std::string line = "GET / HTTP/1.1\r\n";
  const auto fields = [](int count) {
    std::string text;
    for (int i = 0; i < count; ++i) text += "a:b\r\n";
    return text;
  };
  EXPECT_GT(scan(line + fields(5) + "\r\n"), 0);
  EXPECT_EQ(scan(line + fields(6) + "\r\n"), -431);
}

// The status of a refusal; zero if the head is taken, with the framing.
int check(const std::string& fields, Framing* framing = nullptr, const std::string& line = "POST / HTTP/1.1") {
  const auto parsed = parse_head(line + "\r\n" + fields + "\r\n");
  if (const auto* refusal = std::get_if<Refusal>(&parsed)) return refusal->status;
  const auto checked = check_head(std::get<Head>(parsed));
  if (const auto* refusal = std::get_if<Refusal>(&checked)) return refusal->status;
  if (framing) *framing = std::get<Framing>(checked);
  return 0;
}

TEST(Framing, KnowsWhereTheBodyEnds) {
  Framing framing;
  EXPECT_EQ(check("Host: a\r\n", &framing), 0);
  EXPECT_FALSE(framing.has_body());
  EXPECT_EQ(check("Host: a\r\nContent-Length: 0\r\n", &framing), 0);
  EXPECT_FALSE(framing.has_body());
  EXPECT_EQ(check("Host: a\r\nContent-Length: 12\r\n", &framing), 0);
  EXPECT_EQ(framing.size, 12u);
  EXPECT_TRUE(framing.has_body());
  EXPECT_EQ(check("Host: a\r\nTransfer-Encoding: Chunked\r\n", &framing), 0);
  EXPECT_EQ(framing.body, Framing::Body::chunked);
  EXPECT_TRUE(framing.has_body());
}

TEST(Framing, RefusesWhatCanBeSeenInTwoWays) {
  for (const std::string& fields : {"Content-Length: 4\r\nContent-Length: 4\r\n"s,
                                    "Content-Length: 4, 4\r\n"s,
                                    "Content-Length: +4\r\n"s,
                                    "Content-Length: -1\r\n"s,
                                    "Content-Length: 0x4\r\n"s,
                                    "Content-Length: 4 4\r\n"s,
                                    "Content-Length:\r\n"s,
                                    "Content-Length: 18446744073709551616\r\n"s,
                                    "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n"s,
                                    "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n"s,
                                    "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"s,
                                    "Transfer-Encoding: xchunked\r\n"s,
                                    "Transfer-Encoding: chunked, identity\r\n"s,
                                    "Transfer-Encoding: identity\r\n"s,
                                    "Transfer-Encoding: gzip, chunked\r\n"s,
                                    "Transfer-Encoding: chunked;q=1\r\n"s,
                                    "Transfer-Encoding:\r\n"s,
                                    "Transfer-Encoding: \x0b"
                                    "chunked\r\n"s,
                                    "Content-Length : 4\r\n"s,
                                    "Content Length: 4\r\n"s,
                                    ": 4\r\n"s})
    EXPECT_EQ(check("Host: a\r\n" + fields), 400) << fields;
  EXPECT_EQ(check("Host: a\r\nTransfer-Encoding: chunked\r\n", nullptr, "POST / HTTP/1.0"), 400);
}

TEST(Framing, NeedsExactlyOneHost) {
  EXPECT_EQ(check(""), 400);
  EXPECT_EQ(check("", nullptr, "GET / HTTP/1.0"), 400);
  EXPECT_EQ(check("Host: a\r\nHost: a\r\n"), 400);
  for (const char* good : {"a", "a:1", "localhost:3004", "127.0.0.1:65535", "[::1]", "[::1]:80", "a-b.c_d.example"})
    EXPECT_EQ(check("Host: "s + good + "\r\n"), 0) << good;
  for (const char* bad : {"", "a b", "a/b", "a@b", "a,b", ":80", "a:", "a:x", "a:123456", "[::1", "[]", "[g::1]",
                          "[::1]x", "[::1]:", "a:1:2", "http://a", "a?b", "a#b", "\xc3\xa9"})
    EXPECT_EQ(check("Host: "s + bad + "\r\n"), 400) << bad;
}

TEST(Framing, RefusesOtherMethodsTargetsAndVersions) {
  const auto of_line = [](const std::string& line) { return check("Host: a\r\n", nullptr, line); };
  EXPECT_EQ(of_line("TRACE / HTTP/1.1"), 501);
  EXPECT_EQ(of_line("CONNECT a:80 HTTP/1.1"), 501);
  EXPECT_EQ(of_line("get / HTTP/1.1"), 501);
  EXPECT_EQ(of_line("BREW / HTTP/1.1"), 501);
  EXPECT_EQ(of_line("PRI * HTTP/2.0"), 400);
  EXPECT_EQ(of_line("OPTIONS * HTTP/1.1"), 400);
  EXPECT_EQ(of_line("GET http://a/ HTTP/1.1"), 400);
  EXPECT_EQ(of_line("GET a HTTP/1.1"), 400);
  for (const char* line :
       {"GET / HTTP/2.0", "GET / HTTP/1.2", "GET / HTTP/0.9", "GET / http/1.1", "GET /", "GET  / HTTP/1.1",
        "GET / HTTP/1.1 ", "GET / x HTTP/1.1", "GET\t/ HTTP/1.1", "G@T / HTTP/1.1"})
    EXPECT_EQ(of_line(line), 400) << line;
}

TEST(Framing, KnowsWhetherTheConnectionGoesOn) {
  const auto goes_on = [](const std::string& fields, const std::string& line) {
    Framing framing;
    EXPECT_EQ(check("Host: a\r\n" + fields, &framing, line), 0);
    return framing.keep_alive;
  };
  EXPECT_TRUE(goes_on("", "GET / HTTP/1.1"));
  EXPECT_FALSE(goes_on("Connection: close\r\n", "GET / HTTP/1.1"));
  EXPECT_FALSE(goes_on("Connection: keep-alive, CLOSE\r\n", "GET / HTTP/1.1"));
  EXPECT_FALSE(goes_on("Connection: keep-alive\r\nConnection: close\r\n", "GET / HTTP/1.1"));
  EXPECT_FALSE(goes_on("", "GET / HTTP/1.0"));
  EXPECT_TRUE(goes_on("Connection: Keep-Alive\r\n", "GET / HTTP/1.0"));
  EXPECT_FALSE(goes_on("Connection: keep-alive, close\r\n", "GET / HTTP/1.0"));
}

TEST(Framing, KnowsOneExpectation) {
  Framing framing;
  EXPECT_EQ(check("Host: a\r\nExpect: 100-Continue\r\nContent-Length: 1\r\n", &framing), 0);
  EXPECT_TRUE(framing.expects_continue);
  EXPECT_EQ(check("Host: a\r\nExpect: 100-continue\r\n", &framing), 0);
  EXPECT_FALSE(framing.expects_continue) << "there is no body to wait for";
  EXPECT_EQ(check("Host: a\r\nExpect: 100-continue\r\nContent-Length: 1\r\n", &framing, "POST / HTTP/1.0"), 0);
  EXPECT_FALSE(framing.expects_continue);
  EXPECT_EQ(check("Host: a\r\nExpect: cookies\r\n"), 417);
  EXPECT_EQ(check("Host: a\r\nExpect: 100-continue\r\nExpect: 100-continue\r\n"), 417);
}

// What a body decodes to when it arrives in pieces of a size; nothing if it is refused. `used` counts all its bytes.
std::optional<std::string> decode(const std::string& fields, const std::string& body, std::size_t piece,
                                  std::size_t* used = nullptr) {
  Framing framing;
  EXPECT_EQ(check("Host: a\r\n" + fields, &framing), 0);
  BodyDecoder decoder(framing);
  std::string payload;
  std::size_t begin = 0;
  while (!decoder.is_done() && begin < body.size()) {
    const auto step = decoder.step(std::string_view(body).substr(begin, piece));
    if (step.refusal) return std::nullopt;
    EXPECT_GT(step.used, 0u);
    payload += step.payload;
    begin += step.used;
  }
  if (used) *used = begin;
  if (!decoder.is_done()) return std::nullopt;
  return payload;
}

TEST(BodyDecoder, DecodesABodyHoweverItIsCut) {
  const std::string chunks = "5\r\nhello\r\n6;name=\"a;b\"\r\n world\r\n0\r\nTrailer: x\r\n\r\n";
  for (std::size_t piece = 1; piece <= chunks.size(); ++piece) {
    std::size_t used = 0;
    EXPECT_EQ(decode("Transfer-Encoding: chunked\r\n", chunks + "GET /next", piece, &used), "hello world") << piece;
    EXPECT_EQ(used, chunks.size());
    EXPECT_EQ(decode("Content-Length: 11\r\n", "hello worldGET /next", piece, &used), "hello world") << piece;
    EXPECT_EQ(used, 11u);
  }
}

TEST(BodyDecoder, RefusesBrokenChunks) {
  for (const std::string& bad : {"10000000000000000\r\nx\r\n0\r\n\r\n"s,
                                 "00000000000000001\r\nx\r\n0\r\n\r\n"s,
                                 "1;a\nb\r\nx\r\n0\r\n\r\n"s,
                                 "1\nx\r\n0\r\n\r\n"s,
                                 "g\r\n"s,
                                 "-1\r\n"s,
                                 " 1\r\nx\r\n"s,
                                 "0x1\r\nx\r\n0\r\n\r\n"s,
                                 "1\r\nxy\r\n0\r\n\r\n"s,
                                 "1\r\nx0\r\n\r\n"s,
                                 "\r\n"s,
                                 "1;a=\"b\r\nx\r\n0\r\n\r\n"s,
                                 "1;a=\"\\\r\nx\r\n0\r\n\r\n"s,
                                 "1\r\nx\n0\r\n\r\n"s,
                                 "0\r\n b\r\n\r\n"s,
                                 "0\r\nA: b\n\r\n"s,
                                 "0\r\n\n"s,
                                 "0\r\n\r\r\n"s,
                                 "0\r\nA: \0\r\n\r\n"s,
                                 "1 \r\nx\r\n"s,
                                 "1\rx"s})
    EXPECT_EQ(decode("Transfer-Encoding: chunked\r\n", bad, 1000), std::nullopt) << testing::PrintToString(bad);
}

TEST(BodyDecoder, BoundsWhatIsNoPayload) {
  const auto with_extension = [](std::size_t bytes) { return "1;a=" + std::string(bytes, 'b') + "\r\nx\r\n0\r\n\r\n"; };
  EXPECT_EQ(decode("Transfer-Encoding: chunked\r\n", with_extension(1000), 1 << 20), "x");
  EXPECT_EQ(decode("Transfer-Encoding: chunked\r\n", with_extension(1022), 1 << 20), std::nullopt);
  std::string many;
  for (int i = 0; i < 100; ++i) many += "1;abcdefghijklmno\r\nx\r\n";
  EXPECT_EQ(decode("Transfer-Encoding: chunked\r\n", many + "0\r\n\r\n", 1 << 20), std::nullopt);
  for (const std::size_t piece : {1000, 1 << 20}) {
    EXPECT_EQ(decode("Transfer-Encoding: chunked\r\n", "0\r\nA: " + std::string(100'000, 'b'), piece), std::nullopt);
    EXPECT_EQ(decode("Transfer-Encoding: chunked\r\n", "1" + std::string(100'000, '0'), piece), std::nullopt);
  }
}

}  // namespace
}  // namespace pysandbox::http
