#include <dlfcn.h>

#include <array>
#include <mutex>
#include <string>

#include <pysandbox/error.hpp>

#include "docker/libraries.hpp"

extern "C" {
extern void* pysandbox_late_functions[];  // in the order of late_functions.inc
}

namespace pysandbox::docker {
namespace {

constexpr std::array libraries{"libcurl.so.4", "libarchive.so.13"};

constexpr std::array names{
#define LATE(name) #name,
#include "docker/late_functions.inc"
#undef LATE
};

[[noreturn]] void refuse(const std::string& what) {
  throw Error(ErrorCode::sandbox_unavailable,
              "the docker runner needs libcurl and libarchive (" + what + "); install libcurl4 and libarchive13");
}

// They stay loaded until the process ends: what libcurl uses registers work for that moment.
void load() {
  std::array<void*, libraries.size()> loaded{};
  for (std::size_t i = 0; i < libraries.size(); ++i) {
    loaded[i] = ::dlopen(libraries[i], RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    if (loaded[i] == nullptr) refuse(::dlerror());
  }
  for (std::size_t i = 0; i < names.size(); ++i) {
    const std::string name = names[i];
    pysandbox_late_functions[i] = ::dlsym(loaded[name.starts_with("curl_") ? 0 : 1], names[i]);
    if (pysandbox_late_functions[i] == nullptr) refuse("there is no " + name);
  }
}

}  // namespace

void load_libraries() {
  static std::once_flag once;
  std::call_once(once, load);
}

}  // namespace pysandbox::docker
