#include "container/slot.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <utility>
#include <vector>

#include "container/state_directory.hpp"
#include "support/syscall.hpp"
#include "support/unique_fd.hpp"

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

// The locks of one descriptor do not exclude each other, so what this process holds is written down beside them.
class HeldSlots {
 public:
  HeldSlots(UniqueFd file, std::uint32_t first_uid, std::uint32_t count)
      : file_(std::move(file)), first_uid_(first_uid), is_held_(count) {}

  // A process that forked shares the descriptor, and a file that was removed is not the one that others look at.
  bool serves() const noexcept {
    struct stat status {};
    return owner_ == ::getpid() && ::fstat(file_.get(), &status) == 0 && status.st_nlink > 0;
  }

  std::optional<std::uint32_t> take_lowest() {
    const std::lock_guard lock(mutex_);
    for (std::uint32_t index = 0; index < is_held_.size(); ++index) {
      if (!is_held_[index] && try_lock(index)) return index;
    }
    return std::nullopt;
  }

  bool take(std::uint32_t index) {
    const std::lock_guard lock(mutex_);
    return !is_held_[index] && try_lock(index);
  }

  // A process that our host forked meanwhile shares the lock and would keep it.
  void give_back(std::uint32_t index) noexcept {
    const std::lock_guard lock(mutex_);
    struct flock unlock = lock_of(F_UNLCK, first_uid_ + index);
    if (owner_ == ::getpid()) ::fcntl(file_.get(), F_OFD_SETLK, &unlock);
    is_held_[index] = false;
  }

 private:
  // The byte is the user id itself: runners with other ranges over the same file still exclude each other.
  bool try_lock(std::uint32_t index) {
    struct flock lock = lock_of(F_WRLCK, first_uid_ + index);
    if (::fcntl(file_.get(), F_OFD_SETLK, &lock) == 0) return is_held_[index] = true;
    if (errno == EAGAIN || errno == EACCES) return false;
    throw Error(ErrorCode::sandbox_unavailable, "locking a place for a running job: " + errno_text(errno));
  }

  const UniqueFd file_;
  const std::uint32_t first_uid_;
  const pid_t owner_ = ::getpid();
  std::mutex mutex_;
  std::vector<bool> is_held_;
};

SlotTable::SlotTable(const NativeRunnerOptions& options)
    : path_(make_state_directory(options.state_directory)), first_uid_(options.first_uid), count_(options.uid_count) {
  path_ += "/slots";
}

// An open-file-description lock: it belongs to this descriptor, not to the process, so two tables of one process
// exclude each other too, and a fork does not drop it (fcntl(2), F_OFD_SETLK).
std::shared_ptr<HeldSlots> SlotTable::held() const {
  const std::lock_guard lock(mutex_);
  if (held_ && held_->serves()) return held_;
  UniqueFd file(::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  check(file.get(), "opening " + path_, ErrorCode::sandbox_unavailable);
  return held_ = std::make_shared<HeldSlots>(std::move(file), first_uid_, count_);
}

Slot::~Slot() {
  if (held_) held_->give_back(index_);
}

Slot SlotTable::claim() const {
  auto held = this->held();
  if (const auto index = held->take_lowest()) return Slot(std::move(held), *index, first_uid_);
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
  auto held = this->held();
  if (!held->take(uid - first_uid_)) return std::nullopt;
  return Slot(std::move(held), uid - first_uid_, first_uid_);
}

}  // namespace pysandbox::container
