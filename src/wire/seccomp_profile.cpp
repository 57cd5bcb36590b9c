#include "wire/seccomp_profile.hpp"

#include <cerrno>
#include <utility>

namespace pysandbox::seccomp {
namespace {

namespace json = boost::json;

template <class Names>
json::array array_of(const Names& names) {
  json::array array;
  for (const std::string_view name : names) array.emplace_back(name);
  return array;
}

json::object allow(json::array names) { return {{"names", std::move(names)}, {"action", "SCMP_ACT_ALLOW"}}; }

// SCMP_CMP_MASKED_EQ has the mask in `value`.
json::object condition_of(const Condition& condition) {
  return {{"index", condition.argument},
          {"value", condition.mask},
          {"valueTwo", condition.value},
          {"op", "SCMP_CMP_MASKED_EQ"}};
}

}  // namespace

json::object allow_call(std::string_view name) { return allow({name}); }

json::object allow_call(const ArgumentRule& rule) {
  json::object one = allow_call(rule.name);
  json::array conditions{condition_of(rule.first)};
  if (rule.second.mask != 0) conditions.push_back(condition_of(rule.second));
  one["args"] = std::move(conditions);
  return one;
}

json::array allowed_calls() {
  json::array rules;
  rules.push_back(allow(array_of(allowed)));
  for (const auto& rule : allowed_arguments) rules.push_back(allow_call(rule));
  return rules;
}

json::object allow_unknown_calls() { return allow(array_of(unknown)); }

json::object refuse_unknown_calls() {
  return {{"names", array_of(unknown)}, {"action", "SCMP_ACT_ERRNO"}, {"errnoRet", ENOSYS}};
}

json::object profile_of(json::array rules) {
  return {{"defaultAction", "SCMP_ACT_ERRNO"},
          {"defaultErrnoRet", EPERM},
          {"architectures", json::array{"SCMP_ARCH_X86_64"}},
          {"syscalls", std::move(rules)}};
}

json::object strict_profile() {
  json::array rules = allowed_calls();
  rules.push_back(refuse_unknown_calls());
  return profile_of(std::move(rules));
}

}  // namespace pysandbox::seccomp
