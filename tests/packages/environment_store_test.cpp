// The store of environments over real installers, real containers and an index of the test's own.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <pysandbox/environment_store.hpp>
#include <pysandbox/error.hpp>

#include "package_index.hpp"

namespace pysandbox::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

ino_t inode_of(const std::string& path) {
  struct stat status {};
  EXPECT_EQ(::stat(path.c_str(), &status), 0) << path;
  return status.st_ino;
}

std::vector<std::string> titles(const Environment& environment) {
  std::vector<std::string> result;
  for (const auto& package : environment.info.packages) result.push_back(package.name + " " + package.version);
  return result;
}

const std::vector<std::string> frame_titles{"framelike 1.0", "numlike 2.0"};

std::vector<std::string> names_in_folder(const std::string& path) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(path)) names.push_back(entry.path().filename().string());
  return names;
}

// With uv, and with pip.
class EnvironmentStoreTest : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    if (std::string(GetParam()) != "uv" || !CountedInstaller::uv().empty()) return;
    ASSERT_EQ(std::getenv("CI"), nullptr) << "uv is missing; run scripts/install_uv.sh";
    GTEST_SKIP() << "there is no uv here; scripts/install_uv.sh installs it";
  }

  EnvironmentStoreOptions options_for(const PackageIndex& index) const {
    return {.index_urls = {index.url()}, .installer = installer_.path()};
  }

  EnvironmentStoreOptions folder_options() const {
    return {.find_links = {wheel_folder()}, .no_index = true, .installer = installer_.path()};
  }

  std::unique_ptr<EnvironmentStore> open(const EnvironmentStoreOptions& options) const {
    return open_environment_store(directory_ / "store", *runner_, options);
  }

  std::shared_ptr<const Environment> prepare(EnvironmentStore& store, std::vector<std::string> packages) {
    return store.prepare({.packages = std::move(packages)},
                         [this](std::string_view sentence) { heard_.emplace_back(sentence); }, {});
  }

  // What a wheel that cannot be taken is refused with.
  std::string refusal(const std::string& package) {
    const auto store = open(folder_options());
    std::string sentence;
    EXPECT_EQ(code_of([&] { prepare(*store, {package}); }, &sentence), ErrorCode::environment_failed);
    EXPECT_EQ(names_in_folder(directory_ / "store/wheels"), std::vector<std::string>());
    EXPECT_EQ(names_in_folder(directory_ / "store/environments"), std::vector<std::string>());
    EXPECT_EQ(names_in_folder(directory_ / "store/new"), std::vector<std::string>());
    return sentence;
  }

  TemporaryDirectory directory_;
  CountedInstaller installer_{GetParam()};
  std::unique_ptr<ContainerRunner> runner_ = make_native_runner();
  std::vector<std::string> heard_;
};

INSTANTIATE_TEST_SUITE_P(Installers, EnvironmentStoreTest, ::testing::Values("uv", "pip"),
                         [](const auto& test) { return test.param; });

