#include "file_store_contract.hpp"

namespace pysandbox::testing {

INSTANTIATE_TEST_SUITE_P(BuiltIn, FileStoreContract,
                         ::testing::Values(FileStoreKind{"Local", open_local_file_store},
                                           FileStoreKind{"ExportDirectory", open_export_directory}),
                         [](const auto& which) { return which.param.name; });

}  // namespace pysandbox::testing
