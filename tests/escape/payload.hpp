// An attack: a Python program whose first lines say what it tries and how it must end.
//
//   # expect: ok                        the outcome; the program itself ends as attack.py says
//   # attack: A7 one sentence           group A to E, number, what it does
//   # weaken: seccomp,landlock          without these layers it must succeed; "none" if no layer stands alone
//   # weak-expect: leak                 then: "leak", "artifact PATH...", or an outcome; else it prints ESCAPED
//   # limits: processes=16 cpus=2       other than the defaults
//   # failure: processes                the limit that the result names
//   # artifacts: a.txt b?               what is harvested, all of it; with ? it may be missing; "none"
//   # needs: root                       or cgroup, or environment: then one is mounted
//   # signal: SIGSYS
//   # exit: 7
//   # runc: exit: 3                     what is different there: such a line of its own, or "absent: REASON"
//   # runsc: absent: gVisor has none    then it is not tried
//   # runsc: note: why
//   # docker: otherwise: why            it ends otherwise; but no secret leaks and nothing of the host changes
//
// In paths \xNN is a byte.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <pysandbox/limits.hpp>
#include <pysandbox/result.hpp>

namespace pysandbox::testing {

// How an attack shows that it succeeded.
struct Success {
  enum class Sign {
    says_so,    // it prints ESCAPED and exits with 42
    leak,       // a secret of the host is in an artifact
    artifacts,  // these were harvested too
    outcome,    // it ended so
  };

  Sign sign = Sign::says_so;
  std::vector<std::string> paths{};
  Outcome outcome = Outcome::ok;
};

struct Payload {
  std::string name;  // of its file, without .py
  std::string code;
  std::string id;  // "A7"
  std::string attack;
  Outcome expect = Outcome::ok;
  std::vector<std::string> weaken{};  // empty: nothing can be taken away
  Success success{};
  Limits limits{};
  std::string failure{};
  std::optional<std::map<std::string, bool>> artifacts{};  // true: must be there
  bool needs_root = false;
  bool needs_cgroup = false;
  bool needs_environment = false;
  std::string otherwise{};  // why it does not end as expected; empty: it does
  std::string signal{};
  std::optional<int> exit_code{};

  std::string runtime = "native";  // what makes its container
  // By runtime: lines as those of the header, which take the place of those.
  std::map<std::string, std::vector<std::string>> differences{};
  std::string not_there{};  // why it cannot be tried; empty: it can

  // As it must end with this runtime.
  void apply(const std::string& maker);
};

// Throws std::runtime_error with what is wrong in the header.
Payload read_payload(const std::filesystem::path& file);

// Every *.py of the directory, sorted.
std::vector<std::filesystem::path> payload_files(const std::filesystem::path& directory);

// True if the outcome says that a limit ended the program.
bool is_limit(Outcome outcome);

}  // namespace pysandbox::testing
