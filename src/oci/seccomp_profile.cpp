#include "oci/seccomp_profile.hpp"

#include <sys/prctl.h>

#include <utility>

#include "wire/seccomp_profile.hpp"

namespace pysandbox::oci {

boost::json::object seccomp_profile(RuntimeKind runtime) {
  boost::json::array rules = seccomp::allowed_calls();
  rules.push_back(seccomp::allow_call({"prctl", {0, seccomp::low_word, PR_SET_DUMPABLE}}));
  if (runtime == RuntimeKind::runsc) {
    rules.push_back(seccomp::allow_call("pselect"));  // its name for pselect6, which select.select() calls
    // gVisor answers EPERM whatever the profile says, on which the C library starts no thread. So its own kernel
    // answers: as a call that it does not know, or, in newer releases, with namespaces that are its own.
    rules.push_back(seccomp::allow_unknown_calls());
  } else {
    rules.push_back(seccomp::refuse_unknown_calls());
  }
  return seccomp::profile_of(std::move(rules));
}

}  // namespace pysandbox::oci
