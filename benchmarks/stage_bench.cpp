// What each stage of a run costs by itself, in the order in which a run meets them.
//
//   build/bench/bin/stage_bench --benchmark_enable_random_interleaving=true --benchmark_repetitions=5
//
// Each measures its own stage only (manual time): what has to be made before and cleared away after is left out. A warm
// job is measured as a whole, and its stages are its counters, in microseconds. With the directory of an environment in
// PYSANDBOX_BENCH_ENVIRONMENT there is a job of pandas beside that of nothing but the standard library.
#include <benchmark/benchmark.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <pysandbox/job_store.hpp>
#include <pysandbox/sandbox.hpp>

#include "container/cgroup.hpp"
#include "container/init_process.hpp"
#include "container/slot.hpp"
#include "container/zygote.hpp"

namespace {

namespace container = pysandbox::container;

using Clock = std::chrono::steady_clock;

constexpr std::chrono::hours lease{1};
constexpr int few = 20;  // of what runs a whole program to measure a part of it

template <typename Work>
void measure(benchmark::State& state, Work&& work) {
  const auto start = Clock::now();
  work();
  state.SetIterationTime(std::chrono::duration<double>(Clock::now() - start).count());
}

// Far from the ids of whatever else runs here.
pysandbox::NativeRunnerOptions own_options() {
  pysandbox::NativeRunnerOptions options;
  options.first_uid = 1'950'000'000;
  options.uid_count = 64;
  return options;
}

class TemporaryDirectory {
 public:
  explicit TemporaryDirectory(std::string name) : path_(std::move(name) + ".XXXXXX") {
    if (::mkdtemp(path_.data()) == nullptr) throw std::runtime_error("no directory can be made here; go elsewhere");
  }
  ~TemporaryDirectory() { std::filesystem::remove_all(path_); }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

  const std::string& path() const noexcept { return path_; }

 private:
  std::string path_;
};

// MAKING A CONTAINER

void slot(benchmark::State& state) {
  const container::SlotTable table(own_options());
  for (auto _ : state) {
    measure(state, [&] { benchmark::DoNotOptimize(table.claim()); });
  }
}

void cgroup_with_limits(benchmark::State& state) {
  const auto found = container::find_cgroup_tree({});
  if (!found.tree) return state.SkipWithError(found.obstacle.c_str());
  const container::SlotTable table(own_options());
  for (auto _ : state) {
    const auto place = table.claim();
    std::unique_ptr<container::Cgroup> cgroup;
    measure(state, [&] { cgroup = found.tree->make(place.name(), pysandbox::Limits{}); });
    if (!cgroup) return state.SkipWithError("somebody else has a cgroup of that name");
  }
}

container::InitStart start_of(const container::Slot& place) {
  container::InitStart start{};
  const bool root = ::geteuid() == 0;
  start.host_uid = root ? place.uid() : ::geteuid();
  start.host_gid = root ? place.uid() : ::getegid();
  start.privileged = root;
  start.cgroup = -1;
  start.plan.workspace_bytes = pysandbox::Limits{}.workspace_bytes;
  start.plan.workspace_inodes = pysandbox::Limits{}.workspace_inodes;
  start.plan.may_set_groups = root ? 1 : 0;
  return start;
}

enum class Part { spawn, build, end };

// Of the life of an empty container: its init is started in new namespaces, builds the root, and is ended.
void empty_container(benchmark::State& state, Part part) {
  const container::SlotTable table(own_options());
  const container::InitImage image(container::InitImage::built_in());
  for (auto _ : state) {
    const auto place = table.claim();
    const auto t0 = Clock::now();
    container::InitProcess init(image, start_of(place));
    const auto t1 = Clock::now();
    init.wait_until_ready();
    const auto t2 = Clock::now();
    init.kill();
    init.reap();
    const auto t3 = Clock::now();
    const auto time = part == Part::spawn ? t1 - t0 : part == Part::build ? t2 - t1 : t3 - t2;
    state.SetIterationTime(std::chrono::duration<double>(time).count());
  }
}

void load_seccomp(benchmark::State& state) {
  static constexpr sock_filter filter[] = {
#include "python_strict.inc"
  };
  const sock_fprog program{sizeof filter / sizeof *filter, const_cast<sock_filter*>(filter)};
  for (auto _ : state) {
    bool loaded = false;
    // It binds the thread that loads it, for good.
    std::jthread([&] {
      ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
      measure(state, [&] { loaded = ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) == 0; });
    }).join();
    if (!loaded) return state.SkipWithError("the kernel does not take the filter");
  }
}

// RUNNING IN IT

enum class Stage { open, run, collect, close };

void whole_run(benchmark::State& state, Stage stage, const pysandbox::Program& program) {
  const auto runner = pysandbox::make_native_runner();
  for (auto _ : state) {
    const auto t0 = Clock::now();
    auto opened = runner->open({});
    const auto t1 = Clock::now();
    auto result = opened->run(program, {});
    const auto t2 = Clock::now();
    opened->collect(result, [](pysandbox::OutputFile&) {});
    const auto t3 = Clock::now();
    opened.reset();
    const auto t4 = Clock::now();
    if (result.outcome != pysandbox::Outcome::ok) return state.SkipWithError("the program did not end well");
    const auto time = stage == Stage::open      ? t1 - t0
                      : stage == Stage::run     ? t2 - t1
                      : stage == Stage::collect ? t3 - t2
                                                : t4 - t3;
    state.SetIterationTime(std::chrono::duration<double>(time).count());
  }
}

