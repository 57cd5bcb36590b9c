// Packages that are built from source: with real installers, in real containers, from sources of the test's own.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <pysandbox/environment_store.hpp>
#include <pysandbox/error.hpp>

#include "package_index.hpp"
#include "packages/source_build.hpp"

namespace pysandbox::testing {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

// What no build may see or reach: a file of the host, and somebody who listens there.
struct Bait {
  TemporaryDirectory folder{};
  std::string secret = folder / "secret";
  LoopbackServer listener{[](LoopbackServer::Connection&) {}};

  Bait() {
    std::ofstream(secret) << "geheim-456";
    std::filesystem::permissions(secret, std::filesystem::perms(0644));
    std::filesystem::permissions(folder.path(), std::filesystem::perms(0777));
  }
};

Bait& bait() {
  static Bait one;
  return one;
}

// The sources of make_sources.py; made once for all tests of a program.
const std::string& source_folder() {
  static const TemporaryDirectory folder;
  static const bool made = [] {
    const std::string command = "/usr/bin/python3 -B '" PYSANDBOX_PACKAGES_DIR "/make_sources.py' '" + folder.path() +
                                "' '" + bait().secret + "' " + std::to_string(bait().listener.port());
    return std::system(command.c_str()) == 0;  // NOLINT: words of the test's own
  }();
  EXPECT_TRUE(made);
  return folder.path();
}

std::vector<std::string> files_below(const std::string& path) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(path)) names.push_back(entry.path().filename().string());
  return names;
}

class SourceBuild : public ::testing::Test {
 protected:
  explicit SourceBuild(const std::string& installer = CountedInstaller::uv().empty() ? "pip" : "uv")
      : installer_(installer) {}

  EnvironmentStoreOptions from_folder() const {
    EnvironmentStoreOptions options{.find_links = {source_folder()}, .no_index = true};
    options.allow_source_builds = true;
    options.installer = installer_.path();
    return options;
  }

  EnvironmentStoreOptions from_index(const PackageIndex& index) const {
    EnvironmentStoreOptions options{.index_urls = {index.url()}};
    options.allow_source_builds = true;
    options.installer = installer_.path();
    return options;
  }

  std::unique_ptr<EnvironmentStore> open(const EnvironmentStoreOptions& options) const {
    return open_environment_store(directory_ / "store", *runner_, options);
  }

  std::shared_ptr<const Environment> prepare(EnvironmentStore& store, const std::string& package) {
    heard_.clear();
    return store.prepare({.packages = {package}}, [this](std::string_view sentence) { heard_.emplace_back(sentence); },
                         {});
  }

  std::string refusal(EnvironmentStore& store, const std::string& package) {
    std::string sentence;
    EXPECT_EQ(code_of([&] { prepare(store, package); }, &sentence), ErrorCode::environment_failed) << package;
    EXPECT_THAT(sentence, Not(HasSubstr("\n"))) << package;
    return sentence;
  }

  // Of a source that must not be taken: nothing of it is left.
  std::string refusal(const std::string& package, std::chrono::seconds timeout = std::chrono::seconds(60)) {
    EnvironmentStoreOptions options = from_folder();
    options.build_timeout = timeout;
    options.max_environment_bytes = 96ULL << 20;
    const auto store = open(options);
    const std::string sentence = refusal(*store, package);
    EXPECT_THAT(sentence, HasSubstr(package));
    EXPECT_THAT(files_below(directory_ / "store/wheels"), IsEmpty()) << package;
    EXPECT_THAT(files_below(directory_ / "store/built"), IsEmpty()) << package;
    EXPECT_THAT(files_below(directory_ / "store/environments"), IsEmpty()) << package;
    EXPECT_THAT(files_below(directory_ / "store/new"), IsEmpty()) << package;
    expect_nothing_escaped();
    return sentence;
  }

