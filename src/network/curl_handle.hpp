// libcurl's handles, each with an owner.
#pragma once

#include <curl/curl.h>

#include <memory>
#include <string>

#include <pysandbox/error.hpp>

namespace pysandbox::network {

class CurlHandle {
 public:
  CurlHandle() : handle_(::curl_easy_init()) {
    if (handle_ == nullptr) throw Error(ErrorCode::unavailable, "No memory for a transfer; try again");
  }
  CurlHandle(const CurlHandle&) = delete;
  CurlHandle& operator=(const CurlHandle&) = delete;
  ~CurlHandle() { ::curl_easy_cleanup(handle_); }

  CURL* get() const noexcept { return handle_; }

  // An option that this libcurl does not take is one that protects nobody: it is never passed over.
  template <typename Value>
  void set(CURLoption option, Value value) {
    const CURLcode code = ::curl_easy_setopt(handle_, option, value);
    if (code == CURLE_OK) return;
    throw Error(ErrorCode::unavailable, std::string("libcurl does not take an option (") + ::curl_easy_strerror(code) +
                                            "); use libcurl 7.87 or newer, built with its usual parts");
  }

 private:
  CURL* handle_;
};

class CurlMulti {
 public:
  CurlMulti() : handle_(::curl_multi_init()) {
    if (handle_ == nullptr) throw Error(ErrorCode::unavailable, "No memory for a transfer; try again");
  }
  CurlMulti(const CurlMulti&) = delete;
  CurlMulti& operator=(const CurlMulti&) = delete;
  ~CurlMulti() { ::curl_multi_cleanup(handle_); }

  CURLM* get() const noexcept { return handle_; }

 private:
  CURLM* handle_;
};

// A list of strings, as headers and resolved names are given.
class CurlList {
 public:
  void add(const std::string& line) {
    curl_slist* longer = ::curl_slist_append(list_.get(), line.c_str());
    if (longer == nullptr) throw Error(ErrorCode::unavailable, "No memory for a transfer; try again");
    static_cast<void>(list_.release());
    list_.reset(longer);
  }

  curl_slist* get() const noexcept { return list_.get(); }

 private:
  struct Free {
    void operator()(curl_slist* list) const noexcept { ::curl_slist_free_all(list); }
  };
  std::unique_ptr<curl_slist, Free> list_;
};

}  // namespace pysandbox::network
