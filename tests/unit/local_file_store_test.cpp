#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <thread>
#include <vector>

#include <pysandbox/error.hpp>
#include <pysandbox/file_store.hpp>

#include "../support/bytes.hpp"
#include "../support/small_disk.hpp"
#include "../support/temporary_directory.hpp"
#include "support/random_id.hpp"
#include "support/unique_fd.hpp"

namespace pysandbox::testing {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> files_below(const std::string& directory) {
  std::vector<std::string> paths;
  for (const auto& entry : fs::recursive_directory_iterator(directory)) {
    if (!entry.is_directory()) paths.push_back(fs::relative(entry.path(), directory).string());
  }
  return paths;
}

std::string path_of(const TemporaryDirectory& directory, const FileId& id) {
  return directory / (id.substr(0, 2) + "/" + id);
}

mode_t mode_of(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 ? status.st_mode & 07777 : 0;
}

void make_older(const std::string& path, std::chrono::seconds age) {
  fs::last_write_time(path, fs::last_write_time(path) - age);
}

TEST(LocalFileStore, GivesIdsThatNobodyCanGuess) {
  const TemporaryDirectory directory;
  const auto store = open_local_file_store(directory.path());
  const StoredFile one = store->add("same", source_of("same"));
  const StoredFile two = store->add("same", source_of("same"));
  EXPECT_TRUE(is_random_id(one.id));
  EXPECT_NE(one.id, two.id);
}

TEST(LocalFileStore, MakesItsDirectoryForItsOwnerOnly) {
  const TemporaryDirectory directory;
  const auto store = open_local_file_store(directory / "new/store");
  const StoredFile kept = store->add("a.txt", source_of("a"));
  EXPECT_EQ(mode_of(directory / "new"), 0700U);
  EXPECT_EQ(mode_of(directory / "new/store"), 0700U);
  EXPECT_EQ(mode_of(directory / ("new/store/" + kept.id.substr(0, 2))), 0700U);
  EXPECT_EQ(mode_of(directory / ("new/store/" + kept.id.substr(0, 2) + "/" + kept.id)), 0600U);
}

TEST(LocalFileStore, KeepsNothingButWholeFilesOnDisk) {
  const TemporaryDirectory directory;
  const auto store = open_local_file_store(directory.path());
  const StoredFile kept = store->add("a.txt", source_of("a"));
  EXPECT_EQ(files_below(directory.path()), std::vector<std::string>{kept.id.substr(0, 2) + "/" + kept.id});
  store->remove(kept.id);
  EXPECT_TRUE(files_below(directory.path()).empty());
}

TEST(LocalFileStore, LeavesNothingOnDiskWhenTheSourceFails) {
  const TemporaryDirectory directory;
  const auto store = open_local_file_store(directory.path());
  EXPECT_ANY_THROW(store->add("a.txt", [](std::span<std::byte>) -> std::size_t { throw 1; }));
  EXPECT_TRUE(files_below(directory.path()).empty());
}

TEST(LocalFileStore, RefusesASourceThatCountsWrongly) {
  const TemporaryDirectory directory;
  const auto store = open_local_file_store(directory.path());
  const ByteSource lying = [](std::span<std::byte> buffer) { return buffer.size() + 1; };
  EXPECT_EQ(error_of([&] { store->add("a.txt", lying); }), ErrorCode::internal);
  EXPECT_TRUE(files_below(directory.path()).empty());
}

TEST(LocalFileStore, RefusesANameWithoutEnd) {
  const TemporaryDirectory directory;
  const auto store = open_local_file_store(directory.path());
  EXPECT_EQ(error_of([&] { store->add(std::string(1 << 20, 'n'), source_of("")); }), ErrorCode::invalid_request);
  const StoredFile longest = store->add(std::string(64 << 10, 'n'), source_of("x"));
  EXPECT_EQ(store->find(longest.id)->name.size(), 64U << 10);
}

TEST(LocalFileStore, IsNotFooledByBytesThatLookLikeItsOwnRecords) {
  const TemporaryDirectory directory;
  const auto store = open_local_file_store(directory.path());
  const StoredFile first = store->add("secret.txt", source_of("secret"));
  std::ifstream file(path_of(directory, first.id), std::ios::binary);
  const std::string with_record{std::istreambuf_iterator<char>(file), {}};
  ASSERT_GT(with_record.size(), 6U);

  const StoredFile second = store->add("copy.bin", source_of(with_record));
  EXPECT_EQ(store->find(second.id)->name, "copy.bin");
  EXPECT_TRUE(text_of(*store->read(second.id)) == with_record);
}

TEST(LocalFileStore, SaysThatAFileIsDamagedInPlaceOfGivingOtherBytes) {
  const TemporaryDirectory directory;
  const auto store = open_local_file_store(directory.path());
  const std::string whole = noise(100);
  for (const std::uintmax_t left : {std::uintmax_t{0}, std::uintmax_t{10}, std::uintmax_t{150}}) {
    const StoredFile kept = store->add("a.bin", source_of(whole));
    fs::resize_file(path_of(directory, kept.id), left);
    EXPECT_EQ(error_of([&] { store->find(kept.id); }), ErrorCode::unavailable);
    EXPECT_EQ(error_of([&] { store->read(kept.id); }), ErrorCode::unavailable);
    EXPECT_TRUE(store->remove(kept.id));
  }
}

TEST(LocalFileStore, SaysThatAFileIsDamagedWhenBytesAreMissingInTheMiddle) {
  const TemporaryDirectory directory;
  const auto store = open_local_file_store(directory.path());
  const StoredFile kept = store->add("a.bin", source_of(noise(100)));
  std::ifstream in(path_of(directory, kept.id), std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(in), {}};
  std::ofstream(path_of(directory, kept.id), std::ios::binary | std::ios::trunc) << bytes.substr(1);
  EXPECT_EQ(error_of([&] { store->find(kept.id); }), ErrorCode::unavailable);
}

TEST(LocalFileStore, DoesNotFollowALinkInPlaceOfAFile) {
  const TemporaryDirectory directory;
  const auto store = open_local_file_store(directory.path());
  const StoredFile kept = store->add("a.txt", source_of("a"));
  fs::rename(path_of(directory, kept.id), directory / "elsewhere");
  fs::create_symlink(directory / "elsewhere", path_of(directory, kept.id));
  EXPECT_EQ(error_of([&] { store->read(kept.id); }), ErrorCode::unavailable);
}

TEST(LocalFileStore, RemovesOldFilesAndKeepsNewOnes) {
  const TemporaryDirectory directory;
  const auto store = open_local_file_store(directory.path());
  const StoredFile old = store->add("old", source_of("old"));
  const StoredFile recent = store->add("new", source_of("new"));
  make_older(path_of(directory, old.id), std::chrono::hours(2));
  EXPECT_EQ(store->remove_older_than(std::chrono::hours(1)), 1U);
  EXPECT_FALSE(store->find(old.id).has_value());
  EXPECT_TRUE(store->find(recent.id).has_value());
}

TEST(LocalFileStore, LeavesForeignFilesAloneWhenItRemovesOldOnes) {
  const TemporaryDirectory directory;
  const auto store = open_local_file_store(directory.path());
  const StoredFile kept = store->add("a", source_of("a"));
  std::ofstream(directory / "README") << "mine";
  std::ofstream(directory / (kept.id.substr(0, 2) + "/README")) << "mine";
  EXPECT_EQ(store->remove_older_than(std::chrono::seconds(0)), 1U);
  EXPECT_EQ(files_below(directory.path()).size(), 2U);
}

TEST(LocalFileStore, RemovesWhatACrashedProcessLeftBehind) {
  const TemporaryDirectory directory;
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const auto store = open_local_file_store(directory.path());
    store->add("half.bin", [](std::span<std::byte> buffer) -> std::size_t {
      static int calls = 0;
      if (++calls > 2) ::raise(SIGKILL);
      return buffer.size();
    });
    ::_exit(0);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status));
  ASSERT_EQ(files_below(directory.path()).size(), 1U);

  const auto store = open_local_file_store(directory.path());
  EXPECT_TRUE(files_below(directory.path()).empty());
  EXPECT_EQ(store->remove_older_than(std::chrono::seconds(0)), 0U);
}

