#include "job_store_contract.hpp"

namespace pysandbox::testing {

INSTANTIATE_TEST_SUITE_P(BuiltIn, JobStoreContract,
                         ::testing::Values(JobStoreKind{"Memory",
                                                        [](const std::string&, const JobStoreOptions& options) {
                                                          return make_memory_job_store(options);
                                                        },
                                                        JobStoreReach::one_object},
                                           JobStoreKind{
                                               "Sqlite",
                                               [](const std::string& directory, const JobStoreOptions& options) {
                                                 return open_sqlite_job_store(directory + "/jobs.sqlite", options);
                                               }}),
                         [](const auto& which) { return which.param.name; });

}  // namespace pysandbox::testing
