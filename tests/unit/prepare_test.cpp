#include "environment/prepare.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/fsuid.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <pysandbox/error.hpp>

#include "../support/bytes.hpp"
#include "../support/small_disk.hpp"
#include "../support/temporary_directory.hpp"
#include "support/unique_fd.hpp"

namespace pysandbox::testing {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class Prepare : public ::testing::Test {
 protected:
  std::string file(const std::string& name, const std::string& text) {
    std::ofstream(directory_ / name, std::ios::binary) << text;
    return directory_ / name;
  }

  static JobRequest request(std::vector<InputFile> inputs) { return {.code = "print(1)", .inputs = std::move(inputs)}; }

  static JobRequest request(const std::string& source) { return request({{.path = "in.txt", .source = source}}); }

  // The error for one input from `source` must be one line that names it.
  static ErrorCode refusal_of(const std::string& source) {
    const std::string message = message_of([&] { prepare(request(source), {}); });
    EXPECT_NE(message.find("'in.txt'"), std::string::npos) << message;
    EXPECT_EQ(message.find('\n'), std::string::npos) << message;
    EXPECT_NE(message.find("; "), std::string::npos) << message << " says nothing about what to do";
    return error_of([&] { prepare(request(source), {}); }).value_or(ErrorCode::internal);
  }

