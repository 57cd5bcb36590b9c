// What kind of file something is: "text/csv; charset=utf-8".
#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>

namespace pysandbox {

// What is known of a file whose kind nobody can tell.
inline constexpr std::string_view unknown_content_type = "application/octet-stream";

// More of a file's beginning is never looked at.
inline constexpr std::size_t content_type_bytes = 4096;

// The content type of a file from its name and, where the name says nothing, from its first
// `content_type_bytes` bytes (all of them if it is shorter). Thread-safe.
std::string content_type(std::string_view name, std::span<const std::byte> beginning);

// Looks at bytes with libmagic. Thread-safe. Where libmagic or its database is
// not installed, everything is of unknown type.
class ContentSniffer {
 public:
  explicit ContentSniffer(const char* library = "libmagic.so.1");
  ~ContentSniffer();

  std::string sniff(std::span<const std::byte> beginning);

 private:
  class Magic;
  std::mutex mutex_;  // guards *magic_: a magic_t serves one thread at a time
  std::unique_ptr<Magic> magic_;
};

}  // namespace pysandbox
