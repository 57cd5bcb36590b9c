#include "oci/seccomp_profile.hpp"

#include <sys/prctl.h>

#include <boost/json/array.hpp>
#include <cerrno>

#include "container/seccomp/python_strict.hpp"

namespace pysandbox::oci {
namespace {

namespace json = boost::json;

json::object condition_of(const seccomp::Condition& condition) {
  return {{"index", condition.argument},
          {"value", condition.mask},
          {"valueTwo", condition.value},
          {"op", "SCMP_CMP_MASKED_EQ"}};
}

json::object rule_of(const seccomp::ArgumentRule& rule) {
  json::array conditions{condition_of(rule.first)};
  if (rule.second.mask != 0) conditions.push_back(condition_of(rule.second));
  return {{"names", json::array{rule.name}}, {"action", "SCMP_ACT_ALLOW"}, {"args", std::move(conditions)}};
}

template <class Names>
json::array array_of(const Names& names) {
  json::array array;
  for (const auto name : names) array.emplace_back(name);
  return array;
}

// gVisor answers EPERM whatever the profile says, on which the C library starts no thread. So its own kernel answers:
// as a call that it does not know, or, in newer releases, with namespaces that are its own.
void add_unknown(json::array& rules, RuntimeKind runtime) {
  json::object rule{{"names", array_of(seccomp::unknown)}};
  if (runtime == RuntimeKind::runsc) {
    rule["action"] = "SCMP_ACT_ALLOW";
  } else {
    rule["action"] = "SCMP_ACT_ERRNO";
    rule["errnoRet"] = ENOSYS;
  }
  rules.push_back(std::move(rule));
}

}  // namespace

json::object seccomp_profile(RuntimeKind runtime) {
  json::array rules;
  rules.push_back(json::object{{"names", array_of(seccomp::allowed)}, {"action", "SCMP_ACT_ALLOW"}});
  for (const auto& rule : seccomp::allowed_arguments) rules.push_back(rule_of(rule));
  rules.push_back(rule_of({"prctl", {0, seccomp::low_word, PR_SET_DUMPABLE}}));
  if (runtime == RuntimeKind::runsc) {
    // Its name for pselect6, which select.select() calls.
    rules.push_back(json::object{{"names", json::array{"pselect"}}, {"action", "SCMP_ACT_ALLOW"}});
  }
  add_unknown(rules, runtime);
  return {{"defaultAction", "SCMP_ACT_ERRNO"},
          {"defaultErrnoRet", EPERM},
          {"architectures", json::array{"SCMP_ARCH_X86_64"}},
          {"syscalls", std::move(rules)}};
}

}  // namespace pysandbox::oci