TEST_P(EnvironmentStoreTest, MakesASetReadyFromAnIndex) {
  const PackageIndex index;
  const auto store = open(options_for(index));
  const auto environment = prepare(*store, {"framelike"});
  EXPECT_EQ(titles(*environment), frame_titles);
  EXPECT_EQ(environment->info.python, "3.11.2");
  EXPECT_EQ(environment->info.digest.size(), 64U);
  EXPECT_EQ(read_whole(environment->directory + "/site-packages/numlike/__init__.py"), "value = 42\n");
  EXPECT_TRUE(
      std::filesystem::exists(environment->directory + "/site-packages/numlike/__pycache__/__init__.cpython-311.pyc"));
  EXPECT_GT(environment->size_bytes, 100'000U);
  EXPECT_THAT(heard_, ::testing::Contains(HasSubstr("fetching numlike 2.0")));
}

TEST_P(EnvironmentStoreTest, MakesASetReadyFromAFolderAlone) {
  const auto store = open(folder_options());
  EXPECT_EQ(titles(*prepare(*store, {"framelike"})), frame_titles);
}

TEST_P(EnvironmentStoreTest, IsUsableInAJobThatHasNoNetwork) {
  const auto store = open(folder_options());
  const auto environment = prepare(*store, {"framelike", "tool"});
  const auto container = runner_->open({.environment_directory = environment->directory});
  Program program;
  program.entry_point = "main.py";
  program.code = "import framelike, numlike\nprint(framelike.value, numlike.__cached__.endswith('.pyc'))\n";
  const RunResult result = container->run(program, {});
  EXPECT_EQ(result.stdout, "42 True\n") << result.stderr;
}

TEST_P(EnvironmentStoreTest, StartsNoInstallerForASetThatIsThere) {
  std::string digest;
  {
    const PackageIndex index;
    EnvironmentStoreOptions options = options_for(index);
    const auto store = open(options);
    digest = prepare(*store, {"framelike"})->info.digest;
    const std::size_t requests = index.requests();
    EXPECT_EQ(prepare(*store, {"framelike"})->info.digest, digest);
    EXPECT_EQ(prepare(*open(options), {"FrameLike"})->info.digest, digest);
    EXPECT_EQ(index.requests(), requests);
  }
  EXPECT_EQ(installer_.resolutions(), 1U);
}

TEST_P(EnvironmentStoreTest, KnowsASetInAnyOrderAndSpelling) {
  const auto store = open(folder_options());
  const auto one = prepare(*store, {"framelike >= 1.0", "tool"});
  const auto other = prepare(*store, {"Tool", "FrameLike>=1.0", "tool"});
  EXPECT_EQ(one->info.digest, other->info.digest);
  EXPECT_EQ(installer_.resolutions(), 1U);
}

TEST_P(EnvironmentStoreTest, FetchesAndKeepsASharedWheelOnce) {
  const PackageIndex index;
  const auto store = open(options_for(index));
  const auto alone = prepare(*store, {"numlike"});
  const std::size_t fetched = index.fetched("numlike-2.0-py3-none-any.whl");
  heard_.clear();
  const auto with_frame = prepare(*store, {"framelike"});
  EXPECT_NE(alone->info.digest, with_frame->info.digest);
  EXPECT_THAT(heard_, Not(::testing::Contains(HasSubstr("fetching numlike"))));
  if (std::string(GetParam()) == "uv") {  // pip fetches whole wheels to read what they need, and keeps them as it likes
    EXPECT_EQ(fetched, 1U);
    EXPECT_EQ(index.fetched("numlike-2.0-py3-none-any.whl"), 1U);
  }
  for (const char* file : {"numlike/data.bin", "numlike/__pycache__/__init__.cpython-311.pyc"}) {
    EXPECT_EQ(inode_of(alone->directory + "/site-packages/" + file),
              inode_of(with_frame->directory + "/site-packages/" + file));
  }
}

TEST_P(EnvironmentStoreTest, BuildsAgainFromItsWheelsWithoutAnyIndex) {
  const auto store = open(folder_options());
  const std::string digest = prepare(*store, {"framelike"})->info.digest;
  const auto numbers = prepare(*store, {"numlike"});
  std::filesystem::remove_all(directory_ / ("store/environments/" + digest));
  heard_.clear();
  EXPECT_EQ(prepare(*store, {"framelike"})->info.digest, digest);
  EXPECT_EQ(installer_.resolutions(), 2U);
  EXPECT_EQ(heard_, std::vector<std::string>());
}

TEST_P(EnvironmentStoreTest, AsksTheIndexAgainWhenAnswersHaveBecomeTooOld) {
  auto options = folder_options();
  options.resolution_age = std::chrono::seconds(0);
  const auto store = open(options);
  prepare(*store, {"numlike"});
  prepare(*store, {"numlike"});
  EXPECT_EQ(installer_.resolutions(), 2U);
}

TEST_P(EnvironmentStoreTest, PutsScriptsAndDataBesideThePackages) {
  const auto store = open(folder_options());
  const auto environment = prepare(*store, {"tool"});
  EXPECT_THAT(read_whole(environment->directory + "/bin/tool-run"), HasSubstr("from tool import main"));
  EXPECT_THAT(read_whole(environment->directory + "/bin/tool-script"), ::testing::StartsWith("#!/usr/bin/python3"));
  EXPECT_EQ(read_whole(environment->directory + "/share/tool/text"), "shared\n");
  struct stat status {};
  ASSERT_EQ(::stat((environment->directory + "/bin/tool-run").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0555U);
}

TEST_P(EnvironmentStoreTest, SaysWhichPackageDoesNotExist) {
  const PackageIndex index;
  const auto store = open(options_for(index));
  std::string sentence;
  EXPECT_EQ(code_of([&] { prepare(*store, {"pandsa"}); }, &sentence), ErrorCode::environment_failed);
  EXPECT_THAT(sentence, HasSubstr("there is no package 'pandsa'; did you mean 'pandas'?"));
}

TEST_P(EnvironmentStoreTest, SaysWhichPackageHasNoWheelForHere) {
  const auto store = open(folder_options());
  std::string sentence;
  EXPECT_EQ(code_of([&] { prepare(*store, {"elsewhere"}); }, &sentence), ErrorCode::environment_failed);
  EXPECT_THAT(sentence, HasSubstr("'elsewhere'"));
  EXPECT_THAT(sentence, HasSubstr("for Python 3.11 on x86_64"));
}

TEST_P(EnvironmentStoreTest, ExplainsAConflict) {
  const auto store = open(folder_options());
  std::string sentence;
  EXPECT_EQ(code_of([&] { prepare(*store, {"framelike", "oldlike"}); }, &sentence), ErrorCode::environment_failed);
  EXPECT_THAT(sentence, HasSubstr("numlike<2"));
  EXPECT_THAT(sentence, HasSubstr("numlike>=2"));
}

TEST_P(EnvironmentStoreTest, AsksAgainAfterAFailure) {
  std::atomic<bool> broken = true;
  const PackageIndex index([&](LoopbackServer::Connection& connection) {
    if (!broken) return false;
    connection.send("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
    return true;
  });
  const auto store = open(options_for(index));
  EXPECT_EQ(code_of([&] { prepare(*store, {"numlike"}); }), ErrorCode::environment_failed);
  broken = false;
  EXPECT_EQ(titles(*prepare(*store, {"numlike"})), std::vector<std::string>{"numlike 2.0"});
}

TEST_P(EnvironmentStoreTest, GivesUpOnAnIndexThatHangs) {
  const PackageIndex index([](LoopbackServer::Connection& connection) {
    connection.pause(std::chrono::minutes(5));
    return true;
  });
  auto options = options_for(index);
  options.resolve_timeout = std::chrono::seconds(2);
  const auto store = open(options);
  std::string sentence;
  EXPECT_EQ(code_of([&] { prepare(*store, {"numlike"}); }, &sentence), ErrorCode::unavailable);
  EXPECT_THAT(sentence, HasSubstr("resolve_timeout"));
}

TEST_P(EnvironmentStoreTest, StopsWhenAskedTo) {
  std::stop_source source;
  const PackageIndex index([&](LoopbackServer::Connection& connection) {
    source.request_stop();
    connection.pause(std::chrono::minutes(5));
    return true;
  });
  const auto store = open(options_for(index));
  EXPECT_EQ(code_of([&] { store->prepare({.packages = {"numlike"}}, {}, source.get_token()); }), ErrorCode::conflict);
}

TEST_P(EnvironmentStoreTest, TriesAgainWhenAFileEndsInTheMiddle) {
  std::atomic<int> cut = 1;
  const PackageIndex index([&](LoopbackServer::Connection& connection) {
    if (connection.target() != "/files/numlike-1.0-py3-none-any.whl" || cut-- <= 0) return false;
    connection.send("HTTP/1.1 200 OK\r\nContent-Length: 1033\r\n\r\nhalf of it");
    return true;
  });
  auto options = options_for(index);
  const auto store = open(options);
  EXPECT_EQ(titles(*prepare(*store, {"numlike<2"})), std::vector<std::string>{"numlike 1.0"});
}

TEST_P(EnvironmentStoreTest, FollowsTheIndexToAnotherPlace) {
  const PackageIndex files;
  const PackageIndex index([&](LoopbackServer::Connection& connection) {
    if (!connection.target().starts_with("/files/")) return false;
    connection.send("HTTP/1.1 302 Found\r\nLocation: http://" + files.place() + connection.target() +
                    "\r\nContent-Length: 0\r\n\r\n");
    return true;
  });
  const auto store = open(options_for(index));
  EXPECT_EQ(titles(*prepare(*store, {"numlike"})), std::vector<std::string>{"numlike 2.0"});
  EXPECT_GE(files.fetched("numlike-2.0-py3-none-any.whl"), 1U);
}

TEST_P(EnvironmentStoreTest, KeepsCredentialsToOneHostAndOutOfMessages) {
  std::mutex mutex;
  std::set<std::string> elsewhere;
  const PackageIndex files([&](LoopbackServer::Connection& connection) {
    const std::lock_guard lock(mutex);
    elsewhere.insert(connection.header("Authorization"));
    return false;
  });
  std::atomic<int> known = 0, unknown = 0;
  const PackageIndex index([&](LoopbackServer::Connection& connection) {
    if (connection.header("Authorization").empty()) {
      ++unknown;
      connection.send("HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"x\"\r\nContent-Length: 0\r\n\r\n");
      return true;
    }
    ++known;
    if (!connection.target().starts_with("/files/")) return false;
    connection.send("HTTP/1.1 302 Found\r\nLocation: http://" + files.place() + connection.target() +
                    "\r\nContent-Length: 0\r\n\r\n");
    return true;
  });
  auto options = options_for(index);
  options.index_urls = {"http://somebody:geheim-123@" + index.place() + "/simple"};
  const auto store = open(options);
  EXPECT_EQ(titles(*prepare(*store, {"numlike"})), std::vector<std::string>{"numlike 2.0"});
  EXPECT_GT(known, 0);
  EXPECT_EQ(elsewhere, std::set<std::string>{""});

  std::string sentence;
  code_of([&] { prepare(*store, {"nothing-of-that-name"}); }, &sentence);
  for (const auto& text : heard_) sentence += text;
  EXPECT_THAT(sentence, Not(HasSubstr("geheim-123")));
  const std::string words = "grep -r -l geheim-123 '" + directory_.path() + "/store'";
  EXPECT_NE(std::system(words.c_str()), 0) << "a password lies in the store";
}

TEST_P(EnvironmentStoreTest, RefusesAWheelThatIsNotWhatTheIndexSays) {
  const PackageIndex index({}, PackageIndex::Hashes::wrong);
  const auto store = open(options_for(index));
  std::string sentence;
  EXPECT_EQ(code_of([&] { prepare(*store, {"numlike"}); }, &sentence), ErrorCode::environment_failed);
  EXPECT_EQ(names_in_folder(directory_ / "store/wheels"), std::vector<std::string>());
}

TEST_P(EnvironmentStoreTest, CountsTheHashThatAnIndexDoesNotTell) {
  const PackageIndex index({}, PackageIndex::Hashes::left_out);
  EXPECT_EQ(titles(*prepare(*open(options_for(index)), {"numlike"})), std::vector<std::string>{"numlike 2.0"});
}

TEST_P(EnvironmentStoreTest, RefusesWhatHasNoHashWhenOneIsRequired) {
  const PackageIndex told, untold({}, PackageIndex::Hashes::left_out);
  auto options = options_for(told);
  options.require_hashes = true;
  EXPECT_EQ(titles(*prepare(*open(options), {"framelike"})), frame_titles);
  options.index_urls = {untold.url()};
  std::string sentence;
  EXPECT_EQ(code_of([&] { prepare(*open(options), {"framelike"}); }, &sentence), ErrorCode::environment_failed);
  EXPECT_THAT(sentence, HasSubstr("tells no SHA-256"));
  options = folder_options();
  options.require_hashes = true;
  EXPECT_EQ(code_of([&] { prepare(*open(options), {"framelike"}); }), ErrorCode::environment_failed);
}

TEST_P(EnvironmentStoreTest, OneOfManyMakesASetAndAllGetIt) {
  const PackageIndex index;
  const auto options = options_for(index);
  const auto store = open(options), other = open(options);
  std::vector<std::string> digests(8);
  {
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < digests.size(); ++i) {
      threads.emplace_back([&, i] {
        digests[i] = (i % 2 == 0 ? store : other)->prepare({.packages = {"framelike"}}, {}, {})->info.digest;
      });
    }
  }
  EXPECT_EQ(std::set<std::string>(digests.begin(), digests.end()).size(), 1U);
  EXPECT_EQ(installer_.resolutions(), 1U);
}

TEST_P(EnvironmentStoreTest, ManyWhoAskForWhatIsNotThereAskTheIndexOnce) {
  const PackageIndex index([](LoopbackServer::Connection& connection) {
    connection.pause(std::chrono::seconds(1));  // until all wait
    return false;
  });
  const auto store = open(options_for(index));
  std::atomic<int> failures = 0;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 8; ++i) {
      threads.emplace_back([&] {
        failures +=
            code_of([&] { store->prepare({.packages = {"nothere"}}, {}, {}); }) == ErrorCode::environment_failed;
      });
    }
  }
  EXPECT_EQ(failures, 8);
  EXPECT_EQ(installer_.resolutions(), 1U);
}

