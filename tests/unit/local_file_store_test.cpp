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

TEST(LocalFileStore, KeepsARenewedFileForItsWholeTimeAndSaysStillWhenItWasAdded) {
  const TemporaryDirectory directory;
  const auto store = open_local_file_store(directory.path());
  const StoredFile used = store->add("used", source_of("used"));
  const StoredFile unused = store->add("unused", source_of("unused"));
  for (const StoredFile& file : {used, unused}) make_older(path_of(directory, file.id), std::chrono::hours(2));
  EXPECT_TRUE(store->renew(used.id));
  EXPECT_EQ(store->remove_older_than(std::chrono::hours(1)), 1U);
  EXPECT_FALSE(store->renew(unused.id));
  ASSERT_TRUE(store->find(used.id).has_value());
  EXPECT_EQ(store->find(used.id)->created_at, used.created_at);
}

// The store that removes is another than the one that renews, as in two processes. Memory makes the moments between
// looking and doing likely to be met.
TEST(LocalFileStore, NeverRemovesAFileThatItSaidWasRenewed) {
  const TemporaryDirectory directory(fs::exists("/dev/shm") ? "/dev/shm" : fs::temp_directory_path());
  const auto store = open_local_file_store(directory.path());
  const auto sweeper = open_local_file_store(directory.path());
  std::jthread sweeps([&](std::stop_token stop) {
    while (!stop.stop_requested()) sweeper->remove_older_than(std::chrono::hours(1));
  });
  constexpr std::size_t each = 3'000;
  std::vector<FileId> kept[2];
  std::vector<FileId> gone[2];
  const auto age_and_renew = [&](int who) {
    for (std::size_t i = 0; i < each; ++i) {
      const FileId id = store->add("a", source_of("a")).id;
      const timespec old[] = {{.tv_sec = 1'000'000'000, .tv_nsec = 0}, {.tv_sec = 1'000'000'000, .tv_nsec = 0}};
      ASSERT_EQ(::utimensat(AT_FDCWD, path_of(directory, id).c_str(), old, 0), 0);
      (store->renew(id) ? kept : gone)[who].push_back(id);
    }
  };
  std::thread one(age_and_renew, 0);
  std::thread two(age_and_renew, 1);
  one.join();
  two.join();
  sweeps.request_stop();
  sweeps.join();
  for (const auto& ids : kept) {
    for (const FileId& id : ids) ASSERT_TRUE(store->find(id).has_value());
  }
  for (const auto& ids : gone) {
    for (const FileId& id : ids) ASSERT_FALSE(store->find(id).has_value());
  }
  EXPECT_EQ(kept[0].size() + kept[1].size() + gone[0].size() + gone[1].size(), 2 * each);
}

TEST(LocalFileStore, RemovesAnOldFileAlsoWhenAChildOfItsWriterLivesOn) {
  const TemporaryDirectory directory;
  const auto store = open_local_file_store(directory.path());
  pid_t child = 0;
  ByteSource bytes = source_of("a");
  const StoredFile kept = store->add("a", [&](std::span<std::byte> buffer) {
    if (child == 0 && (child = ::fork()) == 0) {
      ::pause();
      ::_exit(0);
    }
    return bytes(buffer);
  });
  ASSERT_GT(child, 0);
  EXPECT_EQ(store->remove_older_than(std::chrono::seconds(0)), 1U);
  EXPECT_FALSE(store->find(kept.id).has_value());
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
}

// What version 0.1 wrote: no owner, and the file's own time.
TEST(LocalFileStore, ReadsFilesOfTheFirstVersion) {
  const TemporaryDirectory directory;
  const auto store = open_local_file_store(directory.path(), {.quota_bytes = 10});
  using namespace std::string_literals;
  const FileId id = "0123456789abcdef0123456789abcdef";
  fs::create_directory(directory / "01");
  std::ofstream(path_of(directory, id), std::ios::binary)
      << "abc"
      << "n.csv"
      << "text/csv"
      << "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
      << "\x03\0\0\0\0\0\0\0\x05\0\0\0\x08\0\0\0pysbxf\n\x01"s;
  const timespec times[] = {{.tv_sec = 1'000, .tv_nsec = 0}, {.tv_sec = 1'700'000'000, .tv_nsec = 5}};
  ASSERT_EQ(::utimensat(AT_FDCWD, path_of(directory, id).c_str(), times, 0), 0);

  const auto found = store->find(id);
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->name, "n.csv");
  EXPECT_EQ(found->owner, "");
  EXPECT_EQ(found->size, 3U);
  EXPECT_EQ(found->content_type, "text/csv");
  EXPECT_EQ(found->sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(found->created_at.time_since_epoch(), std::chrono::nanoseconds(1'700'000'000'000'000'005));
  EXPECT_EQ(text_of(*store->read(id)), "abc");
}

