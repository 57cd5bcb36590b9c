#include "environment/prepare.hpp"

#include <gtest/gtest.h>
#include <sys/fsuid.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>

#include <pysandbox/error.hpp>

#include "../support/bytes.hpp"
#include "../support/temporary_directory.hpp"
#include "support/unique_fd.hpp"

namespace pysandbox::testing {
namespace {

namespace fs = std::filesystem;

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
    const std::string message = message_of([&] { prepare(request(source)); });
    EXPECT_NE(message.find("'in.txt'"), std::string::npos) << message;
    EXPECT_EQ(message.find('\n'), std::string::npos) << message;
    EXPECT_NE(message.find("; "), std::string::npos) << message << " says nothing about what to do";
    return error_of([&] { prepare(request(source)); }).value_or(ErrorCode::internal);
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
  const Program program = prepare(asked);
  EXPECT_EQ(program.code, "print(1)");
  EXPECT_EQ(program.entry_point, "run.py");
  EXPECT_EQ(program.args, asked.args);
  EXPECT_EQ(program.env, asked.env);
  EXPECT_EQ(program.stdin, "typed");
  EXPECT_EQ(program.inputs, asked.inputs);
}

TEST_F(Prepare, ChecksTheRequestFirst) {
  EXPECT_EQ(error_of([] { prepare(request({{.path = "..", .source = "/does/not/exist"}})); }),
            ErrorCode::invalid_request);
}

TEST_F(Prepare, TakesALinkToAFile) {
  file("real.txt", "x");
  fs::create_symlink("real.txt", directory_ / "link.txt");
  EXPECT_EQ(prepare(request(directory_ / "link.txt")).inputs.size(), 1U);
}

TEST_F(Prepare, TakesAnEmptyFile) { EXPECT_EQ(prepare(request(file("empty", ""))).inputs.size(), 1U); }

TEST_F(Prepare, SaysThatAFileDoesNotExist) {
  EXPECT_EQ(refusal_of(directory_ / "missing.txt"), ErrorCode::not_found);
  EXPECT_EQ(refusal_of(file("a.txt", "a") + "/below"), ErrorCode::not_found);
  const std::string message = message_of([&] { prepare(request(directory_ / "missing.txt")); });
  EXPECT_NE(message.find(directory_ / "missing.txt"), std::string::npos) << message;
}

TEST_F(Prepare, SaysThatASourceIsADirectory) {
  EXPECT_EQ(refusal_of(directory_.path()), ErrorCode::invalid_request);
  EXPECT_NE(message_of([&] { prepare(request(directory_.path())); }).find("is a directory"), std::string::npos);
}

TEST_F(Prepare, DoesNotWaitForAPipe) {
  ASSERT_EQ(::mkfifo((directory_ / "pipe").c_str(), 0600), 0);
  EXPECT_EQ(refusal_of(directory_ / "pipe"), ErrorCode::invalid_request);
  EXPECT_NE(message_of([&] { prepare(request(directory_ / "pipe")); }).find("is a pipe"), std::string::npos);
}

TEST_F(Prepare, SaysThatASourceIsADevice) {
  EXPECT_EQ(refusal_of("/dev/zero"), ErrorCode::invalid_request);
  EXPECT_NE(message_of([] { prepare(request("/dev/zero")); }).find("is a device"), std::string::npos);
}

TEST_F(Prepare, SaysThatASourceIsASocket) {
  const UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, (directory_ / "socket").c_str(), sizeof address.sun_path - 1);
  ASSERT_EQ(::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  EXPECT_EQ(refusal_of(directory_ / "socket"), ErrorCode::invalid_request);
  EXPECT_NE(message_of([&] { prepare(request(directory_ / "socket")); }).find("socket"), std::string::npos);
}

TEST_F(Prepare, SaysThatAFileCannotBeRead) {
  const std::string source = file("secret.txt", "x");
  fs::permissions(source, fs::perms(0));
  fs::permissions(directory_.path(), fs::perms(0755));
  const int before = ::setfsuid(::geteuid() == 0 ? 65'534 : ::geteuid());
  EXPECT_EQ(refusal_of(source), ErrorCode::invalid_request);
  EXPECT_NE(message_of([&] { prepare(request(source)); }).find("cannot be read"), std::string::npos);
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
  EXPECT_EQ(prepare(request(inputs)).inputs.size(), 2U);

  inputs.push_back({.path = "three", .content = "x"});
  EXPECT_EQ(error_of([&] { prepare(request(inputs)); }), ErrorCode::too_large);
  const std::string message = message_of([&] { prepare(request(inputs)); });
  EXPECT_NE(message.find("4294967296 bytes"), std::string::npos) << message;
}

}  // namespace
}  // namespace pysandbox::testing
