// What every FileStore must do. To try your own, compile one file that includes this header and says
//
//   INSTANTIATE_TEST_SUITE_P(Mine, FileStoreContract, testing::Values(FileStoreKind{"mine", open_my_store}));
//
// and link it with gtest_main. `open` gets the path of a new empty directory; opened with it a second time, it must
// give a store with the same files.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <limits>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <pysandbox/error.hpp>
#include <pysandbox/file_store.hpp>

#include "../support/bytes.hpp"
#include "../support/temporary_directory.hpp"

namespace pysandbox::testing {

struct FileStoreKind {
  std::string name;  // letters and digits
  std::function<std::unique_ptr<FileStore>(const std::string& directory)> open;
  bool keeps_owners = true;
};

inline std::ostream& operator<<(std::ostream& out, const FileStoreKind& kind) { return out << kind.name; }

// Names that programs can give to files, and that have hurt somebody.
inline std::vector<std::string> hostile_names() {
  return {"two\nlines",
          "not utf-8 \xff\xfe\x80",
          "-rf",
          "--",
          std::string(255, 'n'),
          ".hidden",
          "...",
          "..data",
          "~",
          "*",
          "a b",
          "'; drop table files; --",
          "\"quoted\"",
          "back\\slash",
          "C:\\autoexec.bat",
          "\x1b[31mred",
          "gr\xc3\xbc\xc3\x9f.txt",
          "\xf0\x9f\x90\x8d.py",
          "\xe2\x80\xaetxt.exe",
          "%00%2e%2e",
          "$(reboot)",
          "sub/directory/file.txt",
          "sub/other.txt",
          "tab\there",
          "cr\rlf\r\n"};
}

class FileStoreContract : public ::testing::TestWithParam<FileStoreKind> {
 protected:
  std::unique_ptr<FileStore> open() { return GetParam().open(directory_.path()); }

  // How many files there are: removes them all.
  static std::size_t count_all(FileStore& store) { return store.remove_older_than(std::chrono::seconds(0)); }

  static std::string text_in(FileStore& store, const FileId& id) {
    const auto source = store.read(id);
    return source ? text_of(*source) : "(there is no such file)";
  }

