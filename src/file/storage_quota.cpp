#include "file/storage_quota.hpp"

#include <utility>

#include <pysandbox/error.hpp>

#include "support/in_quotes.hpp"

namespace pysandbox {
namespace {

void refuse_beyond(std::uint64_t quota, std::uint64_t held, std::uint64_t more, const std::string& whose,
                   const char* name) {
  if (quota == 0 || (held <= quota && more <= quota - held)) return;
  throw Error(ErrorCode::too_large, whose + " may hold " + std::to_string(quota) + " bytes together (" + name +
                                        "), and one more would exceed that; remove some or raise the quota");
}

}  // namespace

StorageQuota::Growth::Growth(StorageQuota& quota, FileId id, std::string_view owner)
    : quota_(quota), id_(std::move(id)) {
  if (!quota_.is_set()) return;
  const std::lock_guard lock(quota_.mutex_);
  quota_.files_.emplace(id_, Entry{.owner = std::string(owner), .is_growing = true});
}

StorageQuota::Growth::~Growth() {
  if (!kept_) quota_.forget(id_);
}

void StorageQuota::Growth::add(std::uint64_t bytes) {
  if (quota_.is_set()) quota_.grow(id_, bytes);
}

void StorageQuota::Growth::keep() {
  kept_ = true;
  const std::lock_guard lock(quota_.mutex_);
  if (const auto found = quota_.files_.find(id_); found != quota_.files_.end()) found->second.is_growing = false;
}

void StorageQuota::grow(const FileId& id, std::uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  Entry& file = files_.at(id);
  std::uint64_t& of_owner = bytes_of_owner_[file.owner];
  const std::string whose = file.owner.empty() ? "Files without an owner" : "The files of " + in_quotes(file.owner);
  refuse_beyond(options_.owner_quota_bytes, of_owner, bytes, whose, "owner_quota_bytes");
  refuse_beyond(options_.quota_bytes, bytes_, bytes, "The files of this store", "quota_bytes");
  file.bytes += bytes;
  of_owner += bytes;
  bytes_ += bytes;
}

void StorageQuota::note(const FileId& id, std::string_view owner, std::uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  const auto [file, is_new] = files_.emplace(id, Entry{.owner = std::string(owner), .bytes = bytes});
  if (!is_new) return;
  bytes_of_owner_[file->second.owner] += bytes;
  bytes_ += bytes;
}

void StorageQuota::forget(const FileId& id) {
  const std::lock_guard lock(mutex_);
  const auto file = files_.find(id);
  if (file == files_.end()) return;
  bytes_ -= file->second.bytes;
  if (const auto owner = bytes_of_owner_.find(file->second.owner); owner != bytes_of_owner_.end()) {
    owner->second -= file->second.bytes;
    if (owner->second == 0) bytes_of_owner_.erase(owner);
  }
  files_.erase(file);
}

std::vector<FileId> StorageQuota::known(std::string_view beginning) {
  const std::lock_guard lock(mutex_);
  std::vector<FileId> ids;
  for (auto file = files_.lower_bound(beginning); file != files_.end() && file->first.starts_with(beginning); ++file) {
    if (!file->second.is_growing) ids.push_back(file->first);
  }
  return ids;
}

}  // namespace pysandbox
