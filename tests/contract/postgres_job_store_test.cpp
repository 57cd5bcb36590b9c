// The contract of JobStore over a real PostgreSQL, and what only this store has. One server for all tests.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>

#include "../support/throwaway_postgres.hpp"
#include "job_store_contract.hpp"

namespace pysandbox::testing {
namespace {

ThrowawayPostgres& server() {
  static ThrowawayPostgres postgres;
  return postgres;
}

// A directory stands for a database: its name is kept there.
std::string database_of(const std::string& directory) {
  const std::string file = directory + "/url";
  std::string url;
  if (std::getline(std::ifstream(file), url)) return url;
  url = server().new_database();
  std::ofstream(file) << url;
  return url;
}

INSTANTIATE_TEST_SUITE_P(BuiltIn, JobStoreContract,
                         ::testing::Values(JobStoreKind{
                             "Postgres",
                             [](const std::string& directory, const JobStoreOptions& options) {
                               return open_postgres_job_store(database_of(directory),
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