pysandbox::Program program(const std::string& code) {
  pysandbox::Program made;
  made.entry_point = "main.py";
  made.code = code;
  return made;
}

const auto hello = program("print('hello')");
const auto twenty_files = program("for i in range(20): open(f'f{i}.txt', 'w').write('x' * 1000)");

// A WARM JOB, FROM STAGE TO STAGE

constexpr int warm_runs = 30;  // of one benchmark; fewer than half of what is parked, so that none is made meanwhile
constexpr int warm_parked = 80;

std::string bench_environment() {
  const char* directory = std::getenv("PYSANDBOX_BENCH_ENVIRONMENT");
  return directory != nullptr ? directory : "";
}

pysandbox::NativeRunnerOptions warm_options() {
  auto options = own_options();
  options.uid_count = 256;
  options.pool.minimum = options.pool.maximum = warm_parked;
  options.pool.memory_bytes = 2ULL << 30;
  options.pool.preload_packages = {"numpy", "pandas"};
  return options;
}

// It tells the clock that host and guest share, when its first line runs and when its work is done.
pysandbox::Program telling(const std::string& work) {
  pysandbox::Program made;
  made.entry_point = "main.py";
  made.code = "import time\nbegan = time.monotonic_ns()\n" + work + "\nprint(began, time.monotonic_ns())\n";
  return made;
}

const auto warm_hello = telling("");
const auto warm_pandas = telling(
    "import pandas\n"
    "frame = pandas.DataFrame({'key': [i % 7 for i in range(1000)], 'value': range(1000)})\n"
    "frame.groupby('key')['value'].sum().tolist()");

enum class Needs { nothing, environment };

constexpr std::array warm_stages{"1 a parked container is taken",    "2 program handed over, until its first line",
                                 "3 the program's own work",         "4 output on its way to the caller",
                                 "5 its end: all dead, counted",     "6 files collected",
                                 "7 what is left handed to the pool"};

double microseconds(Clock::duration time) { return std::chrono::duration<double, std::micro>(time).count(); }

Clock::time_point at_nanosecond(const char*& from, const char* end) {
  std::int64_t count = 0;
  from = std::from_chars(from, end, count).ptr + 1;
  return Clock::time_point(std::chrono::nanoseconds(count));
}

void wait_for_pool(pysandbox::ContainerRunner& runner, const pysandbox::ContainerSpec& spec) {
  const auto container = runner.open(spec);  // a cold one, which makes the pool begin
  container->run(program("pass"), {});
  std::this_thread::sleep_for(std::chrono::seconds(3));
}

