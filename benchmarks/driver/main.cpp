// Runs blocks of jobs for benchmarks/bench.py and tells when each began, printed and ended; see block.hpp.
//
//   bench_driver [--files DIRECTORY] [--pool COUNT] [--pool-memory-bytes COUNT] [--preload MODULE]...
//                [--environments DIRECTORY]      see flags.hpp
//
// One program times all sides, so that none pays for the harness more than another.
#include <fmt/format.h>

#include <atomic>
#include <cstdio>
#include <iostream>
#include <mutex>
#include <stdexcept>
#include <thread>

#include <pysandbox/error.hpp>

#include "driver/client.hpp"
#include "driver/flags.hpp"

namespace {

using pysandbox::bench::Block;
using pysandbox::bench::Client;
using pysandbox::bench::Sample;

std::unique_ptr<Client> make_client(const Block& block, pysandbox::Sandbox& sandbox) {
  if (block.side == "exec") return pysandbox::bench::make_exec_client(block);
  if (block.side == "http") return pysandbox::bench::make_http_client(block);
  if (block.side == "sandbox") return pysandbox::bench::make_sandbox_client(block, sandbox);
  throw std::runtime_error(fmt::format("no side is named \"{}\"", block.side));
}

// What all clients of a block share.
class Progress {
 public:
  explicit Progress(const Block& block)
      : left_(static_cast<std::int64_t>(block.count)),
        until_(block.count > 0 ? INT64_MAX : pysandbox::bench::now_ns() + block.duration.count() * 1'000'000) {}

  bool take_one() {
    if (failed_) return false;
    return until_ == INT64_MAX ? left_-- > 0 : pysandbox::bench::now_ns() < until_;
  }

  void add(std::vector<Sample>& samples) {
    const std::lock_guard lock(mutex_);
    for (auto& sample : samples) samples_.push_back(std::move(sample));
  }

  void fail(const std::string& reason) {
    const std::lock_guard lock(mutex_);
    failed_ = true;
    reason_ = reason;
  }

  // After all clients have ended.
  std::vector<Sample> samples() {
    if (failed_) throw std::runtime_error(reason_);
    return std::move(samples_);
  }

 private:
  std::atomic<std::int64_t> left_;
  std::int64_t until_;
  std::atomic<bool> failed_ = false;
  std::mutex mutex_;  // of what follows
  std::vector<Sample> samples_;
  std::string reason_;
};

void run_client(const Block& block, pysandbox::Sandbox& sandbox, Progress& progress) try {
  const auto client = make_client(block, sandbox);
  std::vector<Sample> samples;
  while (progress.take_one()) {
    samples.push_back(client->run());
    if (block.pause.count() > 0) std::this_thread::sleep_for(block.pause);
  }
  progress.add(samples);
} catch (const std::exception& error) {
  progress.fail(error.what());
}

std::vector<Sample> run_block(const Block& block, pysandbox::Sandbox& sandbox) {
  Progress progress(block);
  if (block.clients == 1) {
    run_client(block, sandbox, progress);
    return progress.samples();
  }
  {
    std::vector<std::jthread> clients;
    for (unsigned number = 0; number < block.clients; ++number) {
      clients.emplace_back([&] { run_client(block, sandbox, progress); });
    }
  }
  return progress.samples();
}

void answer(const Block& block, pysandbox::Sandbox& sandbox) try {
  std::string lines;
  for (const auto& sample : run_block(block, sandbox)) lines += to_line(sample);
  std::cout << lines << "done" << std::endl;
} catch (const std::exception& error) {
  std::cout << "error " << pysandbox::bench::in_hex(error.what()) << std::endl;
}

}  // namespace

int main(int count, char** words) try {
  pysandbox::Sandbox sandbox(pysandbox::bench::make_parts(pysandbox::bench::parse_flags(count, words)));
  while (const auto block = pysandbox::bench::read_block(std::cin)) answer(*block, sandbox);
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "bench_driver: %s\n", error.what());
  return 1;
}
