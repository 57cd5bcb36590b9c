// Files in and out.
#include <archive.h>
#include <archive_entry.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <gmock/gmock.h>

#include <clocale>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "api/zip_stream.hpp"
#include "api_fixture.hpp"
#include "support/bytes.hpp"

namespace pysandbox::testing {
namespace {

using namespace std::string_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

std::map<std::string, std::string> unzipped(const std::string& bytes) {
  std::map<std::string, std::string> files;
  // Nothing but its end (APPNOTE 4.3.16), which libarchive does not read.
  if (bytes == "PK\5\6" + std::string(18, '\0')) return files;
  std::setlocale(LC_CTYPE, "C.UTF-8");  // libarchive reads names in the locale; the archive was made in another one
  auto* const archive = ::archive_read_new();
  ::archive_read_support_format_zip_seekable(archive);  // by its directory, as most programs do
  EXPECT_EQ(::archive_read_open_memory(archive, bytes.data(), bytes.size()), ARCHIVE_OK);
  ::archive_entry* entry = nullptr;
  int result;
  while ((result = ::archive_read_next_header(archive, &entry)) == ARCHIVE_OK) {
    EXPECT_EQ(::archive_entry_filetype(entry), static_cast<unsigned>(AE_IFREG));
    std::string& content = files[::archive_entry_pathname(entry)];
    char buffer[10'000];
    for (la_ssize_t count; (count = ::archive_read_data(archive, buffer, sizeof buffer)) != 0;) {
      if (count < 0) {
        ADD_FAILURE() << ::archive_error_string(archive);
        break;
      }
      content.append(buffer, static_cast<std::size_t>(count));
    }
  }
  EXPECT_EQ(result, ARCHIVE_EOF) << ::archive_error_string(archive);
  ::archive_read_free(archive);
  std::setlocale(LC_CTYPE, "C");
  return files;
}

std::string part(const std::string& disposition, const std::string& content) {
  return "--x\r\nContent-Disposition: form-data; " + disposition + "\r\n\r\n" + content + "\r\n";
}

class Files : public ApiTest {
 protected:
  Files() { start_idle(); }

  Answer post_parts(const std::string& body) {
    return ask({.method = "POST",
                .target = "/api/files",
                .body = body,
                .headers = {{"content-type", "multipart/form-data; boundary=x"}}});
  }

  std::size_t stored() {
    std::size_t count = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(directory.path()))
      count += entry.is_regular_file() ? 1 : 0;
    return count;
  }
};

TEST_F(Files, AreUploadedAsTheSeedDoesIt) {
  const Answer answer = post_parts(part(R"(name="file"; filename="data.csv")", "1,2\n") + "--x--\r\n");
  ASSERT_EQ(answer.status, 201) << answer.body;
  const std::string id = answer.text("/file_id");
  EXPECT_EQ(answer.text("/filename"), "data.csv");
  EXPECT_EQ(answer.at("/size").to_number<int>(), 4);
  EXPECT_EQ(answer.text("/url"), "/api/files/" + id);
  EXPECT_EQ(answer.text("/content_type"), "text/csv; charset=utf-8");
  EXPECT_EQ(answer.text("/sha256").size(), 64U);
  EXPECT_EQ(answer.text("/expires_at").back(), 'Z');
  EXPECT_EQ(get(answer.text("/url")).body, "1,2\n");
  EXPECT_EQ(files->find(inside(id)).value().owner, "alice");
}

TEST_F(Files, AreUploadedSeveralAtOnce) {
  const Answer answer = post_parts(part(R"(name="file"; filename="a.txt")", "a") + part(R"(name="note")", "ignored") +
                                   part(R"(name="file"; filename="b.txt")", "bb") + "--x--");
  ASSERT_EQ(answer.status, 201) << answer.body;
  EXPECT_EQ(answer.text("/filename"), "a.txt");
  EXPECT_EQ(answer.at("/files").as_array().size(), 2U);
  EXPECT_EQ(answer.text("/files/0/file_id"), answer.text("/file_id"));
  EXPECT_EQ(get(answer.text("/files/1/url")).body, "bb");
  EXPECT_EQ(stored(), 2U);
}

TEST_F(Files, KeepTheirNamesButNotTheirPaths) {
  const std::vector<std::pair<std::string, std::string>> cases{
      {R"(filename="a b.txt")", "a b.txt"},
      {"filename=\"\xc3\xa9\xe2\x82\xac.csv\"", "\xc3\xa9\xe2\x82\xac.csv"},
      {"filename*=UTF-8''%e2%82%ac.csv", "\xe2\x82\xac.csv"},
      {R"(filename="../../etc/passwd")", "passwd"},
      {R"(filename="C:/Users/me/x.txt")", "x.txt"},
      {"filename=\"';DROP TABLE jobs;--.csv\"", "';DROP TABLE jobs;--.csv"},
  };
  for (const auto& [disposition, name] : cases) {
    const Answer answer = post_parts(part("name=\"file\"; " + disposition, "x") + "--x--\r\n");
    EXPECT_EQ(answer.status, 201) << disposition << answer.body;
    EXPECT_EQ(answer.text("/filename"), name);
  }
  EXPECT_EQ(post_parts(part(R"(name="file")", "x") + "--x--\r\n").text("/filename"), "file");
}

TEST_F(Files, AreAllUploadedOrNone) {
  const std::string good = part(R"(name="file"; filename="a.txt")", "a");
  const std::vector<std::string> bodies{
      good,
      good + "--x",
      good + "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"b\"\r\n\r\nbb",
      good + part(R"(name="file"; filename="")", "b") + "--x--\r\n",
      good + part(R"(name="file"; filename="..")", "b") + "--x--\r\n",
      good + part(R"(name=""; filename="b")", "b") + "--x--\r\n",
      good + part("filename=\"b\"", "b") + "--x--\r\n",
      good + "--x\r\nbroken\r\n\r\nb\r\n--x--\r\n",
      good + part("name=\"file\"; filename=\"" + std::string(20'000, 'n') + '"', "b") + "--x--\r\n",
      part(R"(name="other"; filename="a")", "a") + "--x--\r\n",
      "--x--\r\n",
      "",
      "no boundary at all",
  };
  for (const std::string& body : bodies) {
    const Answer answer = post_parts(body);
    EXPECT_EQ(answer.status, 400) << body.substr(0, 200);
    EXPECT_EQ(answer.code(), "invalid_request");
    EXPECT_EQ(stored(), 0U) << body.substr(0, 200);
  }
  std::string many;
  for (int count = 0; count < 10'000; ++count) many += good;
  EXPECT_EQ(post_parts(many + "--x--\r\n").status, 400);
  EXPECT_EQ(stored(), 0U);
  EXPECT_EQ(ask({.method = "POST",
                 .target = "/api/files",
                 .body = good,
                 .headers = {{"content-type", "multipart/form-data"}}})
                .status,
            400);
  EXPECT_THAT(operations.failures, IsEmpty());
}

TEST_F(Files, AreUploadedAsTheyAre) {
  const std::string bytes = noise(300'000);
  const std::string id = upload("a%20b.bin", bytes);
  const Answer answer = get("/api/files/" + id);
  EXPECT_EQ(answer.body, bytes);
  EXPECT_THAT(answer.header("Content-Disposition"), HasSubstr("a b.bin"));
  for (const std::string query : {"", "?filename=", "?filename=..", "?filename=a/", "?name=a", "?filename=%2e"}) {
    const Answer wrong = ask({.method = "PUT", .target = "/api/files" + query, .body = "x"});
    if (wrong.code() == "bad_target") continue;
    EXPECT_EQ(wrong.status, 400) << query;
    EXPECT_EQ(wrong.text("/details/0/field"), "filename");
  }
}

TEST_F(Files, ThatCannotBeStoredAreRefusedInWords) {
  api::ApiLimits limits;
  sandbox.reset();
  sandbox = std::make_unique<Sandbox>(SandboxParts{
      .runner =
          std::make_unique<FakeRunner>([](const Program&, const OutputSink&, std::stop_token) { return ok_result(); }),
      .files = open_local_file_store(directory / "small", {.quota_bytes = 10}),
      .jobs = make_memory_job_store()});
  application = api::make_application({*sandbox, access, operations, limits});
  const Answer answer = ask({.method = "PUT", .target = "/api/files?filename=a", .body = "12345678901"});
  EXPECT_EQ(answer.status, 413);
  EXPECT_EQ(answer.code(), "too_large");
}

TEST_F(Files, AreDownloadedSafely) {
  const std::string id = upload("page.html", "<script>alert(1)</script>");
  for (const std::string method : {"GET", "HEAD"}) {
    const Answer answer = ask({.method = method, .target = "/api/files/" + id});
    EXPECT_EQ(answer.status, 200);
    EXPECT_THAT(answer.header("Content-Disposition"), HasSubstr("attachment"));
    EXPECT_EQ(answer.header("X-Content-Type-Options"), "nosniff");
    EXPECT_EQ(answer.header("Content-Security-Policy"), "sandbox; default-src 'none'");
    EXPECT_EQ(answer.header("Cache-Control"), "private");
    EXPECT_EQ(answer.header("Accept-Ranges"), "bytes");
    EXPECT_EQ(answer.header("Content-Type"), "text/html; charset=utf-8");
    EXPECT_EQ(answer.header("ETag"), '"' + files->find(inside(id)).value().sha256 + '"');
  }
}

TEST_F(Files, AreDownloadedUnderNamesThatStayInTheirHeader) {
  for (const std::string& name : {"a\r\nSet-Cookie: x=y.txt"s, "\"; filename=evil.exe"s, "\xff\xfe"s,
                                  "\xe2\x82\xac.txt"s, std::string(200, 'n')}) {
    const std::string id = submit();
    finish(id, {.outcome = Outcome::ok}, {{name, "x"}});
    const Answer list = get("/api/jobs/" + id + "/files");
    const Answer answer = get(list.text("/files/0/url"));
    ASSERT_EQ(answer.status, 200);
    const std::string disposition = answer.header("Content-Disposition");
    EXPECT_EQ(disposition.find_first_of("\r\n"), std::string::npos);
    EXPECT_TRUE(disposition.starts_with("attachment"));
  }
}

TEST_F(Files, AreDownloadedInPart) {
  const std::string id = upload("a.bin", "0123456789");
  const auto with = [&](http::Headers headers, const std::string& method = "GET") {
    return ask({.method = method, .target = "/api/files/" + id, .headers = std::move(headers)});
  };
  const std::string tag = with({}).header("ETag");

  const Answer middle = with({{"range", "bytes=2-4"}});
  EXPECT_EQ(middle.status, 206);
  EXPECT_EQ(middle.body, "234");
  EXPECT_EQ(middle.header("Content-Range"), "bytes 2-4/10");
  EXPECT_EQ(with({{"range", "bytes=7-"}}).body, "789");
  EXPECT_EQ(with({{"range", "bytes=-3"}}).body, "789");
  EXPECT_EQ(with({{"range", "bytes=0-1000"}}).body, "0123456789");
  EXPECT_EQ(with({{"range", "bytes=9-9"}}).body, "9");

  const Answer beyond = with({{"range", "bytes=10-"}});
  EXPECT_EQ(beyond.status, 416);
  EXPECT_EQ(beyond.header("Content-Range"), "bytes */10");
  EXPECT_EQ(beyond.code(), "range_not_satisfiable");

  for (const auto* ignored : {"bytes=0-1,3-4", "lines=1-2", "bytes=4-2", "bytes=x", "bytes", ""}) {
    const Answer whole = with({{"range", ignored}});
    EXPECT_EQ(whole.status, 200) << ignored;
    EXPECT_EQ(whole.body, "0123456789");
  }
  EXPECT_EQ(with({{"range", "bytes=2-4"}}, "HEAD").status, 200);
  EXPECT_EQ(with({{"range", "bytes=2-4"}, {"if-range", tag}}).status, 206);
  EXPECT_EQ(with({{"range", "bytes=2-4"}, {"if-range", "\"other\""}}).status, 200);
  EXPECT_EQ(with({{"range", "bytes=2-4"}, {"if-range", "W/" + tag}}).status, 200);
  EXPECT_EQ(with({{"range", "bytes=2-4"}, {"if-range", "Sun, 04 May 2025 11:52:24 GMT"}}).status, 200);
  for (const std::string& known : {tag, "*"s, "\"x\", " + tag, "W/" + tag}) {
    const Answer same = with({{"if-none-match", known}, {"range", "bytes=2-4"}});
    EXPECT_EQ(same.status, 304) << known;
    EXPECT_EQ(same.body, "");
    EXPECT_EQ(same.header("ETag"), tag);
  }
  EXPECT_EQ(with({{"if-none-match", "\"x\""}}).status, 200);
}

TEST_F(Files, MayBeEmpty) {
  const std::string id = upload("empty", "");
  EXPECT_EQ(get("/api/files/" + id).status, 200);
  EXPECT_EQ(ask({.target = "/api/files/" + id, .headers = {{"range", "bytes=0-"}}}).status, 416);
}

TEST_F(Files, AreRemoved) {
  const std::string id = upload("a", "x");
  EXPECT_EQ(ask({.method = "DELETE", .target = "/api/files/" + id}).status, 200);
  for (const auto* method : {"GET", "HEAD", "DELETE"}) {
    const Answer answer = ask({.method = method, .target = "/api/files/" + id});
    EXPECT_EQ(answer.status, 404);
    EXPECT_EQ(answer.code(), "not_found");
  }
}

TEST_F(Files, OfJobsAreListedAsLongAsTheyAreThere) {
  const std::string id = submit();
  const std::string list = "/api/jobs/" + id + "/files";
  EXPECT_EQ(get(list).body, R"({"files":[]})");
  finish(id, {.outcome = Outcome::ok}, {{"a.txt", "a"}, {"d/b.txt", "bb"}});
  const Answer both = get(list);
  EXPECT_EQ(both.at("/files").as_array().size(), 2U);
  EXPECT_EQ(both.text("/files/1/path"), "d/b.txt");
  const std::string first = both.text("/files/0/url");
  EXPECT_EQ(get(first).body, "a");
  EXPECT_EQ(ask({.method = "HEAD", .target = first}).status, 200);
  EXPECT_EQ(ask({.method = "DELETE", .target = first}).status, 200);
  EXPECT_EQ(get(first).status, 404);
  EXPECT_EQ(ask({.method = "DELETE", .target = first}).status, 404);
  EXPECT_EQ(get(list).at("/files").as_array().size(), 1U);
  EXPECT_EQ(get("/api/jobs/" + id + "/results").at("/files").as_array().size(), 1U);
}

TEST_F(Files, OfJobsAreThereForTheirOwnJobOnly) {
  const std::string one = submit();
  finish(one, {.outcome = Outcome::ok}, {{"a.txt", "a"}});
  const std::string other = submit();
  finish(other, {.outcome = Outcome::ok}, {{"b.txt", "b"}});
  const std::string file = get("/api/jobs/" + one + "/files").text("/files/0/id");
  EXPECT_EQ(get("/api/jobs/" + one + "/files/" + file).status, 200);
  EXPECT_EQ(get("/api/jobs/" + other + "/files/" + file).status, 404);
  EXPECT_EQ(get("/api/jobs/" + one + "/files/" + upload("u", "u")).status, 404);
}

TEST_F(Files, OfJobsComeAsOneArchive) {
  const std::string large = noise(1'000'000);
  const std::string id = submit();
  finish(id, {.outcome = Outcome::ok},
         {{"a.txt", "a"}, {"d/large.bin", large}, {"empty", ""}, {"\xe2\x82\xac.csv", "x"}, {"e\\..\\f", "y"}});
  const Answer answer = get("/api/jobs/" + id + "/files.zip");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.header("Content-Type"), "application/zip");
  EXPECT_THAT(answer.header("Content-Disposition"), HasSubstr(".zip"));
  const auto content = unzipped(answer.body);
  ASSERT_EQ(content.size(), 5U);
  EXPECT_EQ(content.at("a.txt"), "a");
  EXPECT_EQ(content.at("d/large.bin"), large);
  EXPECT_EQ(content.at("empty"), "");
  EXPECT_EQ(content.at("e_.._f"), "y");
  EXPECT_EQ(content.at("\xe2\x82\xac.csv"), "x");
}

TEST_F(Files, OfJobsThatLeftNothingAreAnEmptyArchive) {
  const std::string id = submit();
  for (int look = 0; look < 2; ++look) {
    const Answer answer = get("/api/jobs/" + id + "/files.zip");
    EXPECT_EQ(answer.status, 200);
    EXPECT_TRUE(answer.body.starts_with("PK"));
    EXPECT_THAT(unzipped(answer.body), IsEmpty());
    if (look == 0) finish(id, {.outcome = Outcome::ok});
  }
}

TEST_F(Files, ThatGoWhileTheArchiveIsMadeAreLeftOut) {
  const auto text = [](const std::string& content) { return [content] { return std::optional(source_of(content)); }; };
  std::vector<api::ZipEntry> entries{{.name = "a", .size = 1, .open = text("a")},
                                     {.name = "gone", .size = 5, .open = [] { return std::optional<ByteSource>(); }},
                                     {.name = "b", .size = 2, .open = text("bb")}};
  EXPECT_THAT(unzipped(text_of(api::zip_stream(std::move(entries)))), ElementsAre(Pair("a", "a"), Pair("b", "bb")));
}

TEST_F(Files, ThatCannotBeReadEndTheArchiveWithoutItsDirectory) {
  std::vector<api::ZipEntry> entries{{.name = "a", .size = 1, .open = [] {
                                        return std::optional<ByteSource>([](std::span<std::byte>) -> std::size_t {
                                          throw Error(ErrorCode::unavailable, "no disk");
                                        });
                                      }}};
  const ByteSource zip = api::zip_stream(std::move(entries));
  EXPECT_THROW(text_of(zip), Error);
}

}  // namespace
}  // namespace pysandbox::testing