double median(std::vector<double>& values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

void warm_job(benchmark::State& state, const pysandbox::Program& job, Needs needs) {
  pysandbox::ContainerSpec spec;
  if (needs == Needs::environment) spec.environment_directory = bench_environment();
  if (needs == Needs::environment && spec.environment_directory.empty()) {
    return state.SkipWithError("no environment is given in PYSANDBOX_BENCH_ENVIRONMENT");
  }
  const auto runner = pysandbox::make_native_runner(warm_options());
  wait_for_pool(*runner, spec);
  std::array<std::vector<double>, warm_stages.size()> times;
  for (auto _ : state) {
    Clock::time_point heard{};
    const auto sink = [&](pysandbox::Stream, std::string_view) {
      if (heard == Clock::time_point{}) heard = Clock::now();
    };
    const auto begin = Clock::now();
    auto container = runner->open(spec);
    const auto opened = Clock::now();
    auto result = container->run(job, sink);
    const auto ended = Clock::now();
    container->collect(result, [](pysandbox::OutputFile&) {});
    const auto collected = Clock::now();
    container.reset();
    const auto closed = Clock::now();
    if (result.isolation.start != "warm") return state.SkipWithError("a run has found no parked container");
    if (result.outcome != pysandbox::Outcome::ok) return state.SkipWithError("the program did not end well");
    const char* text = result.stdout.data();
    const char* const end = text + result.stdout.size();
    const auto first_line = at_nanosecond(text, end);
    const auto worked = at_nanosecond(text, end);
    const std::array moments{begin, opened, first_line, worked, heard, ended, collected, closed};
    for (std::size_t stage = 0; stage < times.size(); ++stage) {
      times[stage].push_back(microseconds(moments[stage + 1] - moments[stage]));
    }
    state.SetIterationTime(std::chrono::duration<double>(closed - begin).count());
  }
  for (std::size_t stage = 0; stage < times.size(); ++stage) state.counters[warm_stages[stage]] = median(times[stage]);
}

enum class Making { zygote, parked };

// Off the way of any job: what it costs to make an interpreter that can be forked, and one that is parked.
void make_warm(benchmark::State& state, Making what, Needs needs) {
  const std::string environment = needs == Needs::environment ? bench_environment() : "";
  if (needs == Needs::environment && environment.empty()) {
    return state.SkipWithError("no environment is given in PYSANDBOX_BENCH_ENVIRONMENT");
  }
  const auto options = warm_options();
  const container::InitImage init(container::InitImage::built_in());
  const container::InitImage library(container::InitImage::zygote_library());
  const auto cgroups = container::find_cgroup_tree({});
  const container::SlotTable slots(options);
  const container::ZygoteParts parts{options, init, library, cgroups.tree.get(), slots};
  const auto ready_zygote = [&] {
    auto made = std::make_shared<container::Zygote>(parts, environment);
    while (!made->is_ready()) std::this_thread::sleep_for(std::chrono::microseconds(100));
    return made;
  };
  std::shared_ptr<container::Zygote> zygote;
  if (what == Making::parked) zygote = ready_zygote();
  for (auto _ : state) {
    std::unique_ptr<container::ParkedContainer> parked;
    measure(state, [&] {
      if (what == Making::parked) {
        parked = zygote->finish_parking(zygote->begin_parking(std::chrono::seconds(5)), std::chrono::seconds(5));
      } else {
        zygote = ready_zygote();
      }
    });
    if (what == Making::zygote) zygote.reset();
  }
}

// REMEMBERING IT

enum class Step { add, claim, finish };

void store(benchmark::State& state, Step step, pysandbox::JobStore& jobs) {
  const pysandbox::JobRequest request{.code = "print('hello')"};
  for (auto _ : state) {
    const auto t0 = Clock::now();
    jobs.add(request);
    const auto t1 = Clock::now();
    const auto claim = jobs.claim("bench", lease);
    const auto t2 = Clock::now();
    jobs.finish(claim.value(), {});
    const auto t3 = Clock::now();
    const auto time = step == Step::add ? t1 - t0 : step == Step::claim ? t2 - t1 : t3 - t2;
    state.SetIterationTime(std::chrono::duration<double>(time).count());
  }
}

void memory_store(benchmark::State& state, Step step) { store(state, step, *pysandbox::make_memory_job_store()); }

// In the current directory: its disk is what is measured.
void sqlite_store(benchmark::State& state, Step step) {
  const TemporaryDirectory directory("stage_bench");
  store(state, step, *pysandbox::open_sqlite_job_store(directory.path() + "/jobs.sqlite"));
}

#define PYSANDBOX_STAGE(name, ...) BENCHMARK(name)->Name(__VA_ARGS__)->UseManualTime()->Unit(benchmark::kMicrosecond)
#define PYSANDBOX_STAGE_OF(name, title, ...) \
  BENCHMARK_CAPTURE(name, title, __VA_ARGS__)->UseManualTime()->Unit(benchmark::kMicrosecond)

PYSANDBOX_STAGE(slot, "slot");
PYSANDBOX_STAGE(cgroup_with_limits, "cgroup_with_limits");
PYSANDBOX_STAGE_OF(empty_container, spawn, Part::spawn);
PYSANDBOX_STAGE_OF(empty_container, build, Part::build);
PYSANDBOX_STAGE_OF(empty_container, end, Part::end);
PYSANDBOX_STAGE(load_seccomp, "load_seccomp");
PYSANDBOX_STAGE_OF(whole_run, hello_open, Stage::open, hello)->Iterations(few);
PYSANDBOX_STAGE_OF(whole_run, hello_run, Stage::run, hello)->Iterations(few);
PYSANDBOX_STAGE_OF(whole_run, hello_collect, Stage::collect, hello)->Iterations(few);
PYSANDBOX_STAGE_OF(whole_run, twenty_files_collect, Stage::collect, twenty_files)->Iterations(few);
PYSANDBOX_STAGE_OF(whole_run, hello_close, Stage::close, hello)->Iterations(few);
PYSANDBOX_STAGE_OF(make_warm, zygote, Making::zygote, Needs::nothing)->Iterations(few);
PYSANDBOX_STAGE_OF(make_warm, zygote_of_pandas, Making::zygote, Needs::environment)->Iterations(3);
PYSANDBOX_STAGE_OF(make_warm, parked, Making::parked, Needs::nothing)->Iterations(few);
PYSANDBOX_STAGE_OF(make_warm, parked_of_pandas, Making::parked, Needs::environment)->Iterations(few);
PYSANDBOX_STAGE_OF(warm_job, hello, warm_hello, Needs::nothing)->Iterations(warm_runs);
PYSANDBOX_STAGE_OF(warm_job, pandas, warm_pandas, Needs::environment)->Iterations(warm_runs);
PYSANDBOX_STAGE_OF(memory_store, add, Step::add);
PYSANDBOX_STAGE_OF(memory_store, claim, Step::claim);
PYSANDBOX_STAGE_OF(memory_store, finish, Step::finish);
PYSANDBOX_STAGE_OF(sqlite_store, add, Step::add);
PYSANDBOX_STAGE_OF(sqlite_store, claim, Step::claim);
PYSANDBOX_STAGE_OF(sqlite_store, finish, Step::finish);

}  // namespace

BENCHMARK_MAIN();
