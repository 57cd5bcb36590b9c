// One range of bytes of something with a size (RFC 9110, 14).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

namespace pysandbox::http {

struct WholeFile {};  // answer 200

struct ByteRange {  // answer 206
  std::uint64_t first = 0;
  std::uint64_t length = 0;  // at least 1
};

struct Unsatisfiable {};  // answer 416

using RangeChoice = std::variant<WholeFile, ByteRange, Unsatisfiable>;

// By the value of a Range field. Several ranges, other units and what is not well formed count as if nothing was asked.
RangeChoice choose_range(std::string_view field, std::uint64_t size);

// The value of Content-Range: "bytes 0-9/100", and for 416 "bytes */100".
std::string content_range(const ByteRange& range, std::uint64_t size);
std::string content_range(const Unsatisfiable& range, std::uint64_t size);

}  // namespace pysandbox::http
