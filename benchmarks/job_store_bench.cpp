// What the durable queue costs: submits per second when 64 threads share commits and when one thread commits them one
// by one, and the time of a claim when 1, 1,000 and 100,000 jobs wait.
//
//   job_store_bench                        SQLite, in a directory below the current one: its disk is what is measured
//   job_store_bench URL URL URL            PostgreSQL, too: an empty database for each depth; they are used up
//
//   tests/support/throwaway_postgres.py -n 3 build/test/bin/job_store_bench
//
// What is compared runs in turns, and the ratios are those of the medians. With --rounds as its first word it prints
// every value in place of medians, as lines of "round,store,what,value".
#include <fmt/format.h>
#include <stdlib.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <pysandbox/error.hpp>
#include <pysandbox/job_store.hpp>

namespace {

using Clock = std::chrono::steady_clock;
using Seconds = std::chrono::duration<double>;

constexpr int rounds = 5;
constexpr std::chrono::milliseconds round_time{1000};
constexpr int clients = 64;
constexpr int claims = 500;  // of each depth
constexpr std::chrono::hours lease{1};
constexpr std::array depths{1, 1'000, 100'000};

const pysandbox::JobRequest request{.code = "print('hello')"};

enum class Print { medians, each_round };

void print_round(std::size_t round, std::string_view name, std::string_view what, double value) {
  fmt::print("{},{},{},{:.3f}\n", round, name, what, value);
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values.at(values.size() / 2);
}

// Submits per second by so many threads that each wait for one submit before the next.
double submits_per_second(pysandbox::JobStore& store, int threads) {
  std::atomic<int> submitted = 0;
  const auto start = Clock::now();
  {
    std::vector<std::jthread> running;
    for (int number = 0; number < threads; ++number) {
      running.emplace_back([&] {
        while (Clock::now() - start < round_time) {
          store.add(request);
          ++submitted;
        }
      });
    }
  }
  return submitted / Seconds(Clock::now() - start).count();
}

void measure_submits(pysandbox::JobStore& store, std::string_view name, Print print) {
  std::vector<double> together, one_by_one;
  for (int round = 0; round < rounds; ++round) {
    one_by_one.push_back(submits_per_second(store, 1));
    together.push_back(submits_per_second(store, clients));
  }
  if (print == Print::each_round) {
    for (std::size_t round = 0; round < together.size(); ++round) {
      print_round(round, name, "submits/s one by one", one_by_one[round]);
      print_round(round, name, fmt::format("submits/s of {} clients", clients), together[round]);
    }
    return;
  }
  fmt::print("{:10}  submits/s, one by one {:8.0f}   {} clients {:8.0f}   ratio {:.1f}\n", name, median(one_by_one),
             clients, median(together), median(together) / median(one_by_one));
  std::fflush(stdout);
}

void add_jobs(pysandbox::JobStore& store, int count) {
  std::atomic<int> left = count;
  std::vector<std::jthread> running;
  for (int number = 0; number < clients; ++number) {
    running.emplace_back([&] {
      while (left-- > 0) store.add(request);
    });
  }
}

// Of one claim, in microseconds. The queue stays as long as it is: the claim is finished, and a job added.
double claim_time(pysandbox::JobStore& store) {
  const auto start = Clock::now();
  const auto claim = store.claim("bench", lease);
  const double time = Seconds(Clock::now() - start).count() * 1e6;
  store.finish(claim.value(), {});
  store.add(request);
  return time;
}

using Stores = std::vector<std::unique_ptr<pysandbox::JobStore>>;

// One empty store for each depth.
void measure_claims(const Stores& stores, std::string_view name, Print print) {
  for (std::size_t index = 0; index < depths.size(); ++index) add_jobs(*stores[index], depths[index]);
  std::vector<std::vector<double>> times(depths.size());
  for (int count = 0; count < claims; ++count) {
    for (std::size_t index = 0; index < depths.size(); ++index) times[index].push_back(claim_time(*stores[index]));
  }
  for (std::size_t index = 0; index < depths.size(); ++index) {
    const auto what = fmt::format("claim us with {} queued", depths[index]);
    if (print == Print::each_round) {
      for (std::size_t round = 0; round < times[index].size(); ++round)
        print_round(round, name, what, times[index][round]);
      continue;
    }
    fmt::print("{:10}  claim with {:6} queued {:8.0f} us   ratio {:.2f}\n", name, depths[index], median(times[index]),
               median(times[index]) / median(times.front()));
  }
  std::fflush(stdout);
}

void measure(const Stores& stores, std::string_view name, Print print) {
  measure_claims(stores, name, print);
  measure_submits(*stores.front(), name, print);
}

void measure_sqlite(Print print) {
  std::string directory = "job_store_bench.XXXXXX";
  if (::mkdtemp(directory.data()) == nullptr) throw std::runtime_error("no directory can be made here; go elsewhere");
  Stores stores;
  for (const int depth : depths) {
    stores.push_back(pysandbox::open_sqlite_job_store(fmt::format("{}/{}.sqlite", directory, depth)));
  }
  measure(stores, "SQLite", print);
  stores.clear();
  std::filesystem::remove_all(directory);
}

void measure_postgres(const std::vector<std::string>& urls, Print print) {
  Stores stores;
#ifdef PYSANDBOX_WITH_POSTGRES
  for (const std::string& url : urls) stores.push_back(pysandbox::open_postgres_job_store(url));
#endif
  if (stores.size() != depths.size()) {
    throw std::runtime_error(
        "give a PostgreSQL database for each of three depths, and build with PYSANDBOX_WITH_POSTGRES");
  }
  measure(stores, "PostgreSQL", print);
}

}  // namespace

int main(int count, char** words) try {
  std::vector<std::string> urls(words + 1, words + count);
  const Print print = !urls.empty() && urls.front() == "--rounds" ? Print::each_round : Print::medians;
  if (print == Print::each_round) urls.erase(urls.begin());
  measure_sqlite(print);
  if (!urls.empty()) measure_postgres(urls, print);
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
