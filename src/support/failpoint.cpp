#include "support/failpoint.hpp"

#ifdef PYSANDBOX_FAILPOINTS

#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <charconv>
#include <cstdlib>
#include <string_view>

namespace pysandbox {
namespace {

struct Wanted {
  std::string_view name;
  int pass = 1;
};

Wanted read_wanted() {
  const char* text = std::getenv("PYSANDBOX_FAILPOINT");
  if (text == nullptr) return {};
  const std::string_view all(text);
  const auto colon = all.find(':');
  Wanted wanted{.name = all.substr(0, colon)};
  if (colon != std::string_view::npos) std::from_chars(all.data() + colon + 1, all.data() + all.size(), wanted.pass);
  return wanted;
}

}  // namespace

void failpoint(const char* name) {
  static const Wanted wanted = read_wanted();
  static std::atomic<int> passes = 0;
  if (wanted.name == name && ++passes == wanted.pass) ::kill(::getpid(), SIGKILL);
}

}  // namespace pysandbox

#endif
