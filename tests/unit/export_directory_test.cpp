#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/fsuid.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <thread>
#include <vector>

#include <pysandbox/error.hpp>
#include <pysandbox/file_store.hpp>

#include "../support/bytes.hpp"
#include "../support/small_disk.hpp"
#include "../support/temporary_directory.hpp"

namespace pysandbox::testing {
namespace {

namespace fs = std::filesystem;
using namespace std::string_literals;

std::string content_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void write(const std::string& path, const std::string& text) { std::ofstream(path, std::ios::binary) << text; }

// Everything below, links and directories too.
std::set<std::string> names_below(const std::string& directory) {
  std::set<std::string> names;
  for (const auto& entry : fs::recursive_directory_iterator(directory)) {
    names.insert(fs::relative(entry.path().parent_path(), directory) / entry.path().filename());
  }
  return names;
}

// The directory "out" and, beside it, "outside", where nothing may change.
class ExportDirectory : public ::testing::Test {
 protected:
  void SetUp() override {
    fs::create_directory(directory_ / "outside");
    write(directory_ / "outside/file.txt", "untouched");
  }

  void TearDown() override {
    EXPECT_EQ(content_of(directory_ / "outside/file.txt"), "untouched");
    EXPECT_EQ(names_below(directory_ / "outside"), std::set<std::string>{"./file.txt"});
  }

  std::string out(const std::string& name = {}) const { return directory_ / (name.empty() ? "out" : "out/" + name); }

  ErrorCode refusal_of(const std::string& name) {
    return error_of([&] { store_->add(name, source_of("new")); }).value_or(ErrorCode::internal);
  }