  // The same of what the containers alone decide, without an index.
  std::string refused_by_containers(const std::string& package) {
    const packages::Interpreter interpreter = packages::ask_interpreter(*runner_);
    packages::SourceFile source{.name = package, .version = "1.0", .file = package + "-1.0.tar.gz"};
    if (!std::filesystem::exists(source_folder() + "/" + source.file)) source.file = package + "-1.0.zip";
    const packages::SourceBuildTask task{source, source_folder() + "/" + source.file, std::chrono::seconds(60),
                                         96ULL << 20};
    const TemporaryDirectory place;
    std::string sentence;
    const auto build = [&] {
      packages::build_requirements(task, *runner_, {});
      packages::build_source(task, "", packages::Needs::may_ask_for_more, interpreter, place.path(), *runner_, {});
    };
    EXPECT_EQ(code_of(build, &sentence), ErrorCode::environment_failed) << package;
    EXPECT_THAT(sentence, HasSubstr("The source of '" + package + " 1.0' cannot be used: "));
    EXPECT_THAT(sentence, Not(HasSubstr("\n"))) << package;
    expect_nothing_escaped();
    return sentence;
  }

  static void expect_nothing_escaped() {
    EXPECT_EQ(files_below(bait().folder.path()), std::vector<std::string>{"secret"});
    EXPECT_EQ(bait().listener.connections(), 0U);
    EXPECT_FALSE(std::filesystem::exists("/tmp/pysandbox-climbed"));
    EXPECT_FALSE(std::filesystem::exists("/usr/escaped"));
  }

  std::string text_of(const Environment& environment, const std::string& file) const {
    return read_whole(environment.directory + "/site-packages/" + file);
  }

  TemporaryDirectory directory_;
  CountedInstaller installer_;
  std::unique_ptr<ContainerRunner> runner_ = make_native_runner();
  std::vector<std::string> heard_;
};

// What depends on how an installer says that there is no wheel.
class SourceBuildByInstaller : public SourceBuild, public ::testing::WithParamInterface<const char*> {
 protected:
  SourceBuildByInstaller() : SourceBuild(GetParam()) {}

  void SetUp() override {
    if (std::string(GetParam()) != "uv" || !CountedInstaller::uv().empty()) return;
    ASSERT_EQ(std::getenv("CI"), nullptr) << "uv is missing; run scripts/install_uv.sh";
    GTEST_SKIP() << "there is no uv here; scripts/install_uv.sh installs it";
  }
};

INSTANTIATE_TEST_SUITE_P(Installers, SourceBuildByInstaller, ::testing::Values("uv", "pip"),
                         [](const auto& test) { return test.param; });

TEST_P(SourceBuildByInstaller, TakesTheNewestSourceThatIsGoodForHere) {
  const PackageIndex index({}, PackageIndex::Hashes::told, source_folder());
  const auto store = open(from_index(index));
  const auto environment = prepare(*store, "srclike");
  EXPECT_EQ(environment->info.packages, (std::vector<Package>{{"srclike", "2.0"}}));
  EXPECT_EQ(text_of(*environment, "srclike/__init__.py"), "value = '2.0'\n");
  EXPECT_THAT(heard_, Contains("building srclike 2.0 from source"));
  EXPECT_EQ(prepare(*store, "srclike")->info.digest, environment->info.digest);
  EXPECT_THAT(heard_, IsEmpty());
}

TEST_P(SourceBuildByInstaller, BuildsWhatAnotherPackageNeeds) {
  const PackageIndex index({}, PackageIndex::Hashes::told, source_folder());
  auto options = from_index(index);
  options.require_hashes = true;
  const auto environment = prepare(*open(options), "needsrc");
  EXPECT_EQ(environment->info.packages, (std::vector<Package>{{"needsrc", "1.0"}, {"srclike", "1.0"}}));
}

TEST_P(SourceBuildByInstaller, PrefersAWheelAndBuildsWhereItIsTooOld) {
  const auto store = open(from_folder());
  EXPECT_EQ(prepare(*store, "half")->info.packages, (std::vector<Package>{{"half", "1.0"}}));
  const std::vector<Package> both{{"half", "2.0"}, {"needshalf", "1.0"}};
  EXPECT_EQ(prepare(*store, "needshalf")->info.packages, both);
  std::vector<std::string> heard;
  const auto hear = [&](std::string_view sentence) { heard.emplace_back(sentence); };
  EXPECT_EQ(store->prepare({.packages = {"needshalf", "half"}}, hear, {})->info.packages, both);  // a conflict, to pip
  EXPECT_THAT(heard, Not(Contains(HasSubstr("building")))) << "one build serves all";
}

