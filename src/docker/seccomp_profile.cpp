#include "docker/seccomp_profile.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <cerrno>
#include <string_view>

#include "container/seccomp/python_strict.hpp"

namespace pysandbox::docker {
namespace {

namespace json = boost::json;

json::object rule(json::array names, std::string_view action) {
  return {{"names", std::move(names)}, {"action", action}};
}

template <typename Names>
json::array array_of(const Names& names) {
  json::array array;
  for (const std::string_view name : names) array.emplace_back(name);
  return array;
}

json::object condition(const seccomp::Condition& given) {
  // SCMP_CMP_MASKED_EQ has the mask in `value`.
  return {{"index", given.argument}, {"value", given.mask}, {"valueTwo", given.value}, {"op", "SCMP_CMP_MASKED_EQ"}};
}

json::object argument_rule(const seccomp::ArgumentRule& given) {
  json::object one = rule({given.name}, "SCMP_ACT_ALLOW");
  json::array conditions{condition(given.first)};
  if (given.second.mask != 0) conditions.push_back(condition(given.second));
  one["args"] = std::move(conditions);
  return one;
}

}  // namespace

json::value seccomp_profile() {
  json::array rules{rule(array_of(seccomp::allowed), "SCMP_ACT_ALLOW")};
  for (const auto& given : seccomp::allowed_arguments) rules.push_back(argument_rule(given));
  json::object unknown = rule(array_of(seccomp::unknown), "SCMP_ACT_ERRNO");
  unknown["errnoRet"] = ENOSYS;
  rules.push_back(std::move(unknown));
  return json::object{{"defaultAction", "SCMP_ACT_ERRNO"},
                      {"defaultErrnoRet", EPERM},
                      {"architectures", {"SCMP_ARCH_X86_64"}},
                      {"syscalls", std::move(rules)}};
}

}  // namespace pysandbox::docker