  TemporaryDirectory directory_;
  std::unique_ptr<FileStore> store_ = open_export_directory(directory_ / "out");
};

TEST_F(ExportDirectory, WritesAFileUnderItsOwnName) {
  const StoredFile kept = store_->add("a.txt", source_of("hello"));
  EXPECT_EQ(kept.id, "a.txt");
  EXPECT_EQ(content_of(out("a.txt")), "hello");
}

TEST_F(ExportDirectory, MakesTheDirectoriesInAName) {
  const StoredFile kept = store_->add("sub/deep/b.txt", source_of("hello"));
  EXPECT_EQ(kept.id, "sub/deep/b.txt");
  EXPECT_EQ(content_of(out("sub/deep/b.txt")), "hello");
}

TEST_F(ExportDirectory, IsMadeWithItsFirstFile) {
  EXPECT_FALSE(fs::exists(out()));
  EXPECT_FALSE(store_->find("a.txt").has_value());
  EXPECT_FALSE(store_->remove("a.txt"));
  EXPECT_EQ(store_->remove_older_than(std::chrono::seconds(0)), 0U);
  EXPECT_FALSE(fs::exists(out()));
  store_->add("a.txt", source_of("a"));
  EXPECT_TRUE(fs::is_directory(out()));
}

TEST_F(ExportDirectory, LeavesNothingButTheFile) {
  store_->add("sub/a.txt", source_of(noise(100'000)));
  EXPECT_EQ(names_below(out()), (std::set<std::string>{"./sub", "sub/a.txt"}));
}

TEST_F(ExportDirectory, GivesFilesTheModeThatTheUmaskAsksFor) {
  const mode_t before = ::umask(027);
  store_->add("sub/a.txt", source_of("a"));
  ::umask(before);
  EXPECT_EQ(fs::status(out("sub/a.txt")).permissions(), fs::perms(0640));
  EXPECT_EQ(fs::status(out("sub")).permissions(), fs::perms(0750));
}

TEST_F(ExportDirectory, ReplacesAFileOfTheSameName) {
  store_->add("a.txt", source_of("a long first version"));
  const auto reader = store_->read("a.txt");
  const StoredFile second = store_->add("a.txt", source_of("second"));
  EXPECT_EQ(content_of(out("a.txt")), "second");
  EXPECT_EQ(store_->find("a.txt")->sha256, second.sha256);
  EXPECT_EQ(text_of(*reader), "a long first version");
}

TEST_F(ExportDirectory, LeavesTheOldFileWhenTheSourceFails) {
  store_->add("a.txt", source_of("old"));
  EXPECT_ANY_THROW(store_->add("a.txt", [](std::span<std::byte>) -> std::size_t { throw 1; }));
  EXPECT_EQ(content_of(out("a.txt")), "old");
  EXPECT_EQ(names_below(out()), std::set<std::string>{"./a.txt"});
}

TEST_F(ExportDirectory, FindsFilesThatSomebodyElsePutThere) {
  fs::create_directories(out("sub"));
  write(out("sub/abc.csv"), "abc");
  const auto found = store_->find("sub/abc.csv");
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->size, 3U);
  EXPECT_EQ(found->content_type, "text/csv; charset=utf-8");
  EXPECT_EQ(found->sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST_F(ExportDirectory, RefusesNamesThatLeadElsewhere) {
  for (const std::string& name : {"/etc/passwd"s,
                                  "/"s,
                                  ".."s,
                                  "../x"s,
                                  "sub/../x"s,
                                  "sub/.."s,
                                  "../outside/file.txt"s,
                                  "a/../../outside/file.txt"s,
                                  "."s,
                                  "./x"s,
                                  "sub/./x"s,
                                  ""s,
                                  "sub/"s,
                                  "sub//x"s,
                                  "//x"s,
                                  "x\0y"s,
                                  "sub\0/x"s,
                                  std::string(256, 'n'),
                                  "sub/" + std::string(256, 'n'),
                                  std::string(256, 'n') + "/x"}) {
    EXPECT_EQ(refusal_of(name), ErrorCode::invalid_request) << name;
  }
  std::string deep = "x";
  while (deep.size() < 5'000) deep += "/x";
  EXPECT_EQ(refusal_of(deep), ErrorCode::invalid_request);
  EXPECT_FALSE(fs::exists(out()));
}

TEST_F(ExportDirectory, TakesNamesWithDotsThatLeadNowhere) {
  for (const std::string& name : {"..."s, "..a"s, "a.."s, ".a/..b/c."s}) {
    store_->add(name, source_of(name));
    EXPECT_EQ(content_of(out(name)), name);
  }
}

TEST_F(ExportDirectory, TakesTheDeepestNameThereCanBe) {
  std::string deep = std::string(255, 'd');
  while (deep.size() + 256 <= 4'095) deep += "/" + std::string(255, 'd');
  store_->add(deep, source_of("deep"));
  EXPECT_EQ(text_of(*store_->read(deep)), "deep");
  EXPECT_EQ(store_->remove_older_than(std::chrono::seconds(0)), 1U);
}

TEST_F(ExportDirectory, DoesNotFollowALinkToADirectory) {
  fs::create_directory(out());
  fs::create_directory_symlink(directory_ / "outside", out("sub"));
  fs::create_directory_symlink("../outside", out("relative"));
  fs::create_directory_symlink(".", out("itself"));
  fs::create_directory_symlink("/proc/self/cwd", out("magic"));
  for (const std::string& name : {"sub/file.txt"s, "sub/deep/x"s, "relative/file.txt"s, "itself/x"s, "magic/x"s}) {
    EXPECT_EQ(refusal_of(name), ErrorCode::invalid_request) << name;
    EXPECT_FALSE(store_->find(name).has_value()) << name;
    EXPECT_FALSE(store_->read(name).has_value()) << name;
    EXPECT_FALSE(store_->remove(name)) << name;
  }
  EXPECT_EQ(names_below(out()).size(), 4U);
}

TEST_F(ExportDirectory, ReplacesALinkAndNotWhatItLeadsTo) {
  fs::create_directory(out());
  fs::create_symlink(directory_ / "outside/file.txt", out("a.txt"));
  fs::create_symlink("nowhere", out("b.txt"));
  store_->add("a.txt", source_of("a"));
  store_->add("b.txt", source_of("b"));
  EXPECT_TRUE(fs::is_regular_file(fs::symlink_status(out("a.txt"))));
  EXPECT_EQ(content_of(out("a.txt")), "a");
  EXPECT_EQ(content_of(out("b.txt")), "b");
}

TEST_F(ExportDirectory, FindsNoLinkAndNothingElseThatIsNotAFile) {
  fs::create_directories(out("directory"));
  fs::create_symlink(directory_ / "outside/file.txt", out("link"));
  ASSERT_EQ(::mkfifo(out("pipe").c_str(), 0600), 0);
  for (const std::string& name : {"directory"s, "link"s, "pipe"s, "link/x"s, "pipe/x"s}) {
    EXPECT_FALSE(store_->find(name).has_value()) << name;
    EXPECT_FALSE(store_->read(name).has_value()) << name;
    EXPECT_FALSE(store_->remove(name)) << name;
  }
  EXPECT_EQ(store_->remove_older_than(std::chrono::seconds(0)), 0U);
  EXPECT_EQ(names_below(out()).size(), 3U);
}

TEST_F(ExportDirectory, MayItselfBeReachedThroughALink) {
  fs::create_directory(directory_ / "real");
  fs::create_directory_symlink("real", out());
  store_->add("sub/a.txt", source_of("a"));
  EXPECT_EQ(content_of(directory_ / "real/sub/a.txt"), "a");
}

TEST_F(ExportDirectory, SaysThatAFileIsInTheWayOfADirectory) {
  store_->add("sub", source_of("a file"));
  const std::string message = message_of([&] { store_->add("sub/a.txt", source_of("a")); });
  EXPECT_EQ(refusal_of("sub/a.txt"), ErrorCode::invalid_request);
  EXPECT_NE(message.find("a file called 'sub' is in the way"), std::string::npos) << message;
  EXPECT_EQ(names_below(out()), std::set<std::string>{"./sub"});
}

TEST_F(ExportDirectory, SaysThatADirectoryIsInTheWayOfAFile) {
  fs::create_directories(out("a.txt"));
  fs::create_directories(out("full/inside"));
  const std::string message = message_of([&] { store_->add("a.txt", source_of("a")); });
  EXPECT_EQ(refusal_of("a.txt"), ErrorCode::invalid_request);
  EXPECT_EQ(refusal_of("full"), ErrorCode::invalid_request);
  EXPECT_NE(message.find("a directory called 'a.txt' is in the way"), std::string::npos) << message;
  EXPECT_EQ(names_below(out()), (std::set<std::string>{"./a.txt", "./full", "full/inside"}));
}

TEST_F(ExportDirectory, SaysThatTheDirectoryItselfIsAFile) {
  write(out(), "a file");
  const std::string message = message_of([&] { store_->add("a.txt", source_of("a")); });
  EXPECT_EQ(refusal_of("a.txt"), ErrorCode::unavailable);
  EXPECT_EQ(error_of([&] { store_->find("a.txt"); }), ErrorCode::unavailable);
  EXPECT_NE(message.find("Not a directory; choose another directory"), std::string::npos) << message;
  EXPECT_EQ(content_of(out()), "a file");
}

TEST_F(ExportDirectory, RefusesADirectoryWithoutAName) {
  EXPECT_EQ(error_of([] { open_export_directory(""); }), ErrorCode::invalid_request);
  EXPECT_EQ(error_of([] { open_export_directory("out\0/x"s); }), ErrorCode::invalid_request);
}

TEST_F(ExportDirectory, StaysWhereItIsWhenTheProcessMoves) {
  const fs::path before = fs::current_path();
  fs::current_path(directory_.path());
  const auto store = open_export_directory("relative");
  fs::current_path(before);
  store->add("a.txt", source_of("a"));
  EXPECT_EQ(content_of(directory_ / "relative/a.txt"), "a");
}

TEST_F(ExportDirectory, LetsTwoThreadsMakeTheSameDirectories) {
  const auto fill = [this](const std::string& file) {
    for (int i = 0; i < 100; ++i) store_->add("d" + std::to_string(i) + "/e/" + file, source_of(file));
  };
  std::thread one(fill, "one");
  std::thread two(fill, "two");
  one.join();
  two.join();
  EXPECT_EQ(store_->remove_older_than(std::chrono::seconds(0)), 200U);
}

TEST_F(ExportDirectory, RemovesOldFilesInEveryDirectoryButNotThroughALink) {
  store_->add("old.txt", source_of("old"));
  store_->add("sub/deep/old.txt", source_of("old"));
  store_->add("sub/new.txt", source_of("new"));
  fs::create_directory_symlink(directory_ / "outside", out("link"));
  for (const std::string& path : {out("old.txt"), out("sub/deep/old.txt"), directory_ / "outside/file.txt"}) {
    fs::last_write_time(path, fs::last_write_time(path) - std::chrono::hours(2));
  }
  EXPECT_EQ(store_->remove_older_than(std::chrono::hours(1)), 2U);
  EXPECT_EQ(names_below(out()), (std::set<std::string>{"./link", "./sub", "sub/deep", "sub/new.txt"}));
}

TEST_F(ExportDirectory, KeepsARenewedFileForItsWholeTime) {
  for (const std::string& name : {"used.txt"s, "sub/unused.txt"s}) {
    store_->add(name, source_of(name));
    fs::last_write_time(out(name), fs::last_write_time(out(name)) - std::chrono::hours(2));
  }
  EXPECT_TRUE(store_->renew("used.txt"));
  EXPECT_EQ(store_->remove_older_than(std::chrono::hours(1)), 1U);
  EXPECT_EQ(content_of(out("used.txt")), "used.txt");
  EXPECT_FALSE(store_->renew("sub/unused.txt"));
}

TEST_F(ExportDirectory, NeverRemovesAFileThatItSaidWasRenewed) {
  const auto other = open_export_directory(out());
  std::jthread sweeps([&](std::stop_token stop) {
    while (!stop.stop_requested()) other->remove_older_than(std::chrono::hours(1));
  });
  std::vector<std::string> kept;
  for (int i = 0; i < 2'000; ++i) {
    const std::string name = "f" + std::to_string(i);
    store_->add(name, source_of("a"));
    const timespec old[] = {{.tv_sec = 1'000'000'000, .tv_nsec = 0}, {.tv_sec = 1'000'000'000, .tv_nsec = 0}};
    ASSERT_EQ(::utimensat(AT_FDCWD, out(name).c_str(), old, 0), 0);
    if (store_->renew(name)) kept.push_back(name);
  }
  sweeps.request_stop();
  sweeps.join();
  EXPECT_FALSE(kept.empty());
  for (const std::string& name : kept) ASSERT_EQ(content_of(out(name)), "a") << name;
}

TEST_F(ExportDirectory, RenewsNothingThroughALink) {
  fs::create_directory(out());
  fs::create_symlink(directory_ / "outside/file.txt", out("link"));
  fs::create_directory_symlink(directory_ / "outside", out("sub"));
  const auto before = fs::last_write_time(directory_ / "outside/file.txt");
  EXPECT_FALSE(store_->renew("link"));
  EXPECT_FALSE(store_->renew("sub/file.txt"));
  EXPECT_EQ(fs::last_write_time(directory_ / "outside/file.txt"), before);
}

// What `call` throws when it runs as a user who owns nothing here. Only this thread changes its user, and back.
template <typename Call>
std::optional<ErrorCode> error_as_nobody(const Call& call) {
  const int before = ::setfsuid(65'534);
  const auto code = error_of(call);
  ::setfsuid(static_cast<uid_t>(before));
  return code;
}

TEST_F(ExportDirectory, SaysThatADirectoryMayNotBeWritten) {
  fs::create_directories(out("sub"));
  fs::permissions(out("sub"), fs::perms(0555));
  fs::permissions(directory_.path(), fs::perms(0755));
  const auto add = [&] { store_->add("sub/a.txt", source_of("a")); };
  EXPECT_EQ(::geteuid() == 0 ? error_as_nobody(add) : error_of(add), ErrorCode::unavailable);
  EXPECT_EQ(names_below(out()), std::set<std::string>{"./sub"});
}

TEST(ExportDirectoryOnASmallDisk, LeavesTheOldFileAndNothingElseWhenTheDiskIsFull) {
  const SmallDisk disk;
  PYSANDBOX_NEEDS(disk);
  const auto store = open_export_directory(disk.path());
  store->add("a.bin", source_of("old"));
  const auto add_too_much = [&] { store->add("a.bin", source_of(noise(200'000))); };
  EXPECT_EQ(error_of(add_too_much), ErrorCode::unavailable);
  const std::string message = message_of(add_too_much);
  EXPECT_NE(message.find("No space left on device; free some space"), std::string::npos) << message;
  EXPECT_EQ(content_of(disk.path() + "/a.bin"), "old");
  EXPECT_EQ(names_below(disk.path()), std::set<std::string>{"./a.bin"});
}

TEST(ExportDirectoryOnASmallDisk, SaysThatTheDiskIsReadOnly) {
  SmallDisk disk;
  PYSANDBOX_NEEDS(disk);
  const auto store = open_export_directory(disk.path());
  store->add("a.txt", source_of("a"));
  disk.make_read_only();
  EXPECT_EQ(error_of([&] { store->add("b.txt", source_of("b")); }), ErrorCode::unavailable);
  EXPECT_EQ(error_of([&] { store->add("sub/b.txt", source_of("b")); }), ErrorCode::unavailable);
  EXPECT_EQ(error_of([&] { store->remove("a.txt"); }), ErrorCode::unavailable);
  EXPECT_EQ(text_of(*store->read("a.txt")), "a");
}

TEST(ExportDirectoryOnASmallDisk, WritesAcrossAMount) {
  const SmallDisk disk;
  PYSANDBOX_NEEDS(disk);
  const auto store = open_export_directory(disk.directory_around());
  store->add("disk/sub/a.txt", source_of("a"));
  EXPECT_EQ(content_of(disk.path() + "/sub/a.txt"), "a");
  EXPECT_EQ(text_of(*store->read("disk/sub/a.txt")), "a");
  EXPECT_TRUE(store->remove("disk/sub/a.txt"));
}

}  // namespace
}  // namespace pysandbox::testing
