#include "keys/key_store.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <sstream>
#include <utility>

#include <pysandbox/error.hpp>

#include "keys/key_text.hpp"
#include "private_file.hpp"

namespace pysandbox::server {
namespace {

constexpr std::string_view heading =
    "# Keys of pysandbox-server: id, name, SHA-256 of the key, made at (seconds since 1970), requests per minute, "
    "active "
    "jobs.\n";
constexpr std::size_t maximum_file_bytes = 16 << 20;
constexpr std::size_t maximum_name_bytes = 64;

bool is_hex(std::string_view text, std::size_t digits) {
  return text.size() == digits && text.find_first_not_of("0123456789abcdef") == text.npos;
}

bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= maximum_name_bytes &&
         text.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-@") == text.npos;
}

std::string line_of(const Key& key) {
  return fmt::format("{} {} {} {} {} {}\n", key.id, key.name, key.sha256, key.created_at.time_since_epoch().count(),
                     key.limits.requests_per_minute, key.limits.max_active_jobs);
}

std::vector<Key> parse(const std::string& content, const std::string& path) {
  std::vector<Key> keys;
  std::istringstream lines(content);
  std::string line;
  for (int number = 1; std::getline(lines, line); ++number) {
    if (line.empty() || line.front() == '#') continue;
    std::istringstream words(line);
    Key key;
    std::int64_t created = 0;
    std::string rest;
    words >> key.id >> key.name >> key.sha256 >> created >> key.limits.requests_per_minute >>
        key.limits.max_active_jobs;
    if (!words || words >> rest || !is_hex(key.id, 16) || !is_name(key.name) || !is_hex(key.sha256, 64)) {
      throw Error(ErrorCode::unavailable,
                  fmt::format("{}, line {}, is no key; put it right or remove it", path, number));
    }
    key.created_at = std::chrono::sys_seconds(std::chrono::seconds(created));
    keys.push_back(std::move(key));
  }
  return keys;
}

void write(const std::string& path, const std::vector<Key>& keys) {
  std::string content(heading);
  for (const Key& key : keys) content += line_of(key);
  replace_private_file(path, content);
}

}  // namespace

KeyStore::KeyStore(std::string path) : path_(std::move(path)) {}

KeyStore::Version KeyStore::version_now() const {
  struct stat status {};
  if (::stat(path_.c_str(), &status) != 0) {
    if (errno == ENOENT) return {};
    throw Error(ErrorCode::unavailable, fmt::format("looking at {}: error {}; nobody is let in", path_, errno));
  }
  return {status.st_dev, status.st_ino, status.st_mtim.tv_sec * 1'000'000'000LL + status.st_mtim.tv_nsec,
          status.st_size};
}

void KeyStore::refresh() {
  const Version now = version_now();
  if (now == version_) return;
  // What is read is at least as new as `now`; should it change meanwhile, the next call reads it again.
  auto content = read_file(path_, maximum_file_bytes);
  keys_ = content ? parse(*content, path_) : std::vector<Key>{};
  in_use_ = in_use_ || content.has_value();
  version_ = now;
}

std::string KeyStore::create(std::string_view name, const KeyLimits& limits) {
  if (!is_name(name)) {
    throw Error(ErrorCode::invalid_request,
                fmt::format("a key's name is 1 to {} letters, digits or any of . _ - @", maximum_name_bytes));
  }
  const FileLock lock(path_ + ".lock");
  const std::lock_guard guard(mutex_);
  refresh();
  for (const Key& key : keys_) {
    if (key.name == name || key.id == name) {
      throw Error(ErrorCode::conflict,
                  fmt::format("there is a key \"{}\" already; revoke it or take another name", name));
    }
  }
  std::string text = new_key_text();
  std::vector<Key> keys = keys_;
  keys.push_back({new_key_id(), std::string(name), sha256_hex(text),
                  std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now()), limits});
  write(path_, keys);
  refresh();
  return text;
}

std::vector<Key> KeyStore::list() {
  const std::lock_guard guard(mutex_);
  refresh();
  return keys_;
}

bool KeyStore::revoke(std::string_view name_or_id) {
  const FileLock lock(path_ + ".lock");
  const std::lock_guard guard(mutex_);
  refresh();
  std::vector<Key> keys = keys_;
  if (std::erase_if(keys, [&](const Key& key) { return key.name == name_or_id || key.id == name_or_id; }) == 0) {
    return false;
  }
  write(path_, keys);
  refresh();
  return true;
}

std::optional<Key> KeyStore::find(std::string_view text) {
  const std::string hash = sha256_hex(text);
  const std::lock_guard guard(mutex_);
  refresh();
  const Key* found = nullptr;
  for (const Key& key : keys_) {
    if (equal_in_constant_time(key.sha256, hash)) found = &key;
  }
  return found != nullptr ? std::optional(*found) : std::nullopt;
}

bool KeyStore::in_use() {
  const std::lock_guard guard(mutex_);
  refresh();
  return in_use_;
}

}  // namespace pysandbox::server
