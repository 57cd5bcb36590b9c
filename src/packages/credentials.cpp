#include "packages/credentials.hpp"

#include <algorithm>

namespace pysandbox::packages {
namespace {

// One "scheme://who@host" in a text, by offsets.
struct Found {
  std::size_t scheme;     // where "https" begins
  std::size_t user_info;  // behind "://"
  std::size_t at;         // the last '@' of the authority
  std::size_t end;        // of the authority
};

bool is_scheme_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.';
}

template <typename Take>
void for_each_user_info(std::string_view text, const Take& take) {
  for (std::size_t colon = 0; (colon = text.find("://", colon)) != text.npos; colon += 3) {
    const std::size_t begin = colon + 3;
    const std::size_t end = std::min(text.find_first_of("/?#\"'` \t\r\n<>,|", begin), text.size());
    const std::size_t at = text.substr(begin, end - begin).rfind('@');
    if (at == text.npos) continue;
    std::size_t scheme = colon;
    while (scheme > 0 && is_scheme_character(text[scheme - 1])) --scheme;
    take(Found{scheme, begin, begin + at, end});
  }
}

}  // namespace

std::vector<Credential> find_credentials(std::string_view text) {
  std::vector<Credential> found;
  for_each_user_info(text, [&](const Found& one) {
    found.push_back({std::string(text.substr(one.scheme, one.user_info - one.scheme)) +
                         std::string(text.substr(one.at + 1, one.end - one.at - 1)),
                     std::string(text.substr(one.user_info, one.at - one.user_info))});
  });
  return found;
}

std::string without_credentials(std::string_view text) {
  std::string result;
  std::size_t copied = 0;
  for_each_user_info(text, [&](const Found& one) {
    result += text.substr(copied, one.user_info - copied);
    result += "***";
    copied = one.at;
  });
  result += text.substr(copied);
  return result;
}

}  // namespace pysandbox::packages
