#include "log.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <spdlog/logger.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <iterator>

namespace pysandbox::server {
namespace {

bool is_plain(unsigned char byte) { return byte > 0x20 && byte < 0x7f && byte != '"' && byte != '\\' && byte != '='; }

// A JSON string of ASCII only: bytes beyond it are shown as the character of that number, so that no terminal and no
// parser sees anything but letters.
void quote(std::string& to, std::string_view text) {
  to += '"';
  for (const char letter : text) {
    const auto byte = static_cast<unsigned char>(letter);
    if (byte == '"' || byte == '\\') {
      to += {'\\', letter};
    } else if (byte < 0x20 || byte >= 0x7f) {
      fmt::format_to(std::back_inserter(to), "\\u{:04x}", byte);
    } else {
      to += letter;
    }
  }
  to += '"';
}

struct AsText {
  std::string& to;
  void operator()(const std::string& text) const {
    if (!text.empty() && std::all_of(text.begin(), text.end(), is_plain)) {
      to += text;
    } else {
      quote(to, text);
    }
  }
  void operator()(std::int64_t number) const { fmt::format_to(std::back_inserter(to), "{}", number); }
  void operator()(double number) const { fmt::format_to(std::back_inserter(to), "{}", number); }
};

struct AsJson {
  std::string& to;
  void operator()(const std::string& text) const { quote(to, text); }
  void operator()(std::int64_t number) const { fmt::format_to(std::back_inserter(to), "{}", number); }
  void operator()(double number) const {
    if (std::isfinite(number)) {
      fmt::format_to(std::back_inserter(to), "{}", number);
    } else {
      to += "null";
    }
  }
};

std::string now_text() {
  const auto now = std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
  const auto milliseconds = now.time_since_epoch().count() % 1000;
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z",
                     fmt::gmtime(std::chrono::system_clock::to_time_t(std::chrono::floor<std::chrono::seconds>(now))),
                     milliseconds);
}

}  // namespace

std::string_view to_string(LogLevel level) noexcept {
  switch (level) {
    case LogLevel::debug:
      return "debug";
    case LogLevel::info:
      return "info";
    case LogLevel::warning:
      return "warning";
    case LogLevel::error:
      break;
  }
  return "error";
}

std::string_view to_string(LogFormat format) noexcept { return format == LogFormat::json ? "json" : "text"; }

std::string log_line(LogFormat format, LogLevel level, std::string_view time, std::string_view event,
                     LogFields fields) {
  if (format == LogFormat::text) {
    std::string line = fmt::format("{} {:<7} {}", time, to_string(level), event);
    for (const auto& [name, value] : fields) {
      line += fmt::format(" {}=", name);
      std::visit(AsText{line}, value);
    }
    return line;
  }
  std::string line = fmt::format(R"({{"time":"{}","level":"{}","event":"{}")", time, to_string(level), event);
  for (const auto& [name, value] : fields) {
    line += fmt::format(",\"{}\":", name);
    std::visit(AsJson{line}, value);
  }
  return line += '}';
}

struct Log::Sink {
  spdlog::logger logger{"pysandbox", std::make_shared<spdlog::sinks::stderr_sink_mt>()};
};

Log::Log(LogFormat format, LogLevel least) : format_(format), least_(least), sink_(std::make_unique<Sink>()) {
  sink_->logger.set_pattern("%v");
  sink_->logger.set_level(spdlog::level::trace);
  sink_->logger.flush_on(spdlog::level::trace);
}

Log::~Log() = default;

void Log::write(LogLevel level, std::string_view event, LogFields fields) {
  if (level < least_) return;
  sink_->logger.info("{}", log_line(format_, level, now_text(), event, fields));
}

}  // namespace pysandbox::server
