// Parked interpreters: what they must not bring along, and what they must leave to others.
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <thread>

#include <pysandbox/container_runner.hpp>

#include "support/environment_with_module.hpp"
#include "support/temporary_directory.hpp"
#include "support/warm_runner.hpp"

namespace pysandbox::testing {
namespace {

// Tests run side by side, and these count what is free.
std::uint32_t uids_of_this_test() { return 1'950'000'000 + static_cast<std::uint32_t>(::getpid()) % 10'000 * 100; }

namespace fs = std::filesystem;

Program program(const std::string& code) { return {.entry_point = "main.py", .code = code}; }

// Python's own maps are shared unless one asks for another kind, and need no descriptor.
TEST(WarmIsolation, ForksNoInterpreterThatSharesMemory) {
  const EnvironmentWithModule chosen("import mmap\nX = mmap.mmap(-1, 4096)\n");
  NativeRunnerOptions options;
  options.pool.maximum = options.pool.minimum = 2;
  options.pool.preload_packages = {"chosen"};
  const auto runner = make_native_runner(options);
  for (int i = 0; i < 4; ++i) {
    const auto result = runner->open({.environment_directory = chosen.path()})
                            ->run(program("import chosen\nprint(chosen.X[:6])\nchosen.X[:6] = b'secret'"), {});
    EXPECT_EQ(result.stdout, "b'\\x00\\x00\\x00\\x00\\x00\\x00'\n") << result.stderr;
    EXPECT_EQ(result.isolation.start, "cold");
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
  }
}

TEST(WarmIsolation, LeavesTheNamesOfItsModulesToAProgram) {
  const auto runner = make_warm_runner();
  for (const std::string name : {"random.py", "token.py", "types.py", "json/__init__.py", "json/data.txt", "csv.csv"}) {
    Program p = program(
        "import csv, json, random, token, types\n"
        "print([getattr(m, 'MINE', 0) for m in (csv, json, random, token, types)])");
    p.inputs = {{.path = name, .content = "MINE = 1"}};
    const RunResult warm = runner->open({})->run(p, {});
    const RunResult fresh = runner->open({.start = StartMode::fresh})->run(p, {});
    EXPECT_EQ(warm.stdout, fresh.stdout) << name << warm.stderr;
    EXPECT_EQ(warm.stderr, fresh.stderr) << name;
  }
}

TEST(WarmIsolation, LeavesTheNamesOfItsModulesToAProgramInAFolder) {
  const auto runner = make_warm_runner();
  Program p = program("import os, random, sys\nprint(random.MINE, sys.argv, os.environ['COLOUR'], sys.stdin.read())");
  p.entry_point = "source/main.py";
  p.inputs = {{.path = "source/random.py", .content = "MINE = 1"}};
  p.args = {"zw\xc3\xb6lf"};
  p.env = {{"COLOUR", "gr\xc3\xbcn"}};
  p.stdin = "input";
  const RunResult result = runner->open({})->run(p, {});
  EXPECT_EQ(result.stdout, "1 ['/workspace/source/main.py', 'zw\xc3\xb6lf'] gr\xc3\xbcn input\n") << result.stderr;
}

// The kernel places things, and the C library makes threads, by what the limit was when the interpreter was started.
TEST(WarmIsolation, HasTheStacksOfANewInterpreter) {
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_STACK, &before), 0);
  const rlimit larger{64 << 20, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_STACK, &larger), 0);
  const auto runner = make_warm_runner();
  const std::string code =
      "import ctypes\nlibc = ctypes.CDLL(None)\nkept = ctypes.create_string_buffer(64)\nsize = ctypes.c_size_t()\n"
      "libc.pthread_getattr_default_np(kept)\nlibc.pthread_attr_getstacksize(kept, ctypes.byref(size))\n"
      "print(size.value)";
  const RunResult warm = runner->open({})->run(program(code), {});
  const RunResult fresh = runner->open({.start = StartMode::fresh})->run(program(code), {});
  ::setrlimit(RLIMIT_STACK, &before);
  EXPECT_EQ(warm.stdout, fresh.stdout) << warm.stderr;
}