TEST_P(EnvironmentStoreTest, TellsTwoWheelsThatHaveOneFile) {
  const auto store = open(folder_options());
  std::string sentence;
  EXPECT_EQ(code_of([&] { prepare(*store, {"first", "second"}); }, &sentence), ErrorCode::environment_failed);
  EXPECT_THAT(sentence, ::testing::AnyOf(HasSubstr("'first 1.0' and 'second 1.0' both have the file"),
                                         HasSubstr("'second 1.0' and 'first 1.0' both have the file")));
  EXPECT_THAT(sentence, HasSubstr("site-packages/shared_folder/__init__.py"));
  EXPECT_NO_THROW(prepare(*store, {"first", "third"}));  // the same content
}

TEST_P(EnvironmentStoreTest, NeverRemovesWhatIsInUse) {
  const auto store = open(folder_options());
  auto held = prepare(*store, {"framelike"});
  prepare(*store, {"tool"});
  const std::string directory = held->directory;
  EXPECT_GT(open(folder_options())->prune(0), 0U);
  EXPECT_TRUE(std::filesystem::exists(directory + "/site-packages/numlike/__init__.py"));
  ASSERT_EQ(store->list().size(), 1U);
  held.reset();
  EXPECT_GT(store->prune(0), 100'000U);
  EXPECT_EQ(store->list().size(), 0U);
  EXPECT_FALSE(std::filesystem::exists(directory));
  EXPECT_EQ(names_in_folder(directory_ / "store/wheels"), std::vector<std::string>());
}

TEST_P(EnvironmentStoreTest, RemovesTheLongestUnusedFirst) {
  const auto store = open(folder_options());
  const std::string old = prepare(*store, {"numlike"})->info.digest;
  const std::string young = prepare(*store, {"tool"})->info.digest;
  prepare(*store, {"tool"});
  store->prune(50'000);
  ASSERT_EQ(store->list().size(), 1U);
  EXPECT_EQ(store->list().front().info.digest, young);
  EXPECT_FALSE(store->find(old));
}

TEST_P(EnvironmentStoreTest, FindsByDigestAndItsBeginning) {
  const auto store = open(folder_options());
  const std::string digest = prepare(*store, {"tool"})->info.digest;
  EXPECT_EQ(store->find(digest)->info.digest, digest);
  EXPECT_EQ(store->find(digest.substr(0, 8))->info.digest, digest);
  EXPECT_FALSE(store->find(digest.substr(0, 7)));
  EXPECT_EQ(store->prepare({.name = digest.substr(0, 12)}, {}, {})->info.digest, digest);
  EXPECT_EQ(code_of([&] { store->prepare({.name = "00000000"}, {}, {}); }), ErrorCode::environment_failed);
}

TEST_P(EnvironmentStoreTest, KeepsFilesWhoseNamesDifferInCase) {
  const auto environment = prepare(*open(folder_options()), {"cases"});
  EXPECT_EQ(read_whole(environment->directory + "/site-packages/cases/Name.py"), "a = 1\n");
  EXPECT_EQ(read_whole(environment->directory + "/site-packages/cases/name.py"), "a = 2\n");
}

TEST_P(EnvironmentStoreTest, LeavesWhatDoesNotCompileAsItIs) {
  const auto environment = prepare(*open(folder_options()), {"broken-source"});
  EXPECT_EQ(read_whole(environment->directory + "/site-packages/broken_source/template.py"), "print 'two'\n");
}

TEST_P(EnvironmentStoreTest, RunsNoCodeOfAPackage) {
  const auto environment = prepare(*open(folder_options()), {"runs-code"});
  EXPECT_TRUE(std::filesystem::exists(environment->directory + "/site-packages/runs_code.pth"));
  const std::string bytecode =
      read_whole(environment->directory + "/site-packages/runs_code/__pycache__/__init__.cpython-311.pyc");
  EXPECT_THAT(bytecode, Not(HasSubstr("not the bytecode")));
}

TEST_P(EnvironmentStoreTest, RefusesWheelsThatReachOutOfTheirPlace) {
  for (const char* package : {"climbs", "climbs-inside", "absolute", "backslash", "data-climbs", "deep"}) {
    EXPECT_THAT(refusal(package), HasSubstr("has the path")) << package;
  }
  EXPECT_THAT(refusal("takes-place"), HasSubstr("matplotlib"));
  EXPECT_FALSE(std::filesystem::exists("/tmp/pysandbox-climbed"));
  EXPECT_FALSE(std::filesystem::exists("/tmp/pysandbox-absolute"));
}

TEST_P(EnvironmentStoreTest, RefusesLinksAndDevices) {
  EXPECT_THAT(refusal("links"), HasSubstr("is no regular file"));
  EXPECT_THAT(refusal("device"), HasSubstr("is no regular file"));
}

TEST_P(EnvironmentStoreTest, RefusesWhatGrowsTooMuch) {
  EXPECT_THAT(refusal("bomb"), HasSubstr("more than"));
  EXPECT_THAT(refusal("crowd"), HasSubstr("more than 50000 files"));
}

TEST_P(EnvironmentStoreTest, RefusesWhatItsRecordDoesNotSay) {
  EXPECT_THAT(refusal("record-lies"), HasSubstr("RECORD"));
  EXPECT_THAT(refusal("unrecorded"), HasSubstr("RECORD"));
  EXPECT_THAT(refusal("twice"), HasSubstr("twice"));
}

TEST_P(EnvironmentStoreTest, RefusesWhatIsNoWheelOfThatPackage) {
  refusal("innocent");
  refusal("nozip");
}

TEST_P(EnvironmentStoreTest, RemovesWhatADeadMakerLeft) {
  { open(folder_options()); }
  std::filesystem::create_directories(directory_ / "store/new/0123456789abcdef0123456789abcdef/half");
  std::ofstream(directory_ / "store/new/0123456789abcdef0123456789abcdef.lock");
  open(folder_options());
  EXPECT_EQ(names_in_folder(directory_ / "store/new"), std::vector<std::string>());
}

TEST(EnvironmentStoreOptionsTest, RefusesWhatMakesNoSense) {
  const TemporaryDirectory directory;
  const auto runner = make_native_runner();
  const auto opens = [&](const EnvironmentStoreOptions& options) {
    return code_of([&] { open_environment_store(directory / "store", *runner, options); });
  };
  EXPECT_EQ(opens({.no_index = true}), ErrorCode::invalid_request);
  EXPECT_EQ(opens({.index_urls = {"http://a b"}}), ErrorCode::invalid_request);
  EXPECT_EQ(opens({.find_links = {"--pre"}}), ErrorCode::invalid_request);
  EXPECT_EQ(opens({.resolve_timeout = std::chrono::seconds(0)}), ErrorCode::invalid_request);
}

}  // namespace
}  // namespace pysandbox::testing