TEST_P(SourceBuildByInstaller, BuildsNothingUnlessItIsAllowed) {
  auto options = from_folder();
  options.allow_source_builds = false;
  const auto store = open(options);
  EXPECT_THAT(refusal(*store, "srclike"), HasSubstr("'srclike'"));
  prepare(*open(from_folder()), "srclike");  // that it was built for others permits nothing
  EXPECT_THAT(refusal(*store, "srclike"), HasSubstr("'srclike'"));
}

TEST_P(SourceBuildByInstaller, SaysThatThereIsNoSourceEither) {
  const PackageIndex index({}, PackageIndex::Hashes::told, source_folder());
  const auto store = open(from_index(index));
  EXPECT_THAT(refusal(*store, "srclike>7"), HasSubstr("srclike"));
  EXPECT_THAT(refusal(*store, "nothing-of-that-name"), HasSubstr("there is no package 'nothing-of-that-name'"));
}

TEST_F(SourceBuild, BuildsOneAfterTheOther) {
  const auto environment = prepare(*open(from_folder()), "srcneeds");
  EXPECT_EQ(environment->info.packages,
            (std::vector<Package>{{"numlike", "2.0"}, {"srclike", "1.0"}, {"srcneeds", "1.0"}}));
}

// A variable of this process for as long as it lives.
class Variable {
 public:
  Variable(const char* name, const std::string& value) : name_(name) { ::setenv(name, value.c_str(), 1); }
  ~Variable() { ::unsetenv(name_); }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;

 private:
  const char* name_;
};

// An index that lets nobody in but somebody with geheim-789.
bool let_in(LoopbackServer::Connection& connection) {
  if (connection.header("Authorization") == "Basic c29tZWJvZHk6Z2VoZWltLTc4OQ==") return false;
  connection.send("HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"x\"\r\nContent-Length: 0\r\n\r\n");
  return true;
}

TEST_P(SourceBuildByInstaller, KnowsTheNetrcFile) {
  const PackageIndex index(let_in, PackageIndex::Hashes::told, source_folder());
  std::ofstream(directory_ / "netrc") << "machine 127.0.0.1 login somebody password geheim-789\n";
  std::filesystem::permissions(directory_ / "netrc", std::filesystem::perms(0600));
  const Variable netrc("NETRC", directory_ / "netrc");
  const auto environment = prepare(*open(from_index(index)), "srcneeds");
  EXPECT_EQ(environment->info.packages.size(), 3U);
  const std::string words = "grep -r -l geheim-789 '" + directory_.path() + "/store'";
  EXPECT_NE(std::system(words.c_str()), 0) << "a password lies in the store";  // NOLINT: words of the test's own
}

TEST_F(SourceBuild, KnowsTheNameAndPasswordOfAnIndexThatHasAName) {
  if (CountedInstaller::uv().empty()) {
    ASSERT_EQ(std::getenv("CI"), nullptr) << "uv is missing; run scripts/install_uv.sh";
    GTEST_SKIP() << "there is no uv here; scripts/install_uv.sh installs it";
  }
  const PackageIndex index(let_in, PackageIndex::Hashes::told, source_folder());
  const Variable place("UV_DEFAULT_INDEX", "inner=" + index.url()), user("UV_INDEX_INNER_USERNAME", "somebody"),
      password("UV_INDEX_INNER_PASSWORD", "geheim-789");
  EnvironmentStoreOptions options;
  options.allow_source_builds = true;
  options.installer = installer_.path();
  const auto environment = prepare(*open(options), "srcneeds");
  EXPECT_EQ(environment->info.packages.size(), 3U);
  for (const auto& sentence : heard_) EXPECT_THAT(sentence, Not(HasSubstr("geheim")));
  const std::string words = "grep -r -l geheim-789 '" + directory_.path() + "/store'";
  EXPECT_NE(std::system(words.c_str()), 0) << "a password lies in the store";  // NOLINT: words of the test's own
}

