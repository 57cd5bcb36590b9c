// Attacks of tests/escape that are run over Docker too.
#pragma once

namespace pysandbox::testing {

void add_escape_cases();

}  // namespace pysandbox::testing
