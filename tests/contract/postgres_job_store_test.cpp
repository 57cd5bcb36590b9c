// The contract of JobStore over a real PostgreSQL, and what only this store has. One server for all tests.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include "../support/throwaway_postgres.hpp"
#include "job_store_contract.hpp"

namespace pysandbox::testing {
namespace {

ThrowawayPostgres& server() {
  static ThrowawayPostgres postgres;
  return postgres;
}

INSTANTIATE_TEST_SUITE_P(BuiltIn, JobStoreContract,
                         ::testing::Values(JobStoreKind{"Postgres",
                                                        [](const std::string&, const JobStoreOptions& options) {
                                                          return open_postgres_job_store(
                                                              server().new_database(),
                                                              {.max_attempts = options.max_attempts});
                                                        }}),
                         [](const auto& which) { return which.param.name; });

}  // namespace
}  // namespace pysandbox::testing

// Ends with 77, the status of a test that is skipped, where there is no PostgreSQL; in CI that is a failure.
int main(int count, char** words) {
  ::testing::InitGoogleTest(&count, words);
  const std::string missing = pysandbox::testing::ThrowawayPostgres::missing();
  if (missing.empty()) return RUN_ALL_TESTS();
  std::fprintf(stderr, "%s\n", missing.c_str());
  return std::getenv("CI") != nullptr ? 1 : 77;
}