TEST_F(SourceBuild, TakesAnEarlyOrYankedVersionForWhoeverAsksForIt) {
  const PackageIndex index({}, PackageIndex::Hashes::told, source_folder());
  const auto store = open(from_index(index));
  EXPECT_EQ(prepare(*store, "srclike==2.5")->info.packages, (std::vector<Package>{{"srclike", "2.5"}}));
  EXPECT_EQ(prepare(*store, "srclike>=3.0rc1")->info.packages, (std::vector<Package>{{"srclike", "3.0rc1"}}));
}

TEST_F(SourceBuild, ChecksTheHashOfASource) {
  const PackageIndex wrong({}, PackageIndex::Hashes::wrong, source_folder());
  EXPECT_THAT(refusal(*open(from_index(wrong)), "srclike==1.0"), HasSubstr("SHA-256"));
  const PackageIndex untold({}, PackageIndex::Hashes::left_out, source_folder());
  auto options = from_index(untold);
  options.require_hashes = true;
  EXPECT_THAT(refusal(*open(options), "srclike==1.0"), HasSubstr("no SHA-256 of the source of 'srclike 1.0'"));
  EXPECT_THAT(heard_, Not(Contains(HasSubstr("building"))));
}

TEST_F(SourceBuild, IsBuiltInAnEnvironmentOfWhatItNeeds) {
  const auto store = open(from_folder());
  EXPECT_EQ(text_of(*prepare(*store, "withtool"), "withtool/__init__.py"), "value = 'by a tool'\n");
  ASSERT_EQ(store->list().size(), 2U);
  EXPECT_THAT(store->list(), Contains(::testing::ResultOf([](const Environment& one) { return one.info.packages; },
                                                          std::vector<Package>{{"buildtool", "1.0"}})));
}

TEST_F(SourceBuild, BuildsWhatItsBuildNeedsAndWhatItAsksForLater) {
  const auto store = open(from_folder());
  EXPECT_EQ(text_of(*prepare(*store, "deep"), "deep/__init__.py"), "value = 'deep'\n");
  EXPECT_THAT(heard_, Contains("building srcbackend 1.0 from source"));
  EXPECT_EQ(text_of(*prepare(*store, "asksmore"), "asksmore/__init__.py"), "value = 42\n");
}

TEST_F(SourceBuild, ReadsZipFilesAndFollowsLinksWithin) {
  const auto store = open(from_folder());
  EXPECT_EQ(text_of(*prepare(*store, "zipped"), "zipped/__init__.py"), "value = '1.0'\n");
  EXPECT_EQ(text_of(*prepare(*store, "linked"), "linked/__init__.py"), "value = 'followed'\n");
}

TEST_F(SourceBuild, CompilesAnExtension) {
  if (std::system("gcc --version >/dev/null 2>&1 && test -e /usr/include/python3.11/Python.h") != 0) {  // NOLINT
    ASSERT_EQ(std::getenv("CI"), nullptr) << "gcc or Python.h is missing; run scripts/packages.sh";
    GTEST_SKIP() << "there is no gcc or no Python.h here";
  }
  const auto environment = prepare(*open(from_folder()), "answer");
  const auto container = runner_->open({.environment_directory = environment->directory});
  Program program;
  program.entry_point = "main.py";
  program.code = "import answer\nprint(answer.give())\n";
  const RunResult result = container->run(program, {});
  EXPECT_EQ(result.stdout, "42\n") << result.stderr;
}

