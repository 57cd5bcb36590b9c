#include "file/artifacts.hpp"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

#include "../support/bytes.hpp"
#include "../support/temporary_directory.hpp"

namespace pysandbox::testing {
namespace {

// A file in a container, made of a string. It may say another size than it has.
class TextFile final : public OutputFile {
 public:
  TextFile(std::string path, std::string text) : path_(std::move(path)), text_(std::move(text)), said_(text_.size()) {}

  const std::string& path() const override { return path_; }
  std::uint64_t size() const override { return said_; }
  std::size_t read(std::span<std::byte> buffer) override {
    if (fails_) throw std::domain_error("the container is gone");
    return source_(buffer);
  }

  void say_size(std::uint64_t size) { said_ = size; }
  void fail() { fails_ = true; }

 private:
  std::string path_;
  std::string text_;
  std::uint64_t said_;
  ByteSource source_ = source_of(text_);
  bool fails_ = false;
};

TEST(KeepArtifact, DescribesAFileWithoutAStore) {
  TextFile file("sub/abc.csv", "abc");
  const Artifact artifact = keep_artifact(file, nullptr);
  EXPECT_EQ(artifact.path, "sub/abc.csv");
  EXPECT_EQ(artifact.size, 3U);
  EXPECT_EQ(artifact.content_type, "text/csv; charset=utf-8");
  EXPECT_EQ(artifact.sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(artifact.file_id, "");
}

TEST(KeepArtifact, SaysTheSameWithAStore) {
  const TemporaryDirectory directory;
  const auto store = open_local_file_store(directory.path());
  for (const std::string name : {"plot.png", "no extension", "two\nlines", "\xff\xfe"}) {
    const std::string bytes = "plain words\n" + noise(100'000);
    TextFile one(name, bytes);
    TextFile two(name, bytes);
    const Artifact described = keep_artifact(one, nullptr);
    Artifact kept = keep_artifact(two, store.get());
    ASSERT_TRUE(store->find(kept.file_id).has_value());
    EXPECT_EQ(store->find(kept.file_id)->name, name);
    EXPECT_TRUE(text_of(*store->read(kept.file_id)) == bytes);
    kept.file_id.clear();
    EXPECT_EQ(kept, described);
  }
}

TEST(KeepArtifact, KeepsItForItsOwner) {
  const TemporaryDirectory directory;
  const auto store = open_local_file_store(directory.path());
  TextFile file("a.txt", "abc");
  EXPECT_EQ(store->find(keep_artifact(file, store.get(), "alice").file_id).value_or(StoredFile{}).owner, "alice");
}

TEST(KeepArtifact, LooksAtTheBytesWhereTheNameSaysNothing) {
  TextFile file("notes", "plain words\n");
  EXPECT_EQ(keep_artifact(file, nullptr).content_type, "text/plain; charset=utf-8");
}

TEST(KeepArtifact, CountsTheBytesThatWereRead) {
  const TemporaryDirectory directory;
  const auto store = open_local_file_store(directory.path());
  for (FileStore* files : {static_cast<FileStore*>(nullptr), store.get()}) {
    TextFile file("shrunk.bin", "abc");
    file.say_size(1'000);
    EXPECT_EQ(keep_artifact(file, files).size, 3U);
  }
}

TEST(KeepArtifact, KeepsAnEmptyFile) {
  TextFile file("empty", "");
  const Artifact artifact = keep_artifact(file, nullptr);
  EXPECT_EQ(artifact.size, 0U);
  EXPECT_EQ(artifact.content_type, "application/octet-stream");
}

TEST(KeepArtifact, KeepsNothingWhenTheFileCannotBeRead) {
  const TemporaryDirectory directory;
  const auto store = open_local_file_store(directory.path());
  TextFile file("a.txt", "abc");
  file.fail();
  EXPECT_THROW(keep_artifact(file, store.get()), std::domain_error);
  EXPECT_EQ(store->remove_older_than(std::chrono::seconds(0)), 0U);
}

}  // namespace
}  // namespace pysandbox::testing
