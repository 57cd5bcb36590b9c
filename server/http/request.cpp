#include "http/application.hpp"

namespace pysandbox::http {
namespace {

template <class Pairs>
std::optional<std::string_view> find(const Pairs& pairs, std::string_view name) {
  for (const auto& [key, value] : pairs)
    if (key == name) return value;
  return std::nullopt;
}

}  // namespace

std::optional<std::string_view> Request::header(std::string_view lower_case_name) const {
  return find(headers, lower_case_name);
}

std::optional<std::string_view> Request::parameter(std::string_view name) const { return find(query, name); }

}  // namespace pysandbox::http
