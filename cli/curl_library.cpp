#include "curl_library.hpp"

#include <dlfcn.h>
#include <fmt/format.h>

#include <pysandbox/error.hpp>

namespace pysandbox::cli {
namespace {

class Loader {
 public:
  // It stays loaded until the process ends: its TLS library registers work for that moment.
  explicit Loader(const char* file) : file_(file), library_(::dlopen(file, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE)) {
    if (library_ != nullptr) return;
    throw Error(ErrorCode::unavailable,
                fmt::format("talking to a server needs {}, which cannot be loaded ({}); install libcurl4, or use "
                            "pysandbox run, which needs no server",
                            file, ::dlerror()));
  }

  template <class Function>
  void find(Function*& function, const char* name) const {
    function = reinterpret_cast<Function*>(::dlsym(library_, name));
    if (function != nullptr) return;
    throw Error(ErrorCode::unavailable, fmt::format("{} has no {}; install libcurl4 7.85 or newer", file_, name));
  }

 private:
  const char* file_;
  void* library_;
};

}  // namespace

CurlLibrary::CurlLibrary(const char* file) {
  const Loader loader(file);
  loader.find(easy_init, "curl_easy_init");
  loader.find(easy_cleanup, "curl_easy_cleanup");
  loader.find(easy_setopt, "curl_easy_setopt");
  loader.find(easy_getinfo, "curl_easy_getinfo");
  loader.find(easy_pause, "curl_easy_pause");
  loader.find(easy_strerror, "curl_easy_strerror");
  loader.find(getdate, "curl_getdate");
  loader.find(slist_append, "curl_slist_append");
  loader.find(slist_free_all, "curl_slist_free_all");
  loader.find(multi_init, "curl_multi_init");
  loader.find(multi_cleanup, "curl_multi_cleanup");
  loader.find(multi_add_handle, "curl_multi_add_handle");
  loader.find(multi_remove_handle, "curl_multi_remove_handle");
  loader.find(multi_perform, "curl_multi_perform");
  loader.find(multi_poll, "curl_multi_poll");
  loader.find(multi_wakeup, "curl_multi_wakeup");
  loader.find(multi_info_read, "curl_multi_info_read");

  decltype(&::curl_global_init) global_init = nullptr;
  loader.find(global_init, "curl_global_init");
  if (global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
    throw Error(ErrorCode::unavailable, fmt::format("{} does not start; is it installed whole?", file));
  }
}

}  // namespace pysandbox::cli
