// Where the steward's reports go; see steward_protocol.hpp. Takes the place of step.cpp, which reports by the channel.
#pragma once

#include "container/steward_protocol.hpp"

namespace pysandbox::container::init {

void set_mark(const ReportMark& mark) noexcept;
void tell(const Report& report) noexcept;

}  // namespace pysandbox::container::init
