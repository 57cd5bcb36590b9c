#include "http/target.hpp"

#include "http/text.hpp"

namespace pysandbox::http {
namespace {

// RFC 3986, 3.3 and 3.4, and what browsers and curl leave as it is in queries.
bool is_plain(char byte) {
  return is_alphanumeric(byte) ||
         std::string_view("-._~!$&'()*+,;=:@/?[]{}|\"<>^`").find(byte) != std::string_view::npos;
}

enum class Plus { literal, space };

std::optional<std::string> decode(std::string_view text, Plus plus) {
  std::string decoded;
  for (; !text.empty(); text.remove_prefix(1)) {
    char byte = text.front();
    if (byte == '%') {
      const auto value = percent_decoded(text);
      if (!value || *value == '\0') return std::nullopt;
      decoded += *value;
      text.remove_prefix(2);
      continue;
    }
    if (!is_plain(byte)) return std::nullopt;
    if (byte == '+' && plus == Plus::space) byte = ' ';
    decoded += byte;
  }
  return decoded;
}

std::optional<std::string> segment(std::string_view text) {
  auto decoded = decode(text, Plus::literal);
  if (!decoded || *decoded == "." || *decoded == ".." || decoded->find('/') != std::string::npos) return std::nullopt;
  return decoded;
}

bool add_segments(std::string_view path, Target& target) {
  path.remove_prefix(1);
  if (path.empty()) return true;
  while (true) {
    const auto slash = path.find('/');
    auto decoded = segment(path.substr(0, slash));
    const bool is_last = slash == std::string_view::npos;
    if (!decoded || (decoded->empty() && !is_last)) return false;
    target.segments.push_back(*std::move(decoded));
    if (is_last) return true;
    path.remove_prefix(slash + 1);
  }
}

bool add_parameters(std::string_view query, Target& target) {
  while (!query.empty()) {
    const auto end = query.find('&');
    const std::string_view parameter = query.substr(0, end);
    const auto equals = parameter.find('=');
    auto name = decode(parameter.substr(0, equals), Plus::space);
    auto value = decode(equals == std::string_view::npos ? "" : parameter.substr(equals + 1), Plus::space);
    if (!name || !value) return false;
    if (!parameter.empty()) target.query.emplace_back(*std::move(name), *std::move(value));
    query.remove_prefix(end == std::string_view::npos ? query.size() : end + 1);
  }
  return true;
}

}  // namespace

std::optional<Target> parse_target(std::string_view target) {
  if (!target.starts_with('/')) return std::nullopt;
  const auto question = target.find('?');
  Target parsed;
  if (!add_segments(target.substr(0, question), parsed)) return std::nullopt;
  if (question != std::string_view::npos && !add_parameters(target.substr(question + 1), parsed)) return std::nullopt;
  return parsed;
}

}  // namespace pysandbox::http