TEST(LocalFileStore, LeavesWhatAnotherIsWritingAlone) {
  const TemporaryDirectory directory;
  const auto store = open_local_file_store(directory.path());
  ByteSource bytes = source_of("written meanwhile");
  const StoredFile kept = store->add("a.txt", [&](std::span<std::byte> buffer) {
    open_local_file_store(directory.path());
    return bytes(buffer);
  });
  EXPECT_EQ(text_of(*store->read(kept.id)), "written meanwhile");
}

// Opening a store tidies up; a file that was made but not yet locked looks abandoned. Memory is quick enough to meet
// that moment.
TEST(LocalFileStore, LosesNoFileWhenStoresAreOpenedAllTheTime) {
  const TemporaryDirectory directory(fs::exists("/dev/shm") ? "/dev/shm" : fs::temp_directory_path());
  const auto store = open_local_file_store(directory.path());
  constexpr std::size_t count = 5'000;
  std::vector<FileId> ids;
  std::jthread opener([&](std::stop_token stop) {
    while (!stop.stop_requested()) open_local_file_store(directory.path());
  });
  for (std::size_t i = 0; i < count; ++i) ids.push_back(store->add("a", source_of("a")).id);
  opener.request_stop();
  opener.join();
  for (const FileId& id : ids) ASSERT_TRUE(store->find(id).has_value());
  EXPECT_EQ(files_below(directory.path()).size(), count);
}

