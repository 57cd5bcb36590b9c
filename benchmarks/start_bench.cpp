// What one run costs in process, by what is asked of it, beside the bare interpreter.
//
//   build/test/bin/start_bench --benchmark_enable_random_interleaving=true --benchmark_repetitions=5
//
// The counter "of_python" is the median time of a row's runs divided by that of `/usr/bin/python3 -c pass`, one of
// which runs beside each of them; "warm" is the share of them that found a parked interpreter.
#include <benchmark/benchmark.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include <pysandbox/container_runner.hpp>
#include <pysandbox/sandbox.hpp>

namespace {

bool run_bare_python(const char* code) {
  const char* words[] = {"/usr/bin/python3", "-c", code, nullptr};
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", 1 /* O_WRONLY */, 0);
  pid_t pid;
  const bool started = ::posix_spawn(&pid, words[0], &actions, nullptr, const_cast<char**>(words), ::environ) == 0;
  ::posix_spawn_file_actions_destroy(&actions);
  if (started) ::waitpid(pid, nullptr, 0);
  return started;
}

void bare_python(benchmark::State& state) {
  for (auto _ : state) {
    if (!run_bare_python("print(1)")) {
      state.SkipWithError("cannot start python3");
      break;
    }
  }
}

void run(benchmark::State& state, const pysandbox::JobRequest& request) {
  pysandbox::Sandbox sandbox;
  for (auto _ : state) {
    if (sandbox.run(request).outcome != pysandbox::Outcome::ok) {
      state.SkipWithError("the program did not end well");
      break;
    }
  }
}

void hello(benchmark::State& state) { run(state, {.code = "print(1)"}); }

void one_megabyte_in_and_out(benchmark::State& state) {
  pysandbox::JobRequest request{.code = "open('out', 'wb').write(open('in', 'rb').read())"};
  request.inputs.push_back({.path = "in", .content = std::string(1 << 20, 'x')});
  run(state, request);
}

void twenty_files_out(benchmark::State& state) {
  run(state, {.code = "for i in range(20): open(f'f{i}.txt', 'w').write('x' * 1000)"});
}

double seconds_of(const std::function<void()>& what) {
  const auto start = std::chrono::steady_clock::now();
  what();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

double median(std::vector<double> values) {
  if (values.empty()) return 0;
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2), values.end());
  return values[values.size() / 2];
}

// Each run beside a bare interpreter, as on a service that is not busy: open, run, collect, and the container's end.
void beside_python(benchmark::State& state, pysandbox::StartMode start, std::uint32_t parked) {
  const auto runner = pysandbox::make_native_runner({.pool = {.maximum = parked}});
  runner->check();  // starts the pool, if there is one
  std::vector<double> ours, bare;
  double warm = 0;
  const auto hello = [&] {
    const auto container = runner->open({.start = start});
    pysandbox::RunResult result = container->run({.entry_point = "main.py", .code = "print(1)"}, {});
    container->collect(result, [](pysandbox::OutputFile&) {});
    if (result.stdout != "1\n") state.SkipWithError("the program did not end well");
    warm += result.isolation.start == "warm";
  };
  for (auto _ : state) {
    bare.push_back(seconds_of([] { run_bare_python("pass"); }));
    ours.push_back(seconds_of(hello));
    state.SetIterationTime(ours.back());
  }
  state.counters["of_python"] = median(ours) / median(bare);
  state.counters["warm"] = warm / static_cast<double>(ours.size());
}

void hello_warm(benchmark::State& state) { beside_python(state, pysandbox::StartMode::any, 16); }
void hello_cold(benchmark::State& state) { beside_python(state, pysandbox::StartMode::any, 0); }

// One after the other, as fast as it goes: with what the making of the next ones costs.
void hello_warm_without_pause(benchmark::State& state) {
  const auto runner = pysandbox::make_native_runner({.pool = {.maximum = 32}});
  runner->check();
  double warm = 0;
  for (auto _ : state) {
    warm += runner->open({})->run({.entry_point = "main.py", .code = "print(1)"}, {}).isolation.start == "warm";
  }
  state.counters["warm"] = warm / static_cast<double>(state.iterations());
}

BENCHMARK(bare_python)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK(hello)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK(hello_cold)->UseManualTime()->Unit(benchmark::kMillisecond);
BENCHMARK(hello_warm)->UseManualTime()->Unit(benchmark::kMillisecond);
BENCHMARK(hello_warm_without_pause)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK(one_megabyte_in_and_out)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK(twenty_files_out)->UseRealTime()->Unit(benchmark::kMillisecond);

}  // namespace

BENCHMARK_MAIN();
