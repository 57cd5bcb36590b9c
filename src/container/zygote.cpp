#include "container/zygote.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstring>

#include "container/control_channel.hpp"
#include "container/package_aids.hpp"
#include "container/program_words.hpp"
#include "container/step_text.hpp"
#include "support/syscall.hpp"

namespace pysandbox::container {
namespace {

using std::chrono::milliseconds;

constexpr std::chrono::seconds start_patience{60};  // it imports what the operator has chosen
constexpr int most_late_answers = 64;

// Those of most programs. The quota is lowered when there is one, and until then must hold any inputs.
Limits limits_of_parked() {
  Limits limits;
  for (const auto& field : limit_fields()) {
    if (field.name == "workspace_bytes" || field.name == "workspace_inodes") {
      set_limit(limits, field.name, field.maximum);
    }
  }
  return limits;
}

Limits limits_of_zygote() {
  Limits limits;
  limits.memory_bytes = 2ULL << 30;
  limits.processes = 4096;  // those that it forks are its own for a moment
  return limits;
}

// A pidfd's number as this process counts.
pid_t pid_of(int pidfd) {
  const std::string text = read_small_file("/proc/self/fdinfo/" + std::to_string(pidfd));
  const auto line = text.find("\nPid:\t");
  pid_t pid = -1;
  if (line != std::string::npos) std::from_chars(text.data() + line + 6, text.data() + text.size(), pid);
  return pid;
}

// What stands behind "Uid:" or "Gid:", four times.
bool has_ids(const std::string& status, const char* name, std::uint32_t id) {
  const std::string one = std::to_string(id);
  return status.find("\n" + std::string(name) + ":\t" + one + "\t" + one + "\t" + one + "\t" + one + "\n") !=
         std::string::npos;
}

[[noreturn]] void fail(const std::string& what) {
  throw Error(ErrorCode::sandbox_unavailable, what + "; programs start without it, each in a new interpreter");
}

const char* text_of(ZygoteFlaw flaw) {
  switch (flaw) {
    case ZygoteFlaw::none:
      return "nothing";
    case ZygoteFlaw::threads:
      return "a module that it loads has started a thread, which a fork would lose; preload other modules";
    case ZygoteFlaw::descriptors:
      return "a module that it loads has opened a descriptor, which every fork would share; preload other modules";
    case ZygoteFlaw::filter:
      return "it has no system-call filter";
    case ZygoteFlaw::shared_memory:
      return "a module that it loads has mapped memory that every fork could write; preload other modules";
  }
  return "it says something unknown";
}

std::string last_line(const UniqueFd& errors) {
  ::fcntl(errors.get(), F_SETFL, O_NONBLOCK);
  std::string text = read_small_fd(errors.get());
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text.empty() ? "it said nothing" : text.substr(text.rfind('\n') + 1);
}

}  // namespace

Zygote::Zygote(const ZygoteParts& parts, std::string environment_directory)
    : parts_(parts),
      environment_directory_(std::move(environment_directory)),
      place_(take_place(parts.slots, parts.cgroups, limits_of_zygote())),
      init_(std::make_unique<InitProcess>(parts.init, start())) {
  init_->wait_until_ready();
  start_interpreter();
}

InitStart Zygote::start() const {
  const bool root = ::geteuid() == 0;
  InitStart start{};
  start.host_uid = root ? place_.slot.uid() : ::geteuid();
  start.host_gid = root ? place_.slot.uid() : ::getegid();
  start.privileged = root;
  start.cgroup = place_.cgroup ? place_.cgroup->entry() : -1;
  start.first_parked_uid = parts_.options.first_uid;
  start.parked_uid_count = root ? parts_.options.uid_count : 0;
  start.plan.role = Role::zygote;
  start.plan.workspace_bytes = 1 << 20;
  start.plan.workspace_inodes = 64;
  start.plan.may_set_groups = root ? 1 : 0;
  std::strncpy(start.plan.rootfs, parts_.options.rootfs.c_str(), sizeof start.plan.rootfs - 1);
  std::strncpy(start.plan.environment, environment_directory_.c_str(), sizeof start.plan.environment - 1);
  return start;
}

void Zygote::start_interpreter() {
  if (!suits_zygote(environment_directory_)) fail("an environment has a sitecustomize, which is for its jobs alone");
  int pair[2];
  check(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), "making a channel to a zygote");
  orders_.reset(pair[0]);
  UniqueFd theirs(pair[1]);
  int pipe[2];
  check(::pipe2(pipe, O_CLOEXEC), "making a pipe for a zygote's errors");
  errors_.reset(pipe[0]);
  UniqueFd errors_theirs(pipe[1]);
  const UniqueFd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  check(null.get(), "opening /dev/null");

  Words words = zygote_words(package_aids(environment_directory_, Limits{}), parts_.options);
  const UniqueFd words_file = memory_file("words", words.bytes);
  const auto tasks_files = place_.cgroup ? place_.cgroup->take_tasks_files() : std::vector<UniqueFd>();
  words.plan.cgroup_files = static_cast<std::uint32_t>(tasks_files.size());
  words.plan.zygote_files = 2;
  std::vector<int> fds{words_file.get(), null.get(), null.get(), errors_theirs.get()};
  for (const auto& file : tasks_files) fds.push_back(file.get());
  fds.push_back(theirs.get());
  fds.push_back(parts_.library.fd());
  if (!send(init_->channel(), words.plan, fds)) check(-1, "starting a zygote", ErrorCode::sandbox_unavailable);
}