TEST_F(SourceBuild, HasOneDigestHoweverOftenItIsBuilt) {
  const auto store = open(from_folder());
  auto first = prepare(*store, "changes");
  const std::string digest = first->info.digest, bytes = text_of(*first, "changes/when.txt");
  first.reset();
  store->prune(0);
  EXPECT_THAT(files_below(directory_ / "store/built"), IsEmpty());
  const auto again = prepare(*store, "changes");
  EXPECT_THAT(heard_, Contains("building changes 1.0 from source"));
  EXPECT_EQ(again->info.digest, digest);
  EXPECT_NE(text_of(*again, "changes/when.txt"), bytes);
}

TEST_F(SourceBuild, KeepsInItsLockWhatWasBuiltFromWhat) {
  const auto store = open(from_folder());
  prepare(*store, "withtool");
  std::string locks;
  for (const auto& file : files_below(directory_ / "store/requests")) {
    locks += read_whole(directory_ / ("store/requests/" + file));
  }
  EXPECT_THAT(locks, HasSubstr(packages::sha256_of_file(source_folder() + "/withtool-1.0.tar.gz")));
  const std::string built = directory_ / ("store/built/" + files_below(directory_ / "store/built").at(0));
  EXPECT_THAT(locks, HasSubstr(packages::sha256_of_file(built + "/withtool-1.0-py3-none-any.whl")));
  EXPECT_THAT(locks, HasSubstr(store->find(prepare(*store, "buildtool")->info.digest)->info.digest));
}

TEST_F(SourceBuild, OneOfManyBuildsAndAllGetIt) {
  const auto store = open(from_folder()), other = open(from_folder());
  std::vector<std::string> digests(6);
  std::atomic<int> builds = 0;
  {
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < digests.size(); ++i) {
      threads.emplace_back([&, i] {
        // Two sets that need one source.
        const auto hear = [&](std::string_view sentence) { builds += sentence == "building srclike 1.0 from source"; };
        const char* package = i % 2 == 0 ? "srclike<2" : "needsrc";
        digests[i] = (i % 3 == 0 ? store : other)->prepare({.packages = {package}}, hear, {})->info.digest;
      });
    }
  }
  EXPECT_EQ(std::set<std::string>(digests.begin(), digests.end()).size(), 2U);
  EXPECT_EQ(files_below(directory_ / "store/built").size(), 1U);
}

TEST_F(SourceBuild, NeitherWaitsForItselfNorForTheOtherOfTwoThatNeedEachOther) {
  const auto store = open(from_folder());
  std::string sentence, other;
  {
    const std::jthread one([&] { code_of([&] { store->prepare({.packages = {"cycle-a"}}, {}, {}); }, &sentence); });
    const std::jthread two([&] { code_of([&] { store->prepare({.packages = {"cycle-b"}}, {}, {}); }, &other); });
  }
  for (const auto& said : {sentence, other}) {
    EXPECT_THAT(said, HasSubstr("needed to build itself")) << said;
    EXPECT_THAT(said, HasSubstr("cycle-b 1.0, which needs cycle-a 1.0"));
  }
}

TEST_F(SourceBuild, BuildsOnlySoManyForOneRequest) {
  auto options = from_folder();
  options.max_source_builds = 3;
  EXPECT_THAT(refusal(*open(options), "many-0"), HasSubstr("3 others were needed before it"));
}

TEST_F(SourceBuild, BuildsOnlySoDeep) {
  EXPECT_THAT(
      refusal(*open(from_folder()), "depth-0"),
      HasSubstr("'depth-0 1.0, which needs depth-1 1.0, which needs depth-2 1.0, which needs depth-3 1.0, which "
                "needs depth-4 1.0'"));
}

TEST_F(SourceBuild, CanBeStopped) {
  const auto store = open(from_folder());
  std::stop_source source;
  const auto hear = [&](std::string_view sentence) {
    if (sentence == "building sleeps 1.0 from source") source.request_stop();
  };
  EXPECT_EQ(code_of([&] { store->prepare({.packages = {"sleeps"}}, hear, source.get_token()); }), ErrorCode::conflict);
}

