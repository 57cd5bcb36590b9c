// The kinds of values that settings have. Each makes one row of the table.
#pragma once

#include <chrono>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "settings/setting_table.hpp"

namespace pysandbox::server {

struct Words {
  std::string_view name;
  std::string_view value;
  std::string_view help;
};

struct Range {
  std::uint64_t least = 0;
  std::uint64_t most = std::numeric_limits<std::int64_t>::max();
};

// Throw Error{invalid_request}: "takes ..., not ...".
std::uint64_t parse_whole(const std::string& text, Range range);
std::uint64_t parse_bytes(const std::string& text, Range range);                  // "1048576", "64M", "2G"
std::chrono::milliseconds parse_seconds(const std::string& text, Range seconds);  // "30", "1.5"

std::string show_seconds(std::chrono::milliseconds duration);
std::vector<std::string> unless_empty(std::string text);

// `member` says where the value lies: Settings& to a reference.
template <typename Member>
Setting text_setting(Words words, Member member) {
  return {words.name,
          words.value,
          words.help,
          Setting::Kind::one,
          [member](Settings& settings, const std::string& text) { member(settings) = text; },
          [member](const Settings& settings) { return unless_empty(member(settings)); }};
}

template <typename Member>
Setting flag_setting(Words words, Member member) {
  return {words.name,
          words.value,
          words.help,
          Setting::Kind::flag,
          [member](Settings& settings, const std::string& text) { member(settings) = text == "true"; },
          [member](const Settings& settings) { return unless_empty(member(settings) ? "true" : ""); }};
}

template <typename Member>
Setting whole_setting(Words words, Range range, Member member) {
  return {words.name,
          words.value,
          words.help,
          Setting::Kind::one,
          [member, range](Settings& settings, const std::string& text) {
            auto& target = member(settings);
            target = static_cast<std::remove_reference_t<decltype(target)>>(parse_whole(text, range));
          },
          [member](const Settings& settings) { return std::vector{std::to_string(member(settings))}; }};
}

template <typename Member>
Setting bytes_setting(Words words, Range range, Member member) {
  return {words.name,
          words.value,
          words.help,
          Setting::Kind::one,
          [member, range](Settings& settings, const std::string& text) { member(settings) = parse_bytes(text, range); },
          [member](const Settings& settings) { return std::vector{std::to_string(member(settings))}; }};
}

template <typename Member>
Setting seconds_setting(Words words, Range range, Member member) {
  return {words.name,
          words.value,
          words.help,
          Setting::Kind::one,
          [member, range](Settings& settings, const std::string& text) {
            auto& target = member(settings);
            target = std::chrono::duration_cast<std::remove_reference_t<decltype(target)>>(parse_seconds(text, range));
          },
          [member](const Settings& settings) { return std::vector{show_seconds(member(settings))}; }};
}

// `check` throws Error{invalid_request} for an entry that makes no sense.
template <typename Member, typename Check>
Setting list_setting(Words words, Member member, Check check) {
  return {words.name,
          words.value,
          words.help,
          Setting::Kind::list,
          [member, check](Settings& settings, const std::string& text) {
            check(text);
            member(settings).push_back(text);
          },
          [member](const Settings& settings) { return member(settings); }};
}

}  // namespace pysandbox::server
