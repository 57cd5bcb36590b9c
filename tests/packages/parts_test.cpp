// The pieces of the store that read what others wrote.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <pysandbox/error.hpp>

#include "packages/complaint.hpp"
#include "packages/credentials.hpp"
#include "packages/file_lock.hpp"
#include "packages/index_settings.hpp"
#include "packages/known_names.hpp"
#include "packages/lock.hpp"
#include "process/launcher.hpp"
#include "packages/pylock.hpp"
#include "packages/resolution_files.hpp"
#include "packages/tree.hpp"
#include "packages/unpacked_part.hpp"
#include "packages/wheel_name.hpp"
#include "support/temporary_directory.hpp"

namespace pysandbox::packages {
namespace {

using pysandbox::testing::TemporaryDirectory;
using ::testing::HasSubstr;

const Interpreter debian{"3.11.2", "cpython-311", "cpython-311-x86_64-linux-gnu", "x86_64", "glibc", "2.36"};

TEST(WheelName, IsTakenApart) {
  const auto name = parse_wheel_name("Num_Like-2.4.6-cp311-cp311-manylinux_2_27_x86_64.manylinux_2_28_x86_64.whl");
  ASSERT_TRUE(name);
  EXPECT_EQ(name->name, "num-like");
  EXPECT_EQ(name->version, "2.4.6");
  EXPECT_TRUE(parse_wheel_name("a-1.0-2-py3-none-any.whl")) << "with a build number";
  for (const char* wrong : {"a-1.0.tar.gz", "a-1.0-py3-none.whl", "../a-1.0-py3-none-any.whl", "a--py3-none-any.whl",
                            "a-1.0-py3-none-any.whl/", "a b-1.0-py3-none-any.whl", ".a-1.0-py3-none-any.whl"}) {
    EXPECT_FALSE(parse_wheel_name(wrong)) << wrong;
  }
}

TEST(WheelName, SaysWhetherAWheelFits) {
  const auto fits = [](const std::string& tags) {
    return wheel_fit(*parse_wheel_name("a-1-" + tags + ".whl"), debian);
  };
  for (const char* tags : {"py3-none-any", "py2.py3-none-any", "cp311-cp311-manylinux_2_17_x86_64", "cp311-none-any",
                           "cp38-abi3-manylinux2014_x86_64", "cp311-cp311-linux_x86_64", "py311-none-any"}) {
    EXPECT_TRUE(fits(tags)) << tags;
  }
  for (const char* tags : {"py2-none-any", "cp312-cp312-manylinux_2_17_x86_64", "cp311-cp311-manylinux_2_37_x86_64",
                           "cp311-cp311-manylinux_2_17_aarch64", "cp311-cp311-musllinux_1_2_x86_64", "cp312-abi3-any",
                           "cp311-cp311-win_amd64", "cp39-cp39-manylinux_2_17_x86_64", "pp311-pypy311_pp73-any",
                           "cp310-none-any", "py312-none-any", "cp311-cp311t-manylinux_2_17_x86_64"}) {
    EXPECT_FALSE(fits(tags)) << tags;
  }
  EXPECT_GT(fits("cp311-cp311-manylinux_2_17_x86_64"), fits("py3-none-any"));
  EXPECT_GT(fits("cp311-cp311-manylinux_2_28_x86_64"), fits("cp311-cp311-manylinux_2_17_x86_64"));
}

TEST(Pylock, IsReadAsUvWritesIt) {
  const auto packages = parse_pylock(R"(# a comment
lock-version = "1.0"
environments = ["a", 'b']
[[packages]]
name = "numpy"
version = "2.4.6" # another
marker = "x < '3'"
wheels = [{ url = "https://h/numpy.whl", upload-time = 2026-05-18T23:33:29Z, size = 16, hashes = { sha256 = "ab" } },
          { path = "b.whl", hashes = {} }]
sdist = { url = "x", hashes = { sha256 = "cd" } }
[[packages]]
name = "six"
version = "1"
[tool.uv]
name = "not a package"
)");
  ASSERT_EQ(packages.size(), 2U);
  ASSERT_EQ(packages[0].wheels.size(), 2U);
  EXPECT_EQ(packages[0].wheels[0].url, "https://h/numpy.whl");
  EXPECT_EQ(packages[0].wheels[0].size, 16U);
  EXPECT_EQ(packages[0].wheels[0].sha256, "ab");
  EXPECT_EQ(packages[0].wheels[1].path, "b.whl");
  EXPECT_EQ(packages[1].name, "six");
}

TEST(Pylock, RefusesWhatItCannotRead) {
  for (const char* text : {"[[packages", "name", "a = ", "a = [", "a = {b", "a = \"x", "[[packages]]\nname = 1",
                           "[[packages]]\nwheels = [[1]]", "a = \"\\n\""}) {
    EXPECT_THROW(parse_pylock(text), Error) << text;
  }
  EXPECT_THROW(parse_pylock("a = " + std::string(5000, '[')), Error);
}

TEST(Credentials, AreFoundAndMasked) {
  EXPECT_EQ(find_credentials("see https://me:pa%40ss@h.example:8443/simple and http://plain/x"),
            (std::vector<Credential>{{"https://h.example:8443", "me:pa%40ss"}}));
  EXPECT_EQ(without_credentials("url = \"https://me:secret@h/x\", ftp://t@h2"),
            "url = \"https://***@h/x\", ftp://***@h2");
  EXPECT_EQ(without_credentials("user@example.org"), "user@example.org");
  EXPECT_EQ(without_credentials_in("https://me:s@h/a.whl#sha256=0"), "https://h/a.whl");
}

TEST(PipConfiguration, IsPutTogetherAsPipDoesIt) {
  const IndexSettings settings = parse_pip_configuration(
      "global.index-url='https://one/simple'\n"
      "global.extra-index-url='https://two/simple\\nhttps://three/simple'\n"
      "install.find-links='/wheels /more'\n"
      ":env:.index-url='https://env/simple'\n"
      "global.cert='/ca.pem'\n"
      "global.no-index='false'\n"
      "list.format='columns'\n");
  EXPECT_EQ(settings.main_index, "https://env/simple");
  EXPECT_EQ(settings.more_indexes, (std::vector<std::string>{"https://two/simple", "https://three/simple"}));
  EXPECT_EQ(settings.find_links, (std::vector<std::string>{"/wheels", "/more"}));
  EXPECT_EQ(settings.ca_file, "/ca.pem");
  EXPECT_FALSE(settings.no_index);
}

TEST(KnownNames, AreSuggested) {
  EXPECT_EQ(similar_package("pandsa"), "pandas");
  EXPECT_EQ(similar_package("sklearn"), "scikit-learn");
  EXPECT_EQ(similar_package("reqeusts"), "requests");
  EXPECT_EQ(similar_package("matplotlb"), "matplotlib");
  EXPECT_EQ(similar_package("my-own-thing"), std::nullopt);
  EXPECT_EQ(similar_package("pandas"), std::nullopt);
}

std::string explained(const std::string& output) {
  return explain_failure({.status = 1, .output = output}, {"a"}, debian).what();
}

TEST(Complaint, SaysWhatUvMeans) {
  EXPECT_THAT(explained("  × No solution found when resolving dependencies:\n  ╰─▶ Because nosuch was not found in the "
                        "package registry and you require nosuch, we can\n      conclude that your requirements are "
                        "unsatisfiable.\n"),
              HasSubstr("there is no package 'nosuch'"));
  EXPECT_THAT(
      explained("error: No solution found when resolving dependencies\n  cause: Because gamma==1.0 has no wheels "
                "with a matching Python ABI tag (e.g., `cp311`)\n"),
      HasSubstr("there is no wheel of 'gamma' for Python 3.11 on x86_64"));
}

TEST(Complaint, TellsAnIndexThatFailsFromAPackageThatIsNotThere) {
  const Error error = explain_failure(
      {.status = 2, .output = "error: Request failed\n  cause: Failed to fetch: http://me:secret@h/simple/a/"}, {"a"},
      debian);
  EXPECT_EQ(error.code(), ErrorCode::unavailable);
  EXPECT_THAT(error.what(), HasSubstr("http://***@h/simple/a/"));
}

TEST(LockDigest, CoversFilesAndInterpreter) {
  const LockedWheel one{"a", "1", "a-1-py3-none-any.whl", std::string(64, 'a')};
  LockedWheel other = one;
  other.sha256 = std::string(64, 'b');
  Interpreter newer = debian;
  newer.version = "3.11.3";
  EXPECT_EQ(Lock{{one}}.digest(debian), Lock{{one}}.digest(debian));
  EXPECT_NE(Lock{{one}}.digest(debian), Lock{{other}}.digest(debian));
  EXPECT_NE(Lock{{one}}.digest(debian), Lock{{one}}.digest(newer));
  EXPECT_EQ(lock_from_json(lock_to_json(Lock{{one}})).wheels.front().sha256, one.sha256);
}

// AN ARCHIVE THAT LIES
// ---------------------------------------------------------------------------------------------------

std::string entry(char kind, const std::string& path, const std::string& content) {
  std::string text(13, '\0');
  text[0] = kind;
  for (std::size_t i = 0; i < 4; ++i) text[1 + i] = static_cast<char>(path.size() >> (8 * i));
  for (std::size_t i = 0; i < 8; ++i) text[5 + i] = static_cast<char>(content.size() >> (8 * i));
  return text + path + content;
}

std::string end_of(std::size_t entries) {
  std::string text = entry('E', "", "");
  text[5] = static_cast<char>(entries);
  return text;
}

void take(const TemporaryDirectory& directory, std::string archive, const UnpackedBounds& bounds = {100, 1000}) {
  const UniqueFd fd(::open(directory.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  UnpackedFiles files(fd.get(), bounds);
  files.take([&](std::span<std::byte> buffer) {
    const std::size_t count = std::min<std::size_t>({buffer.size(), archive.size(), 7});
    std::memcpy(buffer.data(), archive.data(), count);
    archive.erase(0, count);
    return count;
  });
}

TEST(UnpackedFiles, BecomeFiles) {
  const TemporaryDirectory directory;
  take(directory, entry('F', "site-packages/a/x.py", "one") + entry('X', "bin/run", "two") + end_of(2));
  EXPECT_EQ(std::filesystem::file_size(directory / "site-packages/a/x.py"), 3U);
  EXPECT_EQ(std::filesystem::status(directory / "bin/run").permissions(), std::filesystem::perms(0555));
}

TEST(UnpackedFiles, NeverLeaveTheirDirectory) {
  for (const std::string path :
       {"../x/y", "/etc/x", "a/../../x", "a//x", "a/./x", "a", "a/", "", "./a/b", "a/\n", "a/..", "matplotlib/x"}) {
    const TemporaryDirectory directory;
    EXPECT_THROW(take(directory, entry('F', path, "x") + end_of(1)), Error) << path;
  }
}

TEST(UnpackedFiles, GoThroughNoLink) {
  const TemporaryDirectory directory, outside;
  std::filesystem::create_directory_symlink(outside.path(), directory / "a");
  EXPECT_THROW(take(directory, entry('F', "a/x", "x") + end_of(1)), Error);
  EXPECT_TRUE(std::filesystem::is_empty(outside.path()));
}

TEST(UnpackedFiles, KeepToTheirBounds) {
  const TemporaryDirectory directory;
  EXPECT_THROW(take(directory, entry('F', "a/x", "12345") + end_of(1), {1, 4}), Error);
  EXPECT_THROW(take(directory, entry('F', "b/x", "") + entry('F', "b/y", "") + end_of(2), {1, 4}), Error);
  EXPECT_THROW(take(directory, entry('F', "c/x", "") + entry('F', "c/x", "") + end_of(2)), Error);
  EXPECT_THROW(take(directory, entry('F', "d/x", "") + entry('F', "d/x/y", "") + end_of(2)), Error);
  EXPECT_THROW(take(directory, entry('F', "e/x/y", "") + entry('F', "e/x", "") + end_of(2)), Error);
}

TEST(UnpackedFiles, AreAllThere) {
  const TemporaryDirectory directory;
  const std::string whole = entry('F', "a/x", "12345") + end_of(1);
  for (std::size_t length = 0; length < whole.size(); ++length) {
    const TemporaryDirectory fresh;
    EXPECT_THROW(take(fresh, whole.substr(0, length)), Error) << length;
  }
  EXPECT_THROW(take(directory, whole + "x"), Error);
  EXPECT_THROW(take(directory, entry('F', "b/x", "") + end_of(2)), Error);
  EXPECT_THROW(take(directory, entry('L', "c/x", "")), Error);
}

// PROGRAMS OF THE HOST'S
// ---------------------------------------------------------------------------------------------------

HostProgramEnd run_shell(const std::string& script, std::chrono::seconds timeout = std::chrono::seconds(60),
                         std::stop_token stop = {}) {
  HostLauncher launcher;
  return launcher.run({.path = "/bin/sh",
                       .arguments = {"-c", script},
                       .environment = {{"PATH", "/usr/bin:/bin"}, {"GIVEN", "yes"}},
                       .timeout = timeout,
                       .most_output = 100'000},
                      {}, stop);
}

TEST(HostLauncher, TellsOutputAndEnd) {
  const HostProgramEnd end = run_shell("echo out; echo err >&2; exit 9");
  EXPECT_EQ(end.kind, HostProgramEnd::Kind::exited);
  EXPECT_EQ(end.status, 9);
  EXPECT_EQ(end.output, "out\nerr\n");
  const HostProgramEnd killed = run_shell("kill -9 $$");
  EXPECT_EQ(killed.kind, HostProgramEnd::Kind::signaled);
  EXPECT_EQ(killed.status, 9);
}

TEST(HostLauncher, GivesNothingAwayThatIsNotNamed) {
  const UniqueFd open_without_cloexec(::open("/etc/hostname", O_RDONLY));
  ::setenv("PYSANDBOX_TEST_CANARY", "leaks", 1);
  const HostProgramEnd end = run_shell("ls /proc/self/fd; env");
  EXPECT_EQ(end.output.substr(0, end.output.find("GIVEN")).find("PYSANDBOX_TEST_CANARY"), std::string::npos);
  EXPECT_THAT(end.output, ::testing::StartsWith("0\n1\n2\n3\n"));  // 3 is the listing's own
  EXPECT_THAT(end.output, ::testing::Not(HasSubstr("4\n")));
  EXPECT_THAT(end.output, ::testing::Not(HasSubstr("CANARY")));
}

TEST(HostLauncher, EndsWhatTakesTooLongWithAllItsChildren) {
  const TemporaryDirectory directory;
  const std::string pid_file = directory / "pid";
  const HostProgramEnd end = run_shell("sleep 1000 & echo $! >'" + pid_file + "'; wait", std::chrono::seconds(1));
  EXPECT_EQ(end.kind, HostProgramEnd::Kind::timed_out);
  int pid = 0;
  std::ifstream(pid_file) >> pid;
  ASSERT_GT(pid, 1);
  // Killed with its session; who reaps it is not us, so it may be seen for a moment yet.
  for (int i = 0; i < 500 && ::kill(pid, 0) == 0; ++i) ::usleep(10'000);
  EXPECT_NE(::kill(pid, 0), 0);
}

TEST(HostLauncher, DoesNotWaitForWhatAProgramLeftRunning) {
  EXPECT_EQ(run_shell("sleep 1000 & exit 0").kind, HostProgramEnd::Kind::exited);
}

TEST(HostLauncher, StopsAndBoundsOutput) {
  std::stop_source source;
  source.request_stop();
  EXPECT_EQ(run_shell("sleep 1000", std::chrono::seconds(60), source.get_token()).kind, HostProgramEnd::Kind::stopped);
  const HostProgramEnd loud = run_shell("while :; do echo 0123456789; done");
  EXPECT_EQ(loud.kind, HostProgramEnd::Kind::too_much_output);
  EXPECT_EQ(loud.output.size(), 100'000U);
}

TEST(HostLauncher, SaysThatThereIsNoSuchProgram) {
  HostLauncher launcher;
  EXPECT_THROW(launcher.run({.path = "/nonexistent/uv"}, {}, {}), Error);
}

TEST(FileLock, ExcludesAndTells) {
  const TemporaryDirectory directory;
  auto first = FileLock::try_take(directory / "lock", Hold::exclusive);
  ASSERT_TRUE(first);
  EXPECT_FALSE(FileLock::try_take(directory / "lock", Hold::shared));
  first->say("a long sentence");
  first->say("short");
  EXPECT_EQ(first->said(), "short");
  first->remove();
  EXPECT_TRUE(FileLock::try_take(directory / "lock", Hold::exclusive)) << "a new file under the old name";
}

TEST(Tree, IsRemovedWithoutFollowingLinks) {
  const TemporaryDirectory directory, outside;
  std::ofstream(outside / "kept") << "x";
  std::filesystem::create_directories(directory / "tree/deep/er");
  std::ofstream(directory / "tree/deep/file") << "12345";
  std::filesystem::create_directory_symlink(outside.path(), directory / "tree/link");
  EXPECT_GE(remove_tree(directory / "tree"), 5U);
  EXPECT_FALSE(std::filesystem::exists(directory / "tree"));
  EXPECT_TRUE(std::filesystem::exists(outside / "kept"));
  EXPECT_EQ(remove_tree(directory / "tree"), 0U);
}

}  // namespace
}  // namespace pysandbox::packages