  TemporaryDirectory directory_;
};

TEST_F(Prepare, HandsOverWhatWasAsked) {
  const std::string source = file("a.csv", "1,2\n");
  JobRequest asked = request({{.path = "data/a.csv", .source = source}, {.path = "b.txt", .content = "b"}});
  asked.entry_point = "run.py";
  asked.args = {"-v", "x"};
  asked.env = {{"KEY", "value"}};
  asked.stdin = "typed";
  asked.outputs = {"*.csv"};
  const Program program = prepare(asked, {}).program;
  EXPECT_EQ(program.code, "print(1)");
  EXPECT_EQ(program.entry_point, "run.py");
  EXPECT_EQ(program.args, asked.args);
  EXPECT_EQ(program.env, asked.env);
  EXPECT_EQ(program.stdin, "typed");
  EXPECT_EQ(program.outputs, asked.outputs);
  ASSERT_EQ(program.inputs.size(), 2U);
  EXPECT_EQ(program.inputs[0].path, "data/a.csv");
  EXPECT_EQ(program.inputs[0].source, source);
  EXPECT_EQ(program.inputs[1].path, "b.txt");
  EXPECT_EQ(program.inputs[1].content, "b");
  EXPECT_FALSE(program.inputs[0].bytes || program.inputs[1].bytes);
}

TEST_F(Prepare, ChecksTheRequestFirst) {
  EXPECT_EQ(error_of([] { prepare(request({{.path = "..", .source = "/does/not/exist"}}), {}); }),
            ErrorCode::invalid_request);
}

TEST_F(Prepare, TakesALinkToAFile) {
  file("real.txt", "x");
  fs::create_symlink("real.txt", directory_ / "link.txt");
  EXPECT_EQ(prepare(request(directory_ / "link.txt"), {}).program.inputs.size(), 1U);
}

TEST_F(Prepare, TakesAnEmptyFile) { EXPECT_EQ(prepare(request(file("empty", "")), {}).program.inputs.size(), 1U); }

TEST_F(Prepare, SaysThatAFileDoesNotExist) {
  EXPECT_EQ(refusal_of(directory_ / "missing.txt"), ErrorCode::not_found);
  EXPECT_EQ(refusal_of(file("a.txt", "a") + "/below"), ErrorCode::not_found);
  const std::string message = message_of([&] { prepare(request(directory_ / "missing.txt"), {}); });
  EXPECT_NE(message.find(directory_ / "missing.txt"), std::string::npos) << message;
}

TEST_F(Prepare, SaysThatASourceIsADirectory) {
  EXPECT_EQ(refusal_of(directory_.path()), ErrorCode::invalid_request);
  EXPECT_NE(message_of([&] { prepare(request(directory_.path()), {}); }).find("is a directory"), std::string::npos);
}

TEST_F(Prepare, DoesNotWaitForAPipe) {
  ASSERT_EQ(::mkfifo((directory_ / "pipe").c_str(), 0600), 0);
  EXPECT_EQ(refusal_of(directory_ / "pipe"), ErrorCode::invalid_request);
  EXPECT_NE(message_of([&] { prepare(request(directory_ / "pipe"), {}); }).find("is a pipe"), std::string::npos);
}

TEST_F(Prepare, SaysThatASourceIsADevice) {
  EXPECT_EQ(refusal_of("/dev/zero"), ErrorCode::invalid_request);
  EXPECT_NE(message_of([] { prepare(request("/dev/zero"), {}); }).find("is a device"), std::string::npos);
}

TEST_F(Prepare, SaysThatASourceIsASocket) {
  const UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, (directory_ / "socket").c_str(), sizeof address.sun_path - 1);
  ASSERT_EQ(::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  EXPECT_EQ(refusal_of(directory_ / "socket"), ErrorCode::invalid_request);
  EXPECT_NE(message_of([&] { prepare(request(directory_ / "socket"), {}); }).find("socket"), std::string::npos);
}

TEST_F(Prepare, SaysThatAFileCannotBeRead) {
  const std::string source = file("secret.txt", "x");
  fs::permissions(source, fs::perms(0));
  fs::permissions(directory_.path(), fs::perms(0755));
  const int before = ::setfsuid(::geteuid() == 0 ? 65'534 : ::geteuid());
  EXPECT_EQ(refusal_of(source), ErrorCode::invalid_request);
  EXPECT_NE(message_of([&] { prepare(request(source), {}); }).find("cannot be read"), std::string::npos);
  ::setfsuid(static_cast<uid_t>(before));
}

TEST_F(Prepare, RefusesASourceWithANul) {
  EXPECT_EQ(refusal_of(file("a.txt", "a") + std::string("\0b", 2)), ErrorCode::invalid_request);
}

TEST_F(Prepare, ShowsAHostileNameOnOneLine) {
  EXPECT_EQ(refusal_of(directory_ / "no\nsuch \x1b[31mfile"), ErrorCode::not_found);
}

TEST_F(Prepare, RefusesInputsThatAreTooLargeTogether) {
  const std::string half = file("half", "");
  fs::resize_file(half, maximum_input_bytes / 2);  // a hole: takes no space
  std::vector<InputFile> inputs = {{.path = "one", .source = half}, {.path = "two", .source = half}};
  EXPECT_EQ(prepare(request(inputs), {}).program.inputs.size(), 2U);

  inputs.push_back({.path = "three", .content = "x"});
  EXPECT_EQ(error_of([&] { prepare(request(inputs), {}); }), ErrorCode::too_large);
  const std::string message = message_of([&] { prepare(request(inputs), {}); });
  EXPECT_NE(message.find("4294967296 bytes"), std::string::npos) << message;
}

// A FileStore that holds what a test puts in.
class StoreOfTexts final : public FileStore {
 public:
  using FileStore::add;
  using FileStore::read;
  std::map<FileId, std::pair<StoredFile, std::string>> files;

  void put(const FileId& id, const std::string& name, const std::string& text) {
    files[id] = {StoredFile{.id = id,
                            .name = name,
                            .owner = "",
                            .size = text.size(),
                            .content_type = "",
                            .sha256 = "",
                            .created_at = {}},
                 text};
  }
  StoredFile add(std::string_view, const ByteSource&, std::string_view) override { throw std::logic_error("not used"); }
  std::optional<StoredFile> find(const FileId& id) override {
    const auto found = files.find(id);
    return found == files.end() ? std::nullopt : std::optional(found->second.first);
  }
  std::optional<ByteSource> read(const FileId& id, std::uint64_t) override {
    const auto found = files.find(id);
    return found == files.end() ? std::nullopt : std::optional(source_of(found->second.second));
  }
  bool renew(const FileId&) override { return false; }
  bool remove(const FileId&) override { return false; }
  std::size_t remove_older_than(std::chrono::seconds) override { return 0; }
};

// A WebClient that has what a test puts in.
class WebOfTexts final : public WebClient {
 public:
  struct Page {
    std::string name;
    std::string text;
  };
  std::map<std::string, Page> pages;
  std::vector<std::uint64_t> maxima;  // that fetch() was given

  WebResult fetch(const std::string& url, std::uint64_t max_bytes, const BodySink& take, std::stop_token) override {
    maxima.push_back(max_bytes);
    WebResult result;
    const auto page = pages.find(url);
    if (page == pages.end()) {
      result.problem = "the server answered with status 404; check the URL";
      return result;
    }
    for (const char c : page->second.text) take(std::as_bytes(std::span(&c, 1)));
    result.ok = true;
    result.name = page->second.name;
    result.size = page->second.text.size();
    return result;
  }
  WebResult post(const std::string&, const std::map<std::string, std::string>&, std::string_view,
                 std::stop_token) override {
    throw std::logic_error("not used");
  }
  std::string objection_to(const std::string&) const override { return {}; }
};

class PrepareRemote : public Prepare {
 protected:
  Preparation prepare(std::vector<InputFile> inputs) {
    return pysandbox::prepare(request(std::move(inputs)), {&store_, &web_, directory_.path(), {}});
  }

  static std::vector<std::string> paths(const Preparation& preparation) {
    std::vector<std::string> result;
    for (const ProgramInput& input : preparation.program.inputs) result.push_back(input.path);
    return result;
  }

  static std::string text_of_input(const ProgramInput& input) {
    const std::string text = text_of(input.bytes);
    EXPECT_EQ(input.size, text.size());
    EXPECT_TRUE(input.content.empty() && input.source.empty());
    return text;
  }

  StoreOfTexts store_;
  WebOfTexts web_;
};

TEST_F(PrepareRemote, GetsStoredFilesAndUrls) {
  store_.put("1", "../up load.csv", "stored");
  web_.pages["http://x/a"] = {"C:\\data\\b.csv", "fetched"};
  const Preparation ready = prepare({{.path = "", .file_id = "1"},
                                     {.path = "", .url = "http://x/a"},
                                     {.path = "d/c.csv", .url = "http://x/a"},
                                     {.path = "e", .content = "e"}});
  EXPECT_THAT(ready.missing, IsEmpty());
  EXPECT_THAT(paths(ready), ElementsAre("up load.csv", "b.csv", "d/c.csv", "e"));
  EXPECT_EQ(text_of_input(ready.program.inputs[0]), "stored");
  EXPECT_EQ(text_of_input(ready.program.inputs[1]), "fetched");
  EXPECT_EQ(text_of_input(ready.program.inputs[2]), "fetched");
  EXPECT_TRUE(fs::is_empty(directory_.path())) << "a file with a name was left where fetched bytes lie";
}

TEST_F(PrepareRemote, GivesEachFileANameOfItsOwn) {
  for (const char* id : {"1", "2", "3"}) store_.put(id, "a.csv", id);
  store_.put("4", "main.py", "4");
  store_.put("5", "d", "5");
  store_.put("6", "", "6");
  std::vector<InputFile> inputs = {{.path = "d/x", .content = "x"}};
  for (const char* id : {"1", "2", "3", "4", "5", "6", "6"}) inputs.push_back({.path = "", .file_id = id});
  inputs.push_back({.path = "a.csv", .content = "the one that was named"});
  EXPECT_THAT(paths(prepare(inputs)), ElementsAre("d/x", "a (2).csv", "a (3).csv", "a (4).csv", "main (2).py", "d (2)",
                                                  "input", "input (2)", "a.csv"));
}

TEST_F(PrepareRemote, TakesNoModuleFromAServerThatWasAskedForData) {
  for (const char* name : {"csv.py", "json.PY", "re.pyc", "os.so", "C:\\x.py"}) {
    web_.pages["http://x/data.csv"] = {name, "import os"};
    const Preparation ready =
        prepare({{.path = "", .url = "http://x/data.csv"}, {.path = "asked.py", .url = "http://x/data.csv"}});
    EXPECT_THAT(paths(ready).at(0), EndsWith(".txt")) << name;
    EXPECT_EQ(paths(ready).at(1), "asked.py");
  }
  web_.pages["http://x/helper.py?v=1"] = {"helper.py", "x = 1"};
  EXPECT_THAT(paths(prepare({{.path = "", .url = "http://x/helper.py?v=1"}})), ElementsAre("helper.py"));
}

TEST_F(PrepareRemote, SaysOfEachInputThatItCannotBeHad) {
  store_.put("1", "a", "a");
  const Preparation ready = prepare({{.path = "x", .file_id = "none"},
                                     {.path = "", .file_id = "1"},
                                     {.path = "", .url = "https://user:secret@x.example/a/b?token=secret#secret"},
                                     {.path = "y", .url = "http://x/\xC3\xBC"}});
  ASSERT_EQ(ready.missing.size(), 3U);
  EXPECT_EQ(
      ready.missing[0],
      "The input 'x' cannot be had from the stored file 'none': there is no such file (any more); upload it again");
  EXPECT_EQ(ready.missing[1],
            "The input cannot be had from the URL 'https://x.example/a/b': the server answered with status 404; check "
            "the URL");
  EXPECT_THAT(ready.missing[2], AllOf(HasSubstr("'y'"), HasSubstr("404")));
  EXPECT_THAT(paths(ready), ElementsAre("a"));
}

TEST_F(PrepareRemote, SaysThatThereIsNobodyToAsk) {
  const Preparation ready =
      pysandbox::prepare(request({{.path = "", .file_id = "1"}, {.path = "", .url = "http://x/"}}), {});
  ASSERT_EQ(ready.missing.size(), 2U);
  EXPECT_THAT(ready.missing[0], HasSubstr("no file store"));
  EXPECT_THAT(ready.missing[1], HasSubstr("fetches nothing"));
}

TEST_F(PrepareRemote, ChecksADigest) {
  web_.pages["http://x/"] = {"a", "abc"};
  const std::string digest = "BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD";  // FIPS 180-2, B.1
  EXPECT_THAT(prepare({{.path = "", .url = "http://x/", .sha256 = digest}}).missing, IsEmpty());
  web_.pages["http://x/"].text = "abd";
  const Preparation ready = prepare({{.path = "", .url = "http://x/", .sha256 = digest}});
  ASSERT_EQ(ready.missing.size(), 1U);
  EXPECT_THAT(ready.missing[0], HasSubstr("SHA-256"));
  EXPECT_THAT(paths(ready), IsEmpty());
}

TEST_F(PrepareRemote, SharesOneMaximumAmongAllInputs) {
  const std::string big = file("big", "");
  fs::resize_file(big, maximum_input_bytes - 10);  // a hole: takes no space
  web_.pages["http://x/"] = {"a", "abcd"};
  store_.put("1", "b", "123");
  const std::vector<InputFile> inputs = {{.path = "", .url = "http://x/"},
                                         {.path = "", .file_id = "1"},
                                         {.path = "", .url = "http://x/"},
                                         {.path = "big", .source = big}};
  EXPECT_EQ(error_of([&] { prepare(inputs); }), ErrorCode::too_large)
      << "a client that gives more than it was asked for";
  EXPECT_THAT(web_.maxima, ElementsAre(10, 3));
  store_.put("1", "b", std::string(7, 'x'));
  EXPECT_EQ(error_of([&] {
              prepare({inputs[0], inputs[1], inputs[3], {.path = "c", .content = "c"}});
            }),
            ErrorCode::too_large);
}

TEST_F(PrepareRemote, FetchesNothingForARequestThatIsWrong) {
  web_.pages["http://x/"] = {"a", "abc"};
  EXPECT_EQ(error_of([&] {
              prepare({{.path = "", .url = "http://x/"}, {.path = "b", .source = directory_ / "none"}});
            }),
            ErrorCode::not_found);
  EXPECT_THAT(web_.maxima, IsEmpty());
}

TEST_F(PrepareRemote, SaysThatThereIsNoRoomForWhatIsFetched) {
  web_.pages["http://x/"] = {"a", "abc"};
  const InputSources sources{&store_, &web_, directory_ / "none", {}};
  const auto call = [&] { pysandbox::prepare(request({{.path = "", .url = "http://x/"}}), sources); };
  EXPECT_EQ(error_of(call), ErrorCode::unavailable);
  EXPECT_THAT(message_of(call), HasSubstr(directory_ / "none"));
}

TEST_F(PrepareRemote, TellsThatTheDiskIsFull) {
  const SmallDisk disk;
  PYSANDBOX_NEEDS(disk);
  web_.pages["http://x/"] = {"a", std::string(100 << 10, 'x')};
  const InputSources sources{&store_, &web_, disk.path(), {}};
  const auto call = [&] { pysandbox::prepare(request({{.path = "", .url = "http://x/"}}), sources); };
  EXPECT_EQ(error_of(call), ErrorCode::unavailable);
  EXPECT_THAT(message_of(call), HasSubstr("No space left"));
}

}  // namespace
}  // namespace pysandbox::testing