// One whose packages take long to load, and one that cannot be forked.
TEST(WarmIsolation, LetsNoEnvironmentKeepOthersWaiting) {
  const EnvironmentWithModule others("X = 1");
  for (const std::string code :
       {"import time\ntime.sleep(50)\n", "import os, time\nos.register_at_fork(before=lambda: time.sleep(50))\n"}) {
    const EnvironmentWithModule slow(code);
    NativeRunnerOptions options;
    options.pool.maximum = options.pool.minimum = 2;
    options.pool.preload_packages = {"chosen"};
    const auto runner = make_native_runner(options);
    runner->open({.environment_directory = slow.path()});
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    std::string start;
    for (int tries = 0; start != "warm" && tries < 100; ++tries) {
      start = runner->open({.environment_directory = others.path()})->run(program("pass"), {}).isolation.start;
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
    EXPECT_EQ(start, "warm") << code;
  }
}

TEST(WarmIsolation, LeavesHalfOfThePlacesToProgramsThatItCannotServe) {
  for (const std::uint32_t places : {1u, 5u, 9u}) {
    const TemporaryDirectory state;
    NativeRunnerOptions options;
    options.state_directory = state.path();
    options.first_uid = uids_of_this_test();
    options.uid_count = places;
    options.pool.maximum = options.pool.minimum = 20;
    const auto runner = make_native_runner(options);
    runner->open({})->run(program("pass"), {});
    for (int i = 0; i < 12; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
      EXPECT_EQ(runner->open({.start = StartMode::fresh})->run(program("print(1)"), {}).stdout, "1\n");
    }
    const PoolUsage usage = runner->pool_usage().value();
    EXPECT_LE(usage.parked + usage.zygotes, places / 2);
  }
}

TEST(WarmIsolation, LeavesHalfOfThePlacesWithManyEnvironments) {
  const TemporaryDirectory state;
  NativeRunnerOptions options;
  options.state_directory = state.path();
  options.first_uid = uids_of_this_test();
  options.uid_count = 12;
  options.pool.maximum = 4;
  const auto runner = make_native_runner(options);
  std::deque<EnvironmentWithModule> environments;
  for (int i = 0; i < 20; ++i) {
    const auto& one = environments.emplace_back("X = 1");
    EXPECT_EQ(runner->open({.environment_directory = one.path()})->run(program("print(1)"), {}).stdout, "1\n");
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    const PoolUsage usage = runner->pool_usage().value();
    EXPECT_LE(usage.parked + usage.zygotes, 6u);
  }
}

TEST(WarmIsolation, GivesPlacesToTheEnvironmentsThatAreInUse) {
  const TemporaryDirectory state;
  NativeRunnerOptions options;
  options.state_directory = state.path();
  options.first_uid = uids_of_this_test();
  options.uid_count = 4;
  options.pool.maximum = 4;
  options.pool.idle_time = std::chrono::seconds(1);
  const auto runner = make_native_runner(options);
  const EnvironmentWithModule first("X = 1"), second("X = 1");
  const auto is_warm = [&](const EnvironmentWithModule& one) {
    return runner->open({.environment_directory = one.path()})->run(program("pass"), {}).isolation.start == "warm";
  };
  for (const EnvironmentWithModule* one : {&first, &second}) {
    bool warm = false;
    for (int tries = 0; !warm && tries < 100; ++tries) {
      warm = is_warm(*one);
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
    EXPECT_TRUE(warm);
  }
}

TEST(WarmIsolation, LeavesHalfOfTheDescriptorsToTheHost) {
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit few{80, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &few), 0);
  NativeRunnerOptions options;
  options.pool.maximum = options.pool.minimum = 50;
  {
    const auto runner = make_native_runner(options);
    for (int i = 0; i < 40; ++i) {
      EXPECT_EQ(runner->open({})->run(program("print(1)"), {}).stdout, "1\n");
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
  }
  ::setrlimit(RLIMIT_NOFILE, &before);
}

}  // namespace
}  // namespace pysandbox::testing
