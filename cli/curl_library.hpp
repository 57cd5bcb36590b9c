// libcurl, loaded when it is first needed: `pysandbox run` needs none of it, and linking it and the two dozen libraries
// behind it would cost every start milliseconds.
#pragma once

#include <curl/curl.h>

namespace pysandbox::cli {

inline constexpr const char* curl_library_file = "libcurl.so.4";

// The functions that are used, under the names that <curl/curl.h> gives them without the prefix.
class CurlLibrary {
 public:
  // Throws Error{unavailable} if there is no such library or if it lacks something.
  explicit CurlLibrary(const char* file = curl_library_file);

  decltype(&::curl_easy_init) easy_init = nullptr;
  decltype(&::curl_easy_cleanup) easy_cleanup = nullptr;
  decltype(&::curl_easy_setopt) easy_setopt = nullptr;
  decltype(&::curl_easy_getinfo) easy_getinfo = nullptr;
  decltype(&::curl_easy_pause) easy_pause = nullptr;
  decltype(&::curl_easy_strerror) easy_strerror = nullptr;
  decltype(&::curl_getdate) getdate = nullptr;
  decltype(&::curl_slist_append) slist_append = nullptr;
  decltype(&::curl_slist_free_all) slist_free_all = nullptr;
  decltype(&::curl_multi_init) multi_init = nullptr;
  decltype(&::curl_multi_cleanup) multi_cleanup = nullptr;
  decltype(&::curl_multi_add_handle) multi_add_handle = nullptr;
  decltype(&::curl_multi_remove_handle) multi_remove_handle = nullptr;
  decltype(&::curl_multi_perform) multi_perform = nullptr;
  decltype(&::curl_multi_poll) multi_poll = nullptr;
  decltype(&::curl_multi_wakeup) multi_wakeup = nullptr;
  decltype(&::curl_multi_info_read) multi_info_read = nullptr;
};

}  // namespace pysandbox::cli
