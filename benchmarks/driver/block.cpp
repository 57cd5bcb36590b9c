#include "driver/block.hpp"

#include <fmt/format.h>

#include <sstream>
#include <stdexcept>

namespace pysandbox::bench {
namespace {

constexpr const char* digits = "0123456789abcdef";

int digit(char letter) {
  const auto at = std::string_view(digits).find(letter);
  if (at == std::string_view::npos) throw std::runtime_error("a value is not in hexadecimal digits");
  return static_cast<int>(at);
}

std::string from_hex(const std::string& text) {
  if (text.size() % 2 != 0) throw std::runtime_error("a value has an odd number of hexadecimal digits");
  std::string bytes;
  for (std::size_t at = 0; at < text.size(); at += 2) {
    bytes += static_cast<char>(digit(text[at]) * 16 + digit(text[at + 1]));
  }
  return bytes;
}

void set(Block& block, const std::string& key, const std::string& value) {
  if (key == "side") return void(block.side = value);
  if (key == "count") return void(block.count = std::stoull(value));
  if (key == "duration_ms") return void(block.duration = std::chrono::milliseconds(std::stoll(value)));
  if (key == "clients") return void(block.clients = static_cast<unsigned>(std::stoul(value)));
  if (key == "pause_us") return void(block.pause = std::chrono::microseconds(std::stoll(value)));
  if (key == "deadline_ms") return void(block.deadline = std::chrono::milliseconds(std::stoll(value)));
  if (key == "port") return void(block.port = static_cast<std::uint16_t>(std::stoul(value)));
  if (key == "word") return block.words.push_back(from_hex(value));
  if (key == "kill") return block.kill_words.push_back(from_hex(value));
  if (key == "directory") return void(block.directory = from_hex(value));
  if (key == "body") return void(block.body = from_hex(value));
  if (key == "request") return void(block.request = from_hex(value));
  throw std::runtime_error(fmt::format("a block has no \"{}\"", key));
}

}  // namespace

std::optional<Block> read_block(std::istream& stream) {
  Block block;
  for (std::string line; std::getline(stream, line);) {
    if (line == "go") return block;
    std::istringstream words(line);
    std::string key, value;
    words >> key >> value;
    set(block, key, value);
  }
  return {};
}

std::string in_hex(const std::string& bytes) {
  std::string text = ".";
  for (const unsigned char byte : bytes) {
    text += digits[byte / 16];
    text += digits[byte % 16];
  }
  return text;
}

std::string to_line(const Sample& sample) {
  return fmt::format("sample {} {} {} {} {} {} {}\n", sample.start, sample.output, sample.killed, sample.end,
                     sample.status, in_hex(sample.text), in_hex(sample.errors));
}

std::int64_t now_ns() noexcept {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

}  // namespace pysandbox::bench
