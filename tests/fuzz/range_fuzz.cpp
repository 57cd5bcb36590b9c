// A range lies inside of its size, and what is told about it is the same range again.
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

#include "http/range.hpp"

using namespace pysandbox::http;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t length) {
  std::uint64_t size = 0;
  if (length < sizeof size) return 0;
  std::memcpy(&size, data, sizeof size);
  const std::string_view field(reinterpret_cast<const char*>(data) + sizeof size, length - sizeof size);
  const RangeChoice choice = choose_range(field, size);
  if (choose_range("items=0-1", size).index() != 0) std::abort();
  const auto* range = std::get_if<ByteRange>(&choice);
  if (!range) return 0;
  if (range->length == 0 || range->first >= size || range->length > size - range->first) std::abort();
  const std::string told = content_range(*range, size);
  const std::string again = "bytes=" + told.substr(6, told.find('/') - 6);
  const RangeChoice same = choose_range(again, size);
  const auto* second = std::get_if<ByteRange>(&same);
  if (!second || second->first != range->first || second->length != range->length) std::abort();
  return 0;
}
