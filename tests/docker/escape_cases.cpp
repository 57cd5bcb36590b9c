#include "docker/escape_cases.hpp"
namespace pysandbox::testing {
void add_escape_cases() {}
}  // namespace pysandbox::testing
