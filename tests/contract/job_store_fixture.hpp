// What the tests of a JobStore have in common.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <limits>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <pysandbox/error.hpp>
#include <pysandbox/job_store.hpp>

#include "../support/temporary_directory.hpp"
#include "job_store_values.hpp"

namespace pysandbox::testing {

// Whether stores that are opened on one directory have the same jobs.
enum class JobStoreReach { one_object, one_directory };

struct JobStoreKind {
  std::string name;  // letters and digits
  std::function<std::unique_ptr<JobStore>(const std::string& directory, const JobStoreOptions& options)> open;
  JobStoreReach reach = JobStoreReach::one_directory;
};

inline std::ostream& operator<<(std::ostream& out, const JobStoreKind& kind) { return out << kind.name; }

class JobStoreContract : public ::testing::TestWithParam<JobStoreKind> {
 protected:
  static constexpr std::chrono::hours long_lease{1};

  JobId add(const std::string& code = "pass") { return store->add(JobRequest{.code = code}); }

  JobId add(const Submission& submission) { return store->add(JobRequest{.code = "pass"}, submission).id; }

  Claim claim(std::chrono::milliseconds lease = long_lease) { return store->claim("worker", lease).value(); }

  // A claim whose lease is over when this returns.
  Claim claim_and_let_lapse() {
    const Claim lapsed = claim(std::chrono::milliseconds(1));
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    return lapsed;
  }

  JobId add_ended(const RunResult& result) {
    const JobId id = add();
    EXPECT_TRUE(store->finish(claim(), result));
    return id;
  }

  Job job(const JobId& id) { return store->find(id).value(); }

  std::vector<JobId> listed(const JobFilter& filter) {
    std::vector<JobId> ids;
    for (const Job& each : store->list(filter)) ids.push_back(each.id);
    return ids;
  }

  std::vector<JobEvent> log(const JobId& id) { return store->events(id, 0, 1000); }

  std::unique_ptr<JobStore> open_again() { return GetParam().open(directory.path(), {.max_attempts = max_attempts}); }

  TemporaryDirectory directory;
  const std::uint32_t max_attempts = 3;
  std::unique_ptr<JobStore> store = GetParam().open(directory.path(), {.max_attempts = max_attempts});
};

}  // namespace pysandbox::testing
