// The pieces of the store that read what others wrote.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <utility>
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
#include "packages/source_index.hpp"
#include "packages/tree.hpp"
#include "packages/unpacked_part.hpp"
#include "packages/uv_credentials.hpp"
#include "packages/version.hpp"
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

TEST(Credentials, OfIndexesThatHaveANameStandInVariables) {
  const Variables variables{{"UV_INDEX", "inner=http://h:8080/simple http://other/simple"},
                            {"UV_DEFAULT_INDEX", "main=https://old@i/simple"},
                            {"UV_INDEX_INNER_USERNAME", "me"},
                            {"UV_INDEX_INNER_PASSWORD", "a:b@c"},
                            {"UV_INDEX_MAIN_PASSWORD", "token"},
                            {"UV_INDEX_FROM_FILE_USERNAME", "you"},
                            {"UV_INDEX_UNKNOWN_USERNAME", "nobody"}};
  const char* configuration =
      "no-cache = true\n[[index]]\nname = \"from-file\"\nurl = 'https://j/x/' # here\n[pip]\nname = \"no\"\n";
  EXPECT_THAT(credentials_of_named_indexes(variables, configuration),
              ::testing::UnorderedElementsAre(Credential{"http://h:8080", "me:a%3Ab%40c"},
                                              Credential{"https://i", ":token"}, Credential{"https://j", "you:"}));
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
  return explain_failure({.status = 1, .output = output}, {"a"}, debian).why.what();
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
  try {
    explain_failure(
        {.status = 2, .output = "error: Request failed\n  cause: Failed to fetch: http://me:secret@h/simple/a/"}, {"a"},
        debian);
    FAIL() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::unavailable);
    EXPECT_THAT(error.what(), HasSubstr("http://***@h/simple/a/"));
  }
}

TEST(Complaint, NamesWhatHasNoWheelAndWhatIsAskedOfIt) {
  using Missing = std::vector<MissingWheel>;
  EXPECT_EQ(
      missing_wheels("  cause: Because half==2.0 has no usable wheels and only half<=2.0 is available, we can conclude "
                     "that half>=2.0 cannot be used.\n    And because all versions of needs-half depend on "
                     "half>=2 and you require needs-half, we can conclude that your requirements are unsatisfiable.\n"
                     "hint: Wheels are required for `half` because building from source is disabled"),
      (Missing{{"half", {">=2"}}}));
  EXPECT_EQ(
      missing_wheels("Because all versions of src_like have no usable wheels and you require src-like<3,>=1, we can"),
      (Missing{{"src-like", {"<3,>=1"}}}));
  EXPECT_EQ(
      missing_wheels("ERROR: Could not find a version that satisfies the requirement srclike<2,>=1 (from needs-src) "
                     "(from versions: none)\nERROR: No matching distribution found for srclike<2,>=1\n"),
      (Missing{{"srclike", {"<2,>=1"}}}));
  EXPECT_EQ(
      missing_wheels("The conflict is caused by:\n    The user requested half\n    needs 1.0 depends on half>=2\n"),
      (Missing{{"half", {">=2"}}}));
  EXPECT_EQ(missing_wheels("Because only srclike<=2.0 is available and you require srclike>5, we can conclude"),
            Missing{});
}

TEST(Versions, AreOrdered) {
  const char* const ordered[] = {"1.0.dev1", "1.0a1.dev2", "1.0a1",      "1.0-beta.2",     "1.0rc1", "1.0",
                                 "1.0+abc",  "1.0+abc.5",  "1.0+7",      "1.0.post1.dev3", "1.0-1",  "1.0.1",
                                 "1.1",      "1.10",       "v2024.1.30", "1!0.1"};
  for (std::size_t i = 0; i + 1 < std::size(ordered); ++i) {
    const auto one = parse_version(ordered[i]), next = parse_version(ordered[i + 1]);
    ASSERT_TRUE(one && next) << ordered[i];
    EXPECT_LT(*one, *next) << ordered[i] << " " << ordered[i + 1];
  }
  EXPECT_EQ(parse_version("1.0-alpha_1.POST2"), parse_version("1a1.post2"));
  for (const char* none : {"", "1.0-", "one", "1..0", "1.0\n", "99999999999999999999", "1.0+", "../1"}) {
    EXPECT_FALSE(parse_version(none)) << none;
  }
}

