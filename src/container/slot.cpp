#include "container/slot.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>

#include "container/state_directory.hpp"
#include "support/syscall.hpp"

namespace pysandbox::container {
namespace {

struct flock lock_of(int type, std::uint32_t uid) {
  struct flock lock {};
  lock.l_type = static_cast<short>(type);
  lock.l_whence = SEEK_SET;
  lock.l_start = static_cast<off_t>(uid);
  lock.l_len = 1;
  return lock;
}

}  // namespace

SlotTable::SlotTable(const NativeRunnerOptions& options)
    : path_(make_state_directory(options.state_directory)), first_uid_(options.first_uid), count_(options.uid_count) {
  path_ += "/slots";
}

// An open-file-description lock: it belongs to this descriptor, not to the process,
// so threads exclude each other too, and a fork does not drop it (fcntl(2), F_OFD_SETLK).
std::optional<Slot> SlotTable::try_claim(std::uint32_t index) const {
  UniqueFd file(::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  check(file.get(), "opening " + path_, ErrorCode::sandbox_unavailable);
  // The byte is the user id itself: runners with other ranges over the same file still exclude each other.
  struct flock lock = lock_of(F_WRLCK, first_uid_ + index);
  if (::fcntl(file.get(), F_OFD_SETLK, &lock) != 0) {
    if (errno == EAGAIN || errno == EACCES) return std::nullopt;
    check(-1, "locking " + path_, ErrorCode::sandbox_unavailable);
  }
  return Slot(std::move(file), index, first_uid_);
}

// A process that our host forked meanwhile shares the lock and would keep it.
Slot::~Slot() {
  if (!lock_) return;
  struct flock lock = lock_of(F_UNLCK, uid());
  ::fcntl(lock_.get(), F_OFD_SETLK, &lock);
}

Slot SlotTable::claim() const {
  for (std::uint32_t index = 0; index < count_; ++index) {
    if (auto slot = try_claim(index)) return std::move(*slot);
  }
  throw Error(ErrorCode::unavailable, "all " + std::to_string(count_) +
                                          " places for running jobs on this host are taken; wait for one to end or "
                                          "raise NativeRunnerOptions::uid_count");
}

std::optional<Slot> SlotTable::claim_dead(const std::string& name) const {
  constexpr std::string_view prefix = "job-";
  if (!name.starts_with(prefix)) return std::nullopt;
  std::uint32_t uid = 0;
  const char* const end = name.data() + name.size();
  const auto parsed = std::from_chars(name.data() + prefix.size(), end, uid);
  if (parsed.ec != std::errc() || parsed.ptr != end || uid < first_uid_ || uid - first_uid_ >= count_) {
    return std::nullopt;
  }
  return try_claim(uid - first_uid_);
}

}  // namespace pysandbox::container
