// What one run costs in process, by what is asked of it, beside the bare interpreter.
//
//   build/test/bin/start_bench --benchmark_enable_random_interleaving=true --benchmark_repetitions=5
#include <benchmark/benchmark.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <pysandbox/sandbox.hpp>

namespace {

void bare_python(benchmark::State& state) {
  const char* words[] = {"/usr/bin/python3", "-c", "print(1)", nullptr};
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", 1 /* O_WRONLY */, 0);
  for (auto _ : state) {
    pid_t pid;
    if (::posix_spawn(&pid, words[0], &actions, nullptr, const_cast<char**>(words), ::environ) != 0) {
      state.SkipWithError("cannot start python3");
      break;
    }
    ::waitpid(pid, nullptr, 0);
  }
  ::posix_spawn_file_actions_destroy(&actions);
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

BENCHMARK(bare_python)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK(hello)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK(one_megabyte_in_and_out)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK(twenty_files_out)->UseRealTime()->Unit(benchmark::kMillisecond);

}  // namespace

BENCHMARK_MAIN();
