// Points in time as clients see them.
#pragma once

#include <chrono>
#include <string>

namespace pysandbox::api {

// ISO 8601 in UTC with milliseconds: "2025-05-04T11:52:24.877Z".
std::string time_text(std::chrono::system_clock::time_point time);

}  // namespace pysandbox::api