bool Zygote::is_ready() {
  ForkAnswer first{};
  if (!receive(orders_.get(), first, {}, 0)) {
    if (errno == ETIMEDOUT && std::chrono::steady_clock::now() - born_ < start_patience) return false;
    Report report{};
    if (receive(init_->channel(), report, {}, 0) && report.event == Event::failed) throw_step_failed(report);
    fail("a zygote did not start: " + last_line(errors_));
  }
  errors_.reset();
  const auto flaw = static_cast<ZygoteFlaw>(first.pid);
  if (flaw != ZygoteFlaw::none) fail(std::string("a zygote is not fit to be forked: ") + text_of(flaw));
  return true;
}

std::uint32_t Zygote::reserve(std::uint32_t count) noexcept {
  const std::uint32_t most = parts_.options.pool.rotate_after_programs;
  std::uint32_t before = children_;
  std::uint32_t granted;
  do granted = before >= most ? 0 : std::min(count, most - before);
  while (!children_.compare_exchange_weak(before, before + granted));
  return granted;
}

// The place is made while the zygote forks.
Zygote::Parking Zygote::begin_parking(milliseconds patience) {
  int pair[2];
  check(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), "making a channel to a container");
  UniqueFd ours(pair[0]);
  UniqueFd theirs(pair[1]);
  // By the wall clock, since ThreadSanitizer knows pthread_mutex_timedlock(3) and not pthread_mutex_clocklock(3). Where
  // it jumps, a start is cold.
  std::unique_lock forking(forking_, std::chrono::system_clock::now() + patience);
  if (!forking) fail("a zygote is busy with other forks");
  const std::uint32_t number = order_fork(theirs);
  theirs.reset();
  Place place = take_place(parts_.slots, parts_.cgroups, limits_of_parked());
  Forked forked = hear_of_fork(number, std::move(ours), patience);
  forking.unlock();
  auto init = std::make_unique<InitProcess>(std::move(forked.init));
  give_user(forked.pid_inside, ::geteuid() == 0 ? first_parked_id + place.slot.index() : guest_id, patience);
  if (place.cgroup) place.cgroup->adopt(init->pid());
  const auto tasks_files = place.cgroup ? place.cgroup->take_tasks_files() : std::vector<UniqueFd>();
  init->tell(plan_of_parked(static_cast<std::uint32_t>(tasks_files.size())), tasks_files);
  return {std::move(place), std::move(init)};
}

std::unique_ptr<ParkedContainer> Zygote::finish_parking(Parking parking, milliseconds patience) {
  Place& place = parking.place;
  std::unique_ptr<InitProcess>& init = parking.init;
  const bool root = ::geteuid() == 0;
  init->wait_until_ready(patience);
  // A zygote says which process it has forked; whose it is we see for ourselves.
  const std::string status = read_small_file("/proc/" + std::to_string(init->pid()) + "/status");
  if (!has_ids(status, "Uid", root ? place.slot.uid() : ::geteuid()) ||
      !has_ids(status, "Gid", root ? place.slot.uid() : ::getegid())) {
    fail("a parked container has not the user that it was given");
  }
  init->wait_until_parked(patience);
  has_served_ = true;
  return std::make_unique<ParkedContainer>(ParkedContainer{shared_from_this(), std::move(place), std::move(init)});
}

std::uint32_t Zygote::order_fork(const UniqueFd& channel) {
  const int fd = channel.get();
  const ForkOrder order{++orders_given_};
  if (send(orders_.get(), order, {&fd, 1})) return order.number;
  spoiled_ = true;
  fail("a zygote has ended");
}

// Whoever ordered before us may have given up: what was forked then finds its channel closed, and ends.
Zygote::Forked Zygote::hear_of_fork(std::uint32_t number, UniqueFd channel, milliseconds patience) {
  ForkAnswer answer{};
  UniqueFd pidfd;
  for (int late = 0; late <= most_late_answers && answer.number < number; ++late) {
    int received = -1;
    if (!receive(orders_.get(), answer, {&received, 1}, static_cast<int>(patience.count()))) {
      spoiled_ = true;
      fail("a zygote has ended");
    }
    pidfd.reset(received);
  }
  if (answer.number != number) {
    spoiled_ = true;
    fail("a zygote does not answer what it was asked");
  }
  if (answer.pid <= 0 || !pidfd) {
    fail("a zygote cannot be forked: " + errno_text(-answer.pid) + "; " + namespace_remedy(-answer.pid));
  }
  const pid_t pid = pid_of(pidfd.get());
  if (pid <= 0) fail("a process that a zygote has forked is not there any more");
  return {{pid, std::move(pidfd), std::move(channel)}, answer.pid};
}

void Zygote::give_user(std::int32_t pid_inside, std::uint32_t id, milliseconds patience) {
  const std::lock_guard lock(mapping_);
  Report report{};
  if (!send(init_->channel(), IdMap{pid_inside, id}) ||
      !receive(init_->channel(), report, {}, static_cast<int>(patience.count())) || report.event != Event::mapped) {
    spoiled_ = true;  // also if it is only late: its answer would be taken for the next one's
    fail("the container of a zygote has ended");
  }
  if (report.error != 0) throw_step_failed(report);
}

ContainerPlan Zygote::plan_of_parked(std::uint32_t cgroup_files) const {
  ContainerPlan plan{};
  const Limits limits = limits_of_parked();
  plan.role = Role::parked;
  plan.cgroup_files = cgroup_files;
  plan.workspace_bytes = limits.workspace_bytes;
  plan.workspace_inodes = limits.workspace_inodes;
  plan.may_set_groups = ::geteuid() == 0 ? 1 : 0;
  // As the zygote's container names what it shows.
  if (!parts_.options.rootfs.empty()) std::strcpy(plan.rootfs, "/");
  if (!environment_directory_.empty()) std::strcpy(plan.environment, "/environment");
  return plan;
}

}  // namespace pysandbox::container
