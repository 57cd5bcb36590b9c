// How many bytes the files of a store hold, in all and by owner, and how many they may hold.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include <pysandbox/file_store.hpp>

namespace pysandbox {

// What a store knows of its files by their ids. It learns of them by its own writing and by looking at the directory;
// what other processes add and remove there in between it does not know.
//
// Files without an owner count as those of one owner. Threads: every method may be called from any thread.
class StorageQuota {
 public:
  explicit StorageQuota(const LocalFileStoreOptions& options) : options_(options) {}

  // Without one nothing needs to be counted.
  bool is_set() const noexcept { return options_.quota_bytes > 0 || options_.owner_quota_bytes > 0; }

  // A file that is being written. It counts from the first byte on, and no more if it is not kept.
  class Growth {
   public:
    Growth(StorageQuota& quota, FileId id, std::string_view owner);
    ~Growth();
    Growth(const Growth&) = delete;
    Growth& operator=(const Growth&) = delete;

    // Throws Error{too_large} if so many more would exceed a quota.
    void add(std::uint64_t bytes);
    void keep();

   private:
    StorageQuota& quota_;
    FileId id_;
    bool kept_ = false;
  };

  // A file of the directory, however it came there. Known ones stay as they are.
  void note(const FileId& id, std::string_view owner, std::uint64_t bytes);
  void forget(const FileId& id);

  // The known files whose id begins so, in order, without those that are being written.
  std::vector<FileId> known(std::string_view beginning);

 private:
  struct Entry {
    std::string owner;
    std::uint64_t bytes = 0;
    bool is_growing = false;
  };

  void grow(const FileId& id, std::uint64_t bytes);

  const LocalFileStoreOptions options_;
  std::mutex mutex_;
  std::map<FileId, Entry, std::less<>> files_;
  std::map<std::string, std::uint64_t, std::less<>> bytes_of_owner_;
  std::uint64_t bytes_ = 0;
};

}  // namespace pysandbox
