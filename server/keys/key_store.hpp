// The keys of callers, hashed, in one small file that is read again whenever it has changed.
#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pysandbox::server {

// How much one caller may ask for. Zero: no bound.
struct KeyLimits {
  std::uint32_t requests_per_minute = 600;
  std::uint64_t max_active_jobs = 100;  // queued or running at one time

  bool operator==(const KeyLimits&) const = default;
};

struct Key {
  std::string id;      // 16 hexadecimal digits; the owner of its jobs and files
  std::string name;    // for people: letters, digits and "._-@", at most 64
  std::string sha256;  // of the key itself, as 64 hexadecimal digits
  std::chrono::sys_seconds created_at;
  KeyLimits limits;

  bool operator==(const Key&) const = default;
};

// Threads: every method may be called from any. Processes: any number may share the file; who writes it holds a lock,
// and it appears whole. Errors: Error{unavailable} if the file cannot be read or written or is not one of keys; then
// nobody is let in.
class KeyStore {
 public:
  explicit KeyStore(std::string path);

  // Makes a key and returns its text, "psk_" and 32 random bytes in base64url. It is kept nowhere, only its hash is.
  // Throws Error{invalid_request} for a bad name, and Error{conflict} for one that is taken.
  std::string create(std::string_view name, const KeyLimits& limits);

  // In the order of their making.
  std::vector<Key> list();

  // From now on the key with this name or id opens nothing. False if there is none.
  bool revoke(std::string_view name_or_id);

  // The key whose text this is. Takes as long for a wrong text as for a right one.
  std::optional<Key> find(std::string_view text);

  // True once there is a file of keys, even if the last key in it was revoked: who wanted keys does not
  // get an open door. It does not become false again.
  bool in_use();

 private:
  struct Version {  // of the file, as far as stat(2) tells
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
    std::int64_t changed_ns = 0;
    std::int64_t size = -1;  // there is none

    bool operator==(const Version&) const = default;
  };

  Version version_now() const;
  void refresh();  // with mutex_

  std::string path_;
  std::mutex mutex_;  // guards all below
  Version version_;
  std::vector<Key> keys_;
  bool in_use_ = false;
};

}  // namespace pysandbox::server
