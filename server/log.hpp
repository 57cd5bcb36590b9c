// What the server tells its operator, one line for each thing, on standard error. Never code, outputs, keys or secrets.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace pysandbox::server {

enum class LogFormat { text, json };
enum class LogLevel { debug, info, warning, error };

// "debug", "info", "warning", "error".
std::string_view to_string(LogLevel level) noexcept;
std::string_view to_string(LogFormat format) noexcept;

using LogValue = std::variant<std::string, std::int64_t, double>;
using LogFields = std::initializer_list<std::pair<std::string_view, LogValue>>;

// As text: 2025-05-04T11:52:24.877Z info  request method=GET route=/api/jobs status=200
// As JSON: {"time":"2025-05-04T11:52:24.877Z","level":"info","event":"request","method":"GET",...}
// Values from outside can hold anything: what is no plain word is quoted and escaped, so that a line is one line.
std::string log_line(LogFormat format, LogLevel level, std::string_view time, std::string_view event, LogFields fields);

// Threads: write() may be called from any.
class Log {
 public:
  Log(LogFormat format, LogLevel least);
  ~Log();

  void write(LogLevel level, std::string_view event, LogFields fields = {});

 private:
  struct Sink;
  LogFormat format_;
  LogLevel least_;
  std::unique_ptr<Sink> sink_;
};

}  // namespace pysandbox::server
