#include "file_store_contract.hpp"

namespace pysandbox::testing {
namespace {

std::unique_ptr<FileStore> open_local(const std::string& directory) { return open_local_file_store(directory); }

std::unique_ptr<FileStore> open_local_with_quotas(const std::string& directory) {
  return open_local_file_store(directory, {.quota_bytes = 1ULL << 40, .owner_quota_bytes = 1ULL << 39});
}

}  // namespace

INSTANTIATE_TEST_SUITE_P(BuiltIn, FileStoreContract,
                         ::testing::Values(FileStoreKind{"Local", open_local},
                                           FileStoreKind{"LocalWithQuotas", open_local_with_quotas},
                                           FileStoreKind{"ExportDirectory", open_export_directory, false}),
                         [](const auto& which) { return which.param.name; });

}  // namespace pysandbox::testing