TEST(LocalFileStore, SaysThatAFileIsOfAVersionItDoesNotKnow) {
  const TemporaryDirectory directory;
  const auto store = open_local_file_store(directory.path());
  for (const char version : {'\0', '\x03', '\x7f', '\xff'}) {
    const StoredFile kept = store->add("a", source_of("a"));
    std::fstream file(path_of(directory, kept.id), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(-1, std::ios::end).put(version);
    file.close();
    EXPECT_EQ(error_of([&] { store->find(kept.id); }), ErrorCode::unavailable);
  }
}

TEST(LocalFileStore, RefusesAnOwnerThatCannotBeKept) {
  const TemporaryDirectory directory;
  const auto store = open_local_file_store(directory.path());
  for (const std::string& owner : {std::string(256, 'o'), std::string("a\0b", 3)}) {
    EXPECT_EQ(error_of([&] { store->add("a", source_of("a"), owner); }), ErrorCode::invalid_request);
  }
  EXPECT_TRUE(files_below(directory.path()).empty());
  const StoredFile longest = store->add(std::string(64 << 10, 'n'), source_of("x"), std::string(255, 'o'));
  EXPECT_EQ(store->find(longest.id)->owner, std::string(255, 'o'));
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

TEST(LocalFileStoreQuota, IsKeptToTheByteForAllFilesTogether) {
  const TemporaryDirectory directory;
  const auto store = open_local_file_store(directory.path(), {.quota_bytes = 1'000});
  const FileId first = store->add("a", source_of(noise(600)), "alice").id;
  store->add("b", source_of(noise(400)), "bob");
  const auto add_one_more = [&] { store->add("c", source_of("x"), "carol"); };
  EXPECT_EQ(error_of(add_one_more), ErrorCode::too_large);
  const std::string message = message_of(add_one_more);
  EXPECT_NE(message.find("1000 bytes together (quota_bytes)"), std::string::npos) << message;
  EXPECT_NE(message.find("remove some or raise the quota"), std::string::npos) << message;
  EXPECT_EQ(files_below(directory.path()).size(), 2U);
  EXPECT_NO_THROW(store->add("empty", source_of(""), "carol"));

  EXPECT_TRUE(store->remove(first));
  EXPECT_EQ(error_of([&] { store->add("c", source_of(noise(601))); }), ErrorCode::too_large);
  EXPECT_EQ(error_of([&] { store->add("c", source_of(noise(600))); }), std::nullopt);
}

TEST(LocalFileStoreQuota, IsKeptForEachOwnerAlone) {
  const TemporaryDirectory directory;
  const auto store = open_local_file_store(directory.path(), {.owner_quota_bytes = 100});
  store->add("a", source_of(noise(100)), "alice");
  store->add("b", source_of(noise(100)), "bob");
  store->add("c", source_of(noise(100)));
  const auto add_one_more = [&] { store->add("d", source_of("x"), "alice"); };
  EXPECT_EQ(error_of(add_one_more), ErrorCode::too_large);
  const std::string message = message_of(add_one_more);
  EXPECT_NE(message.find("The files of 'alice' may hold 100 bytes together (owner_quota_bytes)"), std::string::npos)
      << message;
  EXPECT_EQ(error_of([&] { store->add("d", source_of("x")); }), ErrorCode::too_large) << "nobody is an owner, too";
  EXPECT_EQ(files_below(directory.path()).size(), 3U);
}

TEST(LocalFileStoreQuota, EndsAnAddAsSoonAsItIsExceeded) {
  const TemporaryDirectory directory;
  const auto store = open_local_file_store(directory.path(), {.quota_bytes = 1 << 20});
  std::uint64_t read = 0;
  const ByteSource endless = [&](std::span<std::byte> buffer) {
    read += buffer.size();
    return buffer.size();
  };
  EXPECT_EQ(error_of([&] { store->add("endless", endless); }), ErrorCode::too_large);
  EXPECT_LE(read, (1U << 20) + (64U << 10));
  EXPECT_TRUE(files_below(directory.path()).empty());
  EXPECT_EQ(error_of([&] { store->add("all", source_of(noise(1 << 20))); }), std::nullopt);
}

TEST(LocalFileStoreQuota, CountsNoFileThatWasNotKept) {
  const TemporaryDirectory directory;
  const auto store = open_local_file_store(directory.path(), {.quota_bytes = 100, .owner_quota_bytes = 100});
  for (int i = 0; i < 3; ++i) {
    ByteSource first = source_of(noise(90));
    EXPECT_ANY_THROW(store->add("half", [&](std::span<std::byte> buffer) {
      const std::size_t count = first(buffer);
      if (count == 0) throw 1;
      return count;
    }));
  }
  EXPECT_EQ(error_of([&] { store->add("whole", source_of(noise(100))); }), std::nullopt);
}

TEST(LocalFileStoreQuota, CountsWhatIsThereWhenTheStoreIsOpened) {
  const TemporaryDirectory directory;
  {
    const auto before = open_local_file_store(directory.path());
    before->add("a", source_of(noise(60)), "alice");
    before->add(std::string(64 << 10, 'n'), source_of(noise(30)), "bob");
  }
  const auto store = open_local_file_store(directory.path(), {.quota_bytes = 100, .owner_quota_bytes = 65});
  EXPECT_EQ(error_of([&] { store->add("b", source_of(noise(11)), "carol"); }), ErrorCode::too_large);
  EXPECT_EQ(error_of([&] { store->add("b", source_of(noise(6)), "alice"); }), ErrorCode::too_large);
  EXPECT_EQ(error_of([&] { store->add("b", source_of(noise(5)), "alice"); }), std::nullopt);
  EXPECT_EQ(error_of([&] { store->add("b", source_of(noise(5)), "bob"); }), std::nullopt);

  const auto smaller = open_local_file_store(directory.path(), {.quota_bytes = 10});
  EXPECT_EQ(error_of([&] { smaller->add("c", source_of("c")); }), ErrorCode::too_large);
  EXPECT_EQ(files_below(directory.path()).size(), 4U);
}

TEST(LocalFileStoreQuota, LearnsOfFilesThatOthersAddAndRemoveWhenOldOnesAreRemoved) {
  const TemporaryDirectory directory;
  const auto store = open_local_file_store(directory.path(), {.quota_bytes = 100});
  const auto other = open_local_file_store(directory.path());
  const FileId theirs = other->add("theirs", source_of(noise(80)), "alice").id;
  const FileId ours = store->add("ours", source_of(noise(20))).id;
  EXPECT_EQ(store->remove_older_than(std::chrono::hours(1)), 0U);
  EXPECT_EQ(error_of([&] { store->add("more", source_of("x")); }), ErrorCode::too_large);

  EXPECT_TRUE(other->remove(theirs));
  make_older(path_of(directory, ours), std::chrono::hours(2));
  EXPECT_EQ(store->remove_older_than(std::chrono::hours(1)), 1U);
  EXPECT_EQ(error_of([&] { store->add("more", source_of(noise(100))); }), std::nullopt);
}

TEST(LocalFileStoreQuota, CountsADamagedFileAndOpensAllTheSame) {
  const TemporaryDirectory directory;
  {
    const auto before = open_local_file_store(directory.path());
    const StoredFile damaged = before->add("a", source_of(noise(500)));
    fs::resize_file(path_of(directory, damaged.id), 90);
    fs::create_symlink("/dev/zero", path_of(directory, damaged.id.substr(0, 2) + std::string(30, 'e')));
    std::ofstream(directory / (damaged.id.substr(0, 2) + "/README")) << "mine";
  }
  const auto store = open_local_file_store(directory.path(), {.quota_bytes = 100});
  EXPECT_EQ(error_of([&] { store->add("b", source_of(noise(11))); }), ErrorCode::too_large);
  EXPECT_EQ(error_of([&] { store->add("b", source_of(noise(10))); }), std::nullopt);
}

TEST(LocalFileStoreQuota, IsNeitherExceededNorLostByThreads) {
  const TemporaryDirectory directory;
  constexpr std::uint64_t quota = 50'000;
  const auto store = open_local_file_store(directory.path(), {.quota_bytes = quota});
  const auto bytes_there = [&] {
    std::uint64_t bytes = 0;
    for (const std::string& path : files_below(directory.path())) {
      bytes += store->find(path.substr(path.rfind('/') + 1)).value_or(StoredFile{}).size;
    }
    return bytes;
  };
  std::jthread sweeps([&](std::stop_token stop) {
    while (!stop.stop_requested()) store->remove_older_than(std::chrono::hours(1));
  });
  std::vector<std::thread> threads;
  for (std::size_t who = 0; who < 4; ++who) {
    threads.emplace_back([&, who] {
      for (std::size_t i = 0; i < 300; ++i) {
        try {
          const FileId id = store->add("a", source_of(noise(1 + 997 * who + i % 50), 300), std::to_string(who)).id;
          if (i % 3 != 0) store->remove(id);
        } catch (const Error& error) {
          EXPECT_EQ(error.code(), ErrorCode::too_large) << error.what();
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  sweeps.request_stop();
  sweeps.join();
  const std::uint64_t there = bytes_there();
  EXPECT_LE(there, quota);
  EXPECT_GT(there, 0U);
  // What is left of the quota is exactly what may still be added.
  EXPECT_EQ(error_of([&] { store->add("b", source_of(noise(quota - there + 1))); }), ErrorCode::too_large);
  EXPECT_EQ(error_of([&] { store->add("b", source_of(noise(quota - there))); }), std::nullopt);
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
