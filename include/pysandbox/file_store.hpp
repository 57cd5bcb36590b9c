// FileStore keeps files: what jobs leave behind, and what people upload for them.
//
// Implement it to keep files elsewhere; the suite in
// tests/contract/file_store_contract.hpp says whether yours is right.
//
// Threads: every method may be called from any thread at any time.
// Processes: several may share one directory; a file appears whole or not at all.
// Errors: Error{unavailable} when the storage fails or is full (nothing
// half-written stays), Error{invalid_request} for a name it cannot keep. A file that
// is not there is an empty optional, never an error.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <pysandbox/byte_source.hpp>
#include <pysandbox/export.hpp>

namespace pysandbox {

// Names a file in one store: 32 hexadecimal digits, or a relative path, as the store says.
// An id that the store did not give out names nothing.
using FileId = std::string;

struct StoredFile {
  FileId id;
  std::string name;   // as its owner called it; may hold any byte but NUL
  std::string owner;  // who brought it, by the name that add() was given; may be empty
  std::uint64_t size = 0;
  std::string content_type;
  std::string sha256;  // 64 hexadecimal digits
  std::chrono::system_clock::time_point created_at;
};

class PYSANDBOX_EXPORT FileStore {
 public:
  virtual ~FileStore() = default;

  // Reads `source` to its end and keeps it under a new id. What `source` throws
  // is thrown on, and nothing is kept. Error{too_large} beyond a quota of the store.
  virtual StoredFile add(std::string_view name, const ByteSource& source, std::string_view owner) = 0;
  StoredFile add(std::string_view name, const ByteSource& source) { return add(name, source, {}); }

  virtual std::optional<StoredFile> find(const FileId& id) = 0;

  // The bytes of a file from `offset` on (none beyond its end), or nothing if there is no such file. A file that is
  // removed while it is read can be read to its end.
  virtual std::optional<ByteSource> read(const FileId& id, std::uint64_t offset) = 0;
  std::optional<ByteSource> read(const FileId& id) { return read(id, 0); }

  // Makes a file as young as a new one for remove_older_than(), so that what is in use stays. False if there is
  // no such file; true means that it is there and stays for its time, whatever sweep runs at this moment.
  virtual bool renew(const FileId& id) = 0;

  // True if it was there.
  virtual bool remove(const FileId& id) = 0;

  // Removes every file that is older than `age`; returns how many.
  virtual std::size_t remove_older_than(std::chrono::seconds age) = 0;
};

struct LocalFileStoreOptions {
  // Bytes that all files together, or those of one owner, may hold. Zero: no bound but the disk's. Processes that share
  // a directory learn of each other's files at times only, so they can exceed it together.
  std::uint64_t quota_bytes = 0;
  std::uint64_t owner_quota_bytes = 0;
};

// Files under opaque ids below `directory`, which is made if it is missing
// (mode 0700). Content types come from the name and, where that says nothing, from
// the bytes. Throws Error{unavailable} if the directory cannot be used.
PYSANDBOX_EXPORT std::unique_ptr<FileStore> open_local_file_store(const std::string& directory,
                                                                  const LocalFileStoreOptions& options = {});

// Files under their own names, for people: a.txt becomes `directory`/a.txt and
// sub/b.txt becomes `directory`/sub/b.txt; a file of that name is replaced. The id of a file is its
// name. Links below `directory` are never followed. The directory itself is made with the first file. It keeps no
// owners.
PYSANDBOX_EXPORT std::unique_ptr<FileStore> open_export_directory(const std::string& directory);

}  // namespace pysandbox