TEST_F(SourceBuild, ReachesNothingOfTheHost) {
  const auto environment = prepare(*open(from_folder()), "attacks");
  const std::string report = text_of(*environment, "attacks/report.txt");
  EXPECT_THAT(report, AllOf(HasSubstr("read the secret: refused"), HasSubstr("become root: refused")));
  EXPECT_THAT(report, Not(HasSubstr("SUCCEEDED"))) << report;
  EXPECT_THAT(report, Not(HasSubstr("geheim-456")));
  expect_nothing_escaped();
}

TEST_F(SourceBuild, IsTakenOnlyWhenNobodyCanChangeItAnyMore) {
  EXPECT_EQ(text_of(*prepare(*open(from_folder()), "leaves"), "leaves/__init__.py").substr(0, 7), "value =");
  expect_nothing_escaped();
}

TEST_F(SourceBuild, HasLimits) {
  EXPECT_THAT(refusal("forks"), HasSubstr("limit processes"));
  EXPECT_THAT(refusal("sleeps", std::chrono::seconds(2)), HasSubstr("limit time_limit"));
  EXPECT_THAT(refusal("huge"), HasSubstr("limit"));
}

TEST_F(SourceBuild, TellsTheEndOfWhatAFailedBuildSaid) {
  EXPECT_THAT(refusal("fails"), AllOf(HasSubstr("'fails 1.0'"), HasSubstr("looking for a compiler"),
                                      HasSubstr("RuntimeError: the compiler is on holiday")));
  EXPECT_THAT(refused_by_containers("dies"), HasSubstr("SIGSEGV"));
  for (const char* package : {"quits", "nothing", "linkwheel"}) {
    EXPECT_THAT(refused_by_containers(package), HasSubstr("made no wheel")) << package;
  }
}

TEST_F(SourceBuild, RefusesWheelsOfSomethingElse) {
  EXPECT_THAT(refusal("climbs"), HasSubstr("has the path"));
  EXPECT_THAT(refusal("liar"), HasSubstr("no dist-info of liar"));
  EXPECT_THAT(refused_by_containers("another"), HasSubstr("a wheel of something else"));
  EXPECT_THAT(refused_by_containers("older"), HasSubstr("a wheel of something else"));
  EXPECT_THAT(refused_by_containers("foreign"), HasSubstr("is not for Python 3.11"));
  EXPECT_THAT(refused_by_containers("twofold"), HasSubstr("more than one file"));
  EXPECT_THAT(refused_by_containers("strange"), HasSubstr("the name of no wheel"));
}

TEST_F(SourceBuild, RefusesArchivesThatReachOut) {
  EXPECT_THAT(refusal("linkout"), HasSubstr("leads out of it"));
  EXPECT_THAT(refused_by_containers("linkup"), HasSubstr("leads out of it"));
  EXPECT_THAT(refused_by_containers("hardlink"), HasSubstr("leads out of it"));
  EXPECT_THAT(refused_by_containers("climbing"), HasSubstr("has the path"));
  EXPECT_THAT(refused_by_containers("rooted"), HasSubstr("has the path"));
  EXPECT_THAT(refused_by_containers("device"), HasSubstr("no regular file"));
  EXPECT_THAT(refused_by_containers("ziplink"), HasSubstr("no regular file"));
  EXPECT_THAT(refused_by_containers("crowded"), HasSubstr("more than one folder"));
  EXPECT_THAT(refused_by_containers("bomb"), HasSubstr("more than"));
  refused_by_containers("noarchive");
}

TEST_F(SourceBuild, RefusesNeedsThatAreNoRequirements) {
  EXPECT_THAT(refused_by_containers("addresses"), HasSubstr("addresses are not allowed"));
  EXPECT_THAT(refused_by_containers("options"), HasSubstr("is no requirement"));
  EXPECT_THAT(refused_by_containers("asksagain"), HasSubstr("is no requirement"));
  EXPECT_THAT(refusal("lost"), HasSubstr("what it needs to be built cannot be had"));
  EXPECT_THAT(refused_by_containers("pathout"), HasSubstr("leads out of it"));
  EXPECT_THAT(refused_by_containers("badtoml"), HasSubstr("pyproject.toml cannot be read"));
}

}  // namespace
}  // namespace pysandbox::testing
