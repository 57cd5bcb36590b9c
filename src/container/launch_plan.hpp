// What the host tells pysandbox-init, and what it hears back.
//
// Everything is of a fixed size but the program's words, so that the
// privileged side parses next to nothing. One library and one init are always built together, so there
// is no version to negotiate.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

namespace pysandbox::container {

// Where the init finds its channel.
inline constexpr int control_fd = 3;

// cgroup v1 has a hierarchy, and so a file to join by, for each controller.
inline constexpr std::uint32_t maximum_cgroup_files = 8;

// Who the program is inside.
inline constexpr std::uint32_t guest_id = 1000;

// Where a zygote's container counts the ids of the containers that are forked from it: this one and up.
inline constexpr std::uint32_t first_parked_id = 2'000'000;

// What a container is for.
enum class Role : std::uint32_t {
  program,  // runs the program that the host sends
  zygote,   // runs an interpreter that has read nobody's program, and from which parked containers are forked
  parked,   // was forked from a zygote: in it an interpreter waits for the program
};

// Where a zygote finds what it needs: the host's orders, and the library that carries them out.
inline constexpr int zygote_orders_fd = 4;
inline constexpr int zygote_library_fd = 5;

// A protective layer that a test build of the init can leave out; see
// tests/support/weak_runner.hpp. The init in the library refuses a plan that names any.
enum class Layer : std::uint32_t {
  seccomp = 1u << 0,
  landlock = 1u << 1,
  root = 1u << 2,
  proc = 1u << 3,
  dev = 1u << 4,
  capabilities = 1u << 5,
  no_new_privs = 1u << 6,
  net = 1u << 7,
  ipc = 1u << 8,
  uts = 1u << 9,
  rlimits = 1u << 10,
  cgroup = 1u << 11,
  environment = 1u << 12,
  descriptors = 1u << 13,
  workspace_quota = 1u << 14,
  harvest = 1u << 15,
  identity = 1u << 16,
  user_namespaces = 1u << 17,
  readonly = 1u << 18,
  nosuid = 1u << 19,
};

constexpr bool has(std::uint32_t layers, Layer layer) noexcept {
  return (layers & static_cast<std::uint32_t>(layer)) != 0;
}

// The steps of lock-down, in order. A failure names one.
enum class Step : std::uint32_t {
  receive_plan,
  open_sources,
  open_environment,
  become_guest,
  private_mounts,
  new_root,
  system_files,
  environment,
  devices,
  processes,
  workspace,
  read_only_root,
  enter_root,
  hide_host,
  forbid_user_namespaces,
  receive_program,
  join_cgroup,
  map_ids,
  park,
  final_quota,
  drop_capabilities,
  new_session,
  standard_streams,
  close_descriptors,
  resource_limits,
  out_of_memory_first,
  landlock,
  seccomp,
  verify,
  execute,
  count,
};

// First message to the init; comes with a pidfd of the host: when that process dies the container ends, even if
// a child of the host's still holds the channel.
struct ContainerPlan {
  std::uint64_t workspace_bytes;  // quota of the one writable file system, inputs included
  std::uint64_t workspace_inodes;
  std::uint32_t may_set_groups;  // 1 if the runner is root
  std::uint32_t removed_layers;  // 0, or it is refused
  Role role;
  std::uint32_t cgroup_files;  // parked: `tasks` files of cgroup v1, after the pidfd, to write "0" to
  char rootfs[4096];           // "" for the host's /usr
  char environment[4096];      // what is shown in /environment; "" for nothing
};

// Second message; comes with four descriptors (the words, which are a memfd, stdin, stdout, stderr) and then
// the `tasks` files of cgroup v1 to write "0" to.
struct ProgramPlan {
  std::uint32_t cgroup_files;
  std::uint32_t zygote_files;    // for a zygote, after those: what it finds at zygote_orders_fd and zygote_library_fd
  std::uint32_t argument_count;  // words[0] is the file to execute
  std::uint32_t variable_count;  // follow the arguments
  std::uint64_t words_size;      // all NUL-terminated
  std::uint64_t open_files;
  std::uint64_t file_size_bytes;
  std::uint64_t processes;
  std::uint64_t cpu_seconds;               // per process, a backstop
  std::uint64_t last_resort_milliseconds;  // when the init ends it all, should the host not have done so
  std::uint64_t data_bytes;                // RLIMIT_DATA; 0: the cgroup keeps memory
  std::uint64_t workspace_bytes;           // parked: the quota, which was not known when the container was built
  std::uint64_t workspace_inodes;
};

// To a zygote's interpreter; comes with the channel of the new container, which then waits for its ContainerPlan.
struct ForkOrder {
  std::uint32_t number;
};

// Its answer; comes with a pidfd if `pid` is positive. The first one, without an order, says that it is ready, or
// what keeps it from being: see ZygoteFlaw.
struct ForkAnswer {
  std::uint32_t number;
  std::int32_t pid;  // as the zygote's container counts; or a negative errno
};

// Why an interpreter must not be forked: what a fork would take over, or lose.
enum class ZygoteFlaw : std::int32_t { none, threads, descriptors, filter, shared_memory };

// To a zygote's init, which answers with a Report: `pid` becomes the guest, under this id of the zygote's.
struct IdMap {
  std::int32_t pid;
  std::uint32_t id;
};

enum class Order : std::uint32_t {
  soft_stop,    // SIGXCPU to the program
  dump_stacks,  // SIGABRT to the program: faulthandler prints where it is
  kill_all,
  proceed,  // to a steward that is ready: the limits are set, the program may begin
};

enum class Event : std::uint32_t {
  ready,    // isolated; comes with the workspace's directory
  parked,   // the interpreter inside waits for its program
  started,  // and has got it: from here on the program may have run
  mapped,   // the answer to an IdMap
  failed,   // a step failed: step, error
  exited,   // the program and everything it started are dead
};

struct Report {
  Event event;
  Step step;
  std::int32_t error;        // an errno value
  std::int32_t wait_status;  // as waitpid(2) gives it
  std::int32_t landlock_abi;
  std::uint32_t leftovers;  // processes that outlived the program
  std::uint64_t user_microseconds;
  std::uint64_t system_microseconds;
  std::uint64_t read_bytes;
  std::uint64_t written_bytes;
  std::uint64_t peak_rss_bytes;  // of the largest process
};

static_assert(std::is_trivially_copyable_v<ContainerPlan> && std::is_trivially_copyable_v<ProgramPlan> &&
              std::is_trivially_copyable_v<Report> && std::is_trivially_copyable_v<ForkOrder> &&
              std::is_trivially_copyable_v<ForkAnswer> && std::is_trivially_copyable_v<IdMap>);

// Splits the words into argv and envp, each ended by a null pointer: `slots` needs
// argument_count + variable_count + 2 places. False if counts and bytes do not agree.
bool split_words(const ProgramPlan& plan, std::span<char> words, std::span<char*> slots) noexcept;

}  // namespace pysandbox::container