TEST(Versions, FitWhatIsAskedOfThem) {
  const auto fit = [](const char* version, const char* specifiers) {
    return fits(*parse_version(version), specifiers);
  };
  for (const auto& [version, specifiers] : std::vector<std::pair<const char*, const char*>>{{"1.4.5", "~=1.4.2"},
                                                                                            {"1.0", "==1"},
                                                                                            {"1.0.3", "==1.0.*"},
                                                                                            {"1.0+local", "==1.0"},
                                                                                            {"2.0", ">=1, <3"},
                                                                                            {"1.0.post1", ">=1.0"},
                                                                                            {"1.0", "!=1.1,!=2.*"},
                                                                                            {"3.11.2", ">=3.6"},
                                                                                            {"1.0", ""},
                                                                                            {"0.9", "<1.0"},
                                                                                            {"2.2", "~=2.0"}}) {
    EXPECT_EQ(fit(version, specifiers), true) << version << " " << specifiers;
  }
  for (const auto& [version, specifiers] : std::vector<std::pair<const char*, const char*>>{{"1.5", "~=1.4.2"},
                                                                                            {"1.0.post1", ">1.0"},
                                                                                            {"1.0rc1", "<1.0"},
                                                                                            {"1.0", "==1.0+local"},
                                                                                            {"1.10", "==1.1.*"},
                                                                                            {"3.11.2", ">=3.12"},
                                                                                            {"1.0", "!=1.0"},
                                                                                            {"2.0", "<2,>=1"},
                                                                                            {"3.0", "~=2.0"}}) {
    EXPECT_EQ(fit(version, specifiers), false) << version << " " << specifiers;
  }
  EXPECT_EQ(fit("1.0", "about 1"), std::nullopt);
  EXPECT_EQ(fit("1.0", ">=1,what"), std::nullopt);
}

TEST(Sources, HaveTheirVersionInTheirName) {
  EXPECT_EQ(version_of_source("docopt-0.6.2.tar.gz", "docopt"), "0.6.2");
  EXPECT_EQ(version_of_source("Some_Name-with-dash-1.0.zip", "some-name-with-dash"), "1.0");
  EXPECT_EQ(version_of_source("name-extra-1.0.tar.gz", "name"), std::nullopt);
  EXPECT_EQ(version_of_source("name-1.0-py3-none-any.whl", "name"), std::nullopt);
  EXPECT_EQ(version_of_source("name-1.0/../x.tar.gz", "name"), std::nullopt);
  EXPECT_EQ(version_of_source("name-1.0\n.tar.gz", "name"), std::nullopt);
}

TEST(Sources, TheNewestThatIsGoodForHereIsChosen) {
  const auto source = [](const char* version) { return SourceFile{.name = "a", .version = version}; };
  std::vector<SourceFile> all{source("1.0"),    source("1.10"), source("1.9"),
                              source("2.0rc1"), source("3.0"),  source("4.0")};
  all[4].yanked = true;
  all[5].requires_python = ">=3.12";
  const auto chosen = [&](const std::vector<std::string>& specifiers, const std::set<std::string>& tried) {
    const auto found = choose_source(all, specifiers, debian, tried);
    return found ? found->version : "none";
  };
  EXPECT_EQ(chosen({}, {}), "1.10");
  EXPECT_EQ(chosen({}, {"a 1.10"}), "1.9");
  EXPECT_EQ(chosen({">=1", "<1.9"}, {}), "1.0");
  EXPECT_EQ(chosen({">=2.0rc1"}, {}), "2.0rc1");
  EXPECT_EQ(chosen({"==3.0"}, {}), "3.0");
  EXPECT_EQ(chosen({">2"}, {}), "none");
  EXPECT_EQ(chosen({">=2.0.dev0"}, {"a 2.0rc1"}), "none");
}

TEST(LockDigest, CoversTheSourceOfWhatWasBuiltAndNotItsBytes) {
  LockedWheel one{"a",
                  "1",
                  "a-1-py3-none-any.whl",
                  std::string(64, 'a'),
                  "",
                  7,
                  BuiltFrom{"a-1.tar.gz", std::string(64, 'c'), "http://h/a-1.tar.gz", "e", "key"}};
  LockedWheel again = one, other = one, elsewhere = one;
  again.sha256 = std::string(64, 'b');
  other.source->sha256 = std::string(64, 'd');
  elsewhere.source->environment = "f";
  EXPECT_EQ(Lock{{one}}.digest(debian), Lock{{again}}.digest(debian));
  EXPECT_NE(Lock{{one}}.digest(debian), Lock{{other}}.digest(debian));
  EXPECT_NE(Lock{{one}}.digest(debian), Lock{{elsewhere}}.digest(debian));
  EXPECT_EQ(lock_from_json(lock_to_json({{one}})).wheels.at(0).source, one.source);
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
