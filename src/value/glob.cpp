#include "value/glob.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <utility>

#include <pysandbox/error.hpp>

#include "value/text.hpp"

namespace pysandbox {
namespace {

constexpr std::size_t word_bits = 64;

// What stands at one place of a pattern.
struct Item {
  enum class Kind { letter, slash, star, parts };
  Kind kind = Kind::letter;
  std::vector<std::pair<char32_t, char32_t>> ranges{};  // of a letter: from the first to the second
  bool negated = false;

  bool takes(char32_t letter) const {
    if (kind == Kind::slash || letter == U'/') return kind == Kind::slash && letter == U'/';
    if (kind != Kind::letter) return false;
    const auto holds = [letter](const auto& range) { return range.first <= letter && letter <= range.second; };
    return std::any_of(ranges.begin(), ranges.end(), holds) != negated;
  }
};

[[noreturn]] void refuse(std::string_view pattern, std::string_view why) {
  throw Error(ErrorCode::invalid_request, fmt::format("the pattern {} {}", quoted(pattern), why));
}

void check_pattern(std::string_view pattern) {
  if (pattern.empty()) refuse(pattern, "is empty; leave it out");
  if (pattern.size() > Glob::maximum_bytes) {
    refuse(pattern, fmt::format("has {} bytes where at most {} are possible; use '*' for some of them", pattern.size(),
                                Glob::maximum_bytes));
  }
  if (pattern.find('\0') != std::string_view::npos) refuse(pattern, "holds a NUL; remove it");
  if (pattern.front() == '/') refuse(pattern, "is absolute; write it relative to the workspace");
}

// A class is "[a-z_]" or "[!a-z_]"; a ']' right at its beginning is one of its letters. `rest` begins behind the '['.
Item parse_class(std::u32string_view& rest, std::string_view pattern) {
  Item item;
  item.negated = rest.starts_with(U'!');
  if (item.negated) rest.remove_prefix(1);
  while (!rest.empty() && (rest.front() != U']' || item.ranges.empty())) {
    const bool is_range = rest.size() > 2 && rest[1] == U'-' && rest[2] != U']';
    const char32_t first = rest[0];
    const char32_t last = rest[is_range ? 2 : 0];
    if (last < first) refuse(pattern, "has a range that runs backwards; write [a-z] and not [z-a]");
    item.ranges.emplace_back(first, last);
    rest.remove_prefix(is_range ? 3 : 1);
  }
  if (rest.empty()) refuse(pattern, "has a '[' without its ']' in the same part; write [[] for the letter itself");
  rest.remove_prefix(1);
  return item;
}

void parse_part(std::u32string_view part, std::string_view pattern, std::vector<Item>& items) {
  if (part.empty() || part == U"." || part == U"..") {
    refuse(pattern, "has an empty, '.' or '..' part; name files below the workspace, a directory's as 'directory/**'");
  }
  const auto ends_with = [&](Item::Kind kind) { return !items.empty() && items.back().kind == kind; };
  if (part == U"**") {
    if (!ends_with(Item::Kind::parts)) items.push_back({Item::Kind::parts});
    return;
  }
  while (!part.empty()) {
    const char32_t letter = part.front();
    part.remove_prefix(1);
    if (letter == U'*') {
      if (!ends_with(Item::Kind::star)) items.push_back({Item::Kind::star});
    } else if (letter == U'?') {
      items.push_back({.negated = true});
    } else if (letter == U'[') {
      items.push_back(parse_class(part, pattern));
    } else {
      items.push_back({.ranges = {{letter, letter}}});
    }
  }
  items.push_back({Item::Kind::slash});
}

// Every part but "**" is followed by a '/', the last one too; "**" is any number of parts and of their '/'.
std::vector<Item> parse(std::string_view pattern) {
  check_pattern(pattern);
  const std::u32string text = characters(pattern);
  std::vector<Item> items;
  for (std::u32string_view rest = text;;) {
    const std::size_t slash = rest.find(U'/');
    parse_part(rest.substr(0, slash), pattern, items);
    if (slash == std::u32string_view::npos) return items;
    rest.remove_prefix(slash + 1);
  }
}

// The bits of those items for which `is_one` is true.
template <typename IsOne>
std::vector<std::uint64_t> places_of(const std::vector<Item>& items, const IsOne& is_one) {
  std::vector<std::uint64_t> places(items.size() / word_bits + 1);
  for (std::size_t place = 0; place < items.size(); ++place) {
    if (is_one(items[place])) places[place / word_bits] |= std::uint64_t{1} << place % word_bits;
  }
  return places;
}

std::vector<char32_t> beginnings_of_ranges(const std::vector<Item>& items) {
  std::vector<char32_t> beginnings = {0, U'/', U'/' + 1};
  for (const Item& item : items) {
    for (const auto& [first, last] : item.ranges) beginnings.insert(beginnings.end(), {first, last + 1});
  }
  std::sort(beginnings.begin(), beginnings.end());
  beginnings.erase(std::unique(beginnings.begin(), beginnings.end()), beginnings.end());
  return beginnings;
}

}  // namespace

Glob::Glob(std::string_view pattern) {
  const std::vector<Item> items = parse(pattern);
  stars_ = places_of(items, [](const Item& item) { return item.kind == Item::Kind::star; });
  parts_ = places_of(items, [](const Item& item) { return item.kind == Item::Kind::parts; });
  beginnings_ = beginnings_of_ranges(items);
  for (const char32_t letter : beginnings_) {
    takes_.push_back(places_of(items, [letter](const Item& item) { return item.takes(letter); }));
  }
  end_ = items.size();
}

bool Glob::matches(std::u32string_view path) const {
  Places here(parts_.size());
  Places next(parts_.size());
  here[0] = 1;
  leave(here, true);
  for (std::size_t index = 0; index <= path.size(); ++index) {
    const char32_t letter = index < path.size() ? path[index] : U'/';
    const auto range = std::upper_bound(beginnings_.begin(), beginnings_.end(), letter) - beginnings_.begin() - 1;
    const Places& takes = takes_[static_cast<std::size_t>(range)];
    std::uint64_t carry = 0;
    std::uint64_t any = 0;
    for (std::size_t word = 0; word < here.size(); ++word) {
      const std::uint64_t taken = here[word] & takes[word];
      const std::uint64_t stay = here[word] & (parts_[word] | (letter == U'/' ? 0 : stars_[word]));
      next[word] = taken << 1 | carry | stay;
      carry = taken >> (word_bits - 1);
      any |= next[word];
    }
    if (any == 0) return false;
    std::swap(here, next);
    leave(here, letter == U'/');
  }
  return (here[end_ / word_bits] >> end_ % word_bits & 1) != 0;
}

// Goes on from a "**" and from a '*' without a letter. A '*' may follow a "**", never the other way round, and never
// one of a kind another.
void Glob::leave(Places& here, bool a_part_begins) const {
  const auto go_on_from = [&here](const Places& places) {
    std::uint64_t carry = 0;
    for (std::size_t word = 0; word < here.size(); ++word) {
      const std::uint64_t left = here[word] & places[word];
      here[word] |= left << 1 | carry;
      carry = left >> (word_bits - 1);
    }
  };
  if (a_part_begins) go_on_from(parts_);
  go_on_from(stars_);
}

bool Globs::match(std::string_view path) const {
  if (globs_.empty()) return true;
  const std::u32string text = characters(path);
  return std::any_of(globs_.begin(), globs_.end(), [&](const Glob& glob) { return glob.matches(text); });
}

}  // namespace pysandbox
