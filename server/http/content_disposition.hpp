// A download's name, for the client's disk (RFC 6266 and 8187).
#pragma once

#include <string>
#include <string_view>

namespace pysandbox::http {

// The value of Content-Disposition that makes a browser save a file under this name instead of showing it. Whatever
// bytes the name has, it stays within its quotes; only what is after the last '/' is told.
std::string attachment(std::string_view filename);

}  // namespace pysandbox::http