TEST(LocalFileStore, SaysThatTheDirectoryIsAFile) {
  const TemporaryDirectory directory;
  std::ofstream(directory / "file") << "x";
  EXPECT_EQ(error_of([&] { open_local_file_store(directory / "file"); }), ErrorCode::unavailable);
  EXPECT_EQ(error_of([&] { open_local_file_store(directory / "file/below"); }), ErrorCode::unavailable);
  const std::string message = message_of([&] { open_local_file_store(directory / "file"); });
  EXPECT_NE(message.find("Not a directory"), std::string::npos) << message;
  EXPECT_NE(message.find("choose another directory"), std::string::npos) << message;
}

TEST(LocalFileStore, RefusesADirectoryWithoutAName) {
  EXPECT_EQ(error_of([] { open_local_file_store(""); }), ErrorCode::invalid_request);
  EXPECT_EQ(error_of([] { open_local_file_store(std::string("/tmp\0/x", 7)); }), ErrorCode::invalid_request);
}

TEST(LocalFileStore, KeepsNothingOnAFullDiskAndSaysSo) {
  const SmallDisk disk;
  PYSANDBOX_NEEDS(disk);
  const auto store = open_local_file_store(disk.path());
  const StoredFile before = store->add("small.txt", source_of("fits"));
  const std::vector<std::string> files = files_below(disk.path());

  const auto add_too_much = [&] { store->add("large.bin", source_of(noise(200'000))); };
  EXPECT_EQ(error_of(add_too_much), ErrorCode::unavailable);
  const std::string message = message_of(add_too_much);
  EXPECT_NE(message.find("'large.bin'"), std::string::npos) << message;
  EXPECT_NE(message.find("No space left on device; free some space"), std::string::npos) << message;

  EXPECT_EQ(files_below(disk.path()), files);
  EXPECT_EQ(text_of(*store->read(before.id)), "fits");
  EXPECT_EQ(text_of(*store->read(store->add("next.txt", source_of("fits too")).id)), "fits too");
}

TEST(LocalFileStore, KeepsNothingWhenOnlyItsOwnRecordDoesNotFit) {
  const SmallDisk disk;
  PYSANDBOX_NEEDS(disk);
  const auto store = open_local_file_store(disk.path());
  EXPECT_EQ(error_of([&] { store->add("exact.bin", source_of(noise(64 << 10))); }), ErrorCode::unavailable);
  EXPECT_TRUE(files_below(disk.path()).empty());
}

TEST(LocalFileStore, CanBeReadOnAReadOnlyDisk) {
  SmallDisk disk;
  PYSANDBOX_NEEDS(disk);
  const auto store = open_local_file_store(disk.path());
  const StoredFile kept = store->add("a.txt", source_of("a"));
  disk.make_read_only();
  EXPECT_EQ(text_of(*store->read(kept.id)), "a");
  EXPECT_EQ(error_of([&] { store->add("b.txt", source_of("b")); }), ErrorCode::unavailable);
  EXPECT_EQ(error_of([&] { store->remove(kept.id); }), ErrorCode::unavailable);
}

}  // namespace
}  // namespace pysandbox::testing