  TemporaryDirectory directory_;
};

TEST_P(FileStoreContract, GivesBackTheBytesItWasGiven) {
  const auto store = open();
  const StoredFile kept = store->add("answer.txt", source_of("forty-two\n"));
  EXPECT_EQ(text_in(*store, kept.id), "forty-two\n");
}

TEST_P(FileStoreContract, DescribesTheFileItKeeps) {
  const auto before = std::chrono::system_clock::now();
  const auto store = open();
  const StoredFile kept = store->add("answer.csv", source_of("abc"));
  EXPECT_FALSE(kept.id.empty());
  EXPECT_EQ(kept.name, "answer.csv");
  EXPECT_EQ(kept.size, 3U);
  EXPECT_EQ(kept.content_type, "text/csv; charset=utf-8");
  EXPECT_EQ(kept.sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  // Storage may count time in whole seconds or in ticks.
  EXPECT_GE(kept.created_at, before - std::chrono::seconds(2));
  EXPECT_LE(kept.created_at, std::chrono::system_clock::now() + std::chrono::seconds(2));
}

TEST_P(FileStoreContract, FindsWhatItSaidWhenItWasAdded) {
  const auto store = open();
  const StoredFile kept = store->add("table.parquet", source_of(noise(70'000)));
  const auto found = store->find(kept.id);
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->id, kept.id);
  EXPECT_EQ(found->name, kept.name);
  EXPECT_EQ(found->size, 70'000U);
  EXPECT_EQ(found->content_type, kept.content_type);
  EXPECT_EQ(found->sha256, kept.sha256);
  EXPECT_EQ(found->created_at, kept.created_at);
}

TEST_P(FileStoreContract, KeepsWhoBroughtAFile) {
  const auto store = open();
  for (const std::string& owner :
       {std::string("alice"), std::string("gr\xc3\xbc\xc3\x9f \xff\n'"), std::string(255, 'o')}) {
    const StoredFile kept = store->add("a.txt", source_of("a"), owner);
    const std::string expected = GetParam().keeps_owners ? owner : "";
    EXPECT_EQ(kept.owner, expected);
    EXPECT_EQ(store->find(kept.id).value_or(StoredFile{}).owner, expected);
    EXPECT_EQ(text_in(*store, kept.id), "a");
  }
  const StoredFile nobodys = store->add("b.txt", source_of("b"));
  EXPECT_EQ(nobodys.owner, "");
  ASSERT_TRUE(store->find(nobodys.id).has_value());
  EXPECT_EQ(store->find(nobodys.id)->owner, "");
}

TEST_P(FileStoreContract, KeepsAFileOfZeroBytes) {
  const auto store = open();
  const StoredFile kept = store->add("nothing", source_of(""));
  EXPECT_EQ(kept.size, 0U);
  EXPECT_EQ(kept.sha256, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  ASSERT_TRUE(store->find(kept.id).has_value());
  EXPECT_EQ(text_in(*store, kept.id), "");
}

TEST_P(FileStoreContract, KeepsFiveMegabytes) {
  const auto store = open();
  const std::string bytes = noise(5'000'000);
  const StoredFile kept = store->add("large.bin", source_of(bytes));
  EXPECT_EQ(kept.size, bytes.size());
  EXPECT_TRUE(text_in(*store, kept.id) == bytes);
}

TEST_P(FileStoreContract, KeepsBytesThatComeOneAtATime) {
  const auto store = open();
  const std::string bytes = noise(3'000);
  const StoredFile kept = store->add("slow.bin", source_of(bytes, 1));
  EXPECT_EQ(kept.size, bytes.size());
  EXPECT_TRUE(text_in(*store, kept.id) == bytes);
}

TEST_P(FileStoreContract, ReadsFromAnyOffsetOn) {
  const auto store = open();
  const std::string bytes = noise(200'000);
  const FileId id = store->add("a.bin", source_of(bytes)).id;
  for (const std::uint64_t offset : {0U, 1U, 4'095U, 65'536U, 199'999U}) {
    const auto source = store->read(id, offset);
    ASSERT_TRUE(source.has_value());
    EXPECT_TRUE(text_of(*source) == bytes.substr(offset)) << offset;
  }
}

TEST_P(FileStoreContract, ReadsNothingBeyondTheEnd) {
  const auto store = open();
  const FileId id = store->add("a.txt", source_of("abc")).id;
  constexpr auto largest = std::numeric_limits<std::uint64_t>::max();
  for (const std::uint64_t offset :
       {std::uint64_t{3}, std::uint64_t{4}, std::uint64_t{1} << 62, largest >> 1, largest}) {
    const auto source = store->read(id, offset);
    ASSERT_TRUE(source.has_value()) << offset;
    EXPECT_EQ(text_of(*source), "") << offset;
  }
  EXPECT_FALSE(store->read("nothing", 0).has_value());
  EXPECT_FALSE(store->read("nothing", largest).has_value());
}

TEST_P(FileStoreContract, FillsALargeBufferAtOnce) {
  const auto store = open();
  const FileId id = store->add("a.bin", source_of(noise(300'000))).id;
  std::vector<std::byte> buffer(std::size_t{256} << 10);
  const auto source = store->read(id);
  ASSERT_TRUE(source.has_value());
  EXPECT_EQ((*source)(buffer), buffer.size());
}

TEST_P(FileStoreContract, KeepsNothingWhenTheSourceThrows) {
  const auto store = open();
  ByteSource first = source_of(noise(200'000));
  const ByteSource failing = [&first](std::span<std::byte> buffer) {
    const std::size_t count = first(buffer);
    if (count == 0) throw std::domain_error("the line went dead");
    return count;
  };
  EXPECT_THROW(store->add("half.bin", failing), std::domain_error);
  EXPECT_FALSE(store->find("half.bin").has_value());
  EXPECT_EQ(count_all(*store), 0U);
}

TEST_P(FileStoreContract, KeepsHostileNamesAsTheyAre) {
  const auto store = open();
  const std::vector<std::string> names = hostile_names();
  std::vector<StoredFile> kept;
  for (const std::string& name : names) kept.push_back(store->add(name, source_of("in " + name)));
  for (std::size_t i = 0; i < kept.size(); ++i) {
    const std::string& name = names[i];
    EXPECT_EQ(kept[i].name, name);
    const auto found = store->find(kept[i].id);
    ASSERT_TRUE(found.has_value()) << name;
    EXPECT_EQ(found->name, name);
    EXPECT_EQ(text_in(*store, kept[i].id), "in " + name);
  }
  EXPECT_EQ(count_all(*store), kept.size());
}

TEST_P(FileStoreContract, RefusesANameThatNoFileCanHave) {
  const auto store = open();
  using namespace std::string_literals;
  for (const std::string& name : {""s, "a\0b"s, "\0"s}) {
    EXPECT_EQ(error_of([&] { store->add(name, source_of("x")); }), ErrorCode::invalid_request);
  }
  EXPECT_EQ(count_all(*store), 0U);
}

TEST_P(FileStoreContract, WritesItsErrorsOnOneLine) {
  const auto store = open();
  const std::string message = message_of([&] { store->add(std::string("a\nb\0c", 5), source_of("x")); });
  EXPECT_FALSE(message.empty());
  EXPECT_EQ(message.find_first_of(std::string("\n\r\0", 3)), std::string::npos) << message;
}

TEST_P(FileStoreContract, KnowsNothingOfAnIdItDidNotGiveOut) {
  const auto store = open();
  store->add("a.txt", source_of("a"));
  using namespace std::string_literals;
  for (const FileId& id : {""s, "."s, ".."s, "/"s, "/etc/passwd"s, "../a.txt"s, "../../etc/passwd"s, "a.txt/"s,
                           "a.txt/b"s, "a.txt\0"s, "nothing"s, std::string(32, '0'), std::string(32, 'g'),
                           std::string(5000, 'x'), "00/"s + std::string(32, '0'), "\n"s}) {
    EXPECT_FALSE(store->find(id).has_value()) << id;
    EXPECT_FALSE(store->read(id).has_value()) << id;
    EXPECT_FALSE(store->renew(id)) << id;
    EXPECT_FALSE(store->remove(id)) << id;
  }
  EXPECT_EQ(count_all(*store), 1U);
}

TEST_P(FileStoreContract, KeepsEqualBytesUnderTwoNamesAsTwoFiles) {
  const auto store = open();
  const StoredFile one = store->add("one", source_of("same"));
  const StoredFile two = store->add("two", source_of("same"));
  EXPECT_NE(one.id, two.id);
  EXPECT_EQ(one.sha256, two.sha256);
  EXPECT_TRUE(store->remove(one.id));
  EXPECT_EQ(text_in(*store, two.id), "same");
}

TEST_P(FileStoreContract, RemovesAFileOnce) {
  const auto store = open();
  const StoredFile kept = store->add("sub/gone.txt", source_of("x"));
  EXPECT_TRUE(store->remove(kept.id));
  EXPECT_FALSE(store->remove(kept.id));
  EXPECT_FALSE(store->find(kept.id).has_value());
  EXPECT_FALSE(store->read(kept.id).has_value());
}

TEST_P(FileStoreContract, LetsAReaderFinishAfterTheFileIsRemoved) {
  const auto store = open();
  const std::string bytes = noise(500'000);
  const StoredFile kept = store->add("read.bin", source_of(bytes));
  const auto source = store->read(kept.id);
  ASSERT_TRUE(source.has_value());
  std::byte first[1];
  ASSERT_EQ((*source)(first), 1U);
  EXPECT_TRUE(store->remove(kept.id));
  EXPECT_TRUE(text_of(*source) == bytes.substr(1));
}

TEST_P(FileStoreContract, LetsTwoReadersReadAtTheirOwnPace) {
  const auto store = open();
  const StoredFile kept = store->add("read.txt", source_of("abcdef"));
  const auto one = store->read(kept.id);
  const auto two = store->read(kept.id);
  ASSERT_TRUE(one && two);
  std::byte first[3];
  ASSERT_EQ((*one)(first), 3U);
  EXPECT_EQ(text_of(*two), "abcdef");
  EXPECT_EQ(text_of(*one), "def");
  EXPECT_EQ((*one)(first), 0U);
}

TEST_P(FileStoreContract, RemovesOnlyFilesThatAreOldEnough) {
  const auto store = open();
  store->add("one", source_of("1"));
  store->add("sub/two", source_of("2"));
  EXPECT_EQ(store->remove_older_than(std::chrono::hours(1)), 0U);
  EXPECT_EQ(store->remove_older_than(std::chrono::seconds::max()), 0U);
  EXPECT_EQ(store->remove_older_than(std::chrono::seconds(0)), 2U);
  EXPECT_EQ(store->remove_older_than(std::chrono::seconds(0)), 0U);
}

TEST_P(FileStoreContract, RenewsAFileThatIsThereAndNoOther) {
  const auto store = open();
  const StoredFile kept = store->add("sub/a.txt", source_of("a"), "alice");
  EXPECT_TRUE(store->renew(kept.id));
  EXPECT_TRUE(open()->renew(kept.id));
  const auto found = store->find(kept.id);
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->owner, kept.owner);
  EXPECT_EQ(found->sha256, kept.sha256);
  EXPECT_EQ(text_in(*store, kept.id), "a");
  EXPECT_TRUE(store->remove(kept.id));
  EXPECT_FALSE(store->renew(kept.id));
}

TEST_P(FileStoreContract, TellsWhoeverRenewsThatAFileWasRemovedMeanwhile) {
  const auto store = open();
  const auto other = open();
  constexpr std::size_t count = 40;
  std::vector<FileId> ids;
  for (std::size_t i = 0; i < count; ++i) ids.push_back(store->add("f" + std::to_string(i), source_of("x")).id);
  EXPECT_EQ(other->remove_older_than(std::chrono::hours(1)), 0U);

  const auto renew_until_gone = [&](FileStore& through) {
    for (const FileId& id : ids) {
      while (through.renew(id)) std::this_thread::yield();
    }
  };
  std::thread one([&] { renew_until_gone(*store); });
  std::thread two([&] { renew_until_gone(*other); });
  std::size_t removed = 0;
  while (removed < count) removed += count_all(*other);
  one.join();
  two.join();
  EXPECT_EQ(removed, count);
  for (const FileId& id : ids) EXPECT_FALSE(store->find(id).has_value());
}

TEST_P(FileStoreContract, TakesFilesFromTwoThreadsAtOnce) {
  const auto store = open();
  constexpr int each = 40;
  std::vector<StoredFile> kept[2];
  const auto fill = [&](int who) {
    for (int i = 0; i < each; ++i) {
      const std::string name = "shared/" + std::to_string(who) + "-" + std::to_string(i);
      kept[who].push_back(store->add(name, source_of(name + noise(1'000))));
    }
  };
  std::thread one(fill, 0);
  std::thread two(fill, 1);
  one.join();
  two.join();
  for (const auto& files : kept) {
    for (const StoredFile& file : files) EXPECT_TRUE(text_in(*store, file.id) == file.name + noise(1'000)) << file.name;
  }
  EXPECT_EQ(count_all(*store), 2U * each);
}

TEST_P(FileStoreContract, HasItsFilesWhenItIsOpenedAgain) {
  StoredFile kept;
  {
    const auto store = open();
    kept = store->add("sub/kept.txt", source_of("still here"));
  }
  const auto again = open();
  const auto found = again->find(kept.id);
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->name, "sub/kept.txt");
  EXPECT_EQ(found->created_at, kept.created_at);
  EXPECT_EQ(text_in(*again, kept.id), "still here");
}

TEST_P(FileStoreContract, ShowsOneStoreWhatAnotherHasAdded) {
  const auto one = open();
  const auto two = open();
  const StoredFile kept = one->add("a.txt", source_of("a"));
  EXPECT_EQ(text_in(*two, kept.id), "a");
  EXPECT_TRUE(two->remove(kept.id));
  EXPECT_FALSE(one->find(kept.id).has_value());
}

}  // namespace pysandbox::testing
