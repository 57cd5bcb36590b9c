#include "http_client.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <utility>

#include <pysandbox/error.hpp>

#include "report.hpp"

namespace pysandbox::cli {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t most_unread = 1ULL << 20;  // then the server has to wait

Error interrupted_error() { return {ErrorCode::unavailable, "interrupted"}; }

Error broken_error(CURLcode code, const std::string& reason, const std::string& url) {
  switch (code) {
    case CURLE_COULDNT_CONNECT:
    case CURLE_COULDNT_RESOLVE_HOST:
      return {ErrorCode::unavailable,
              fmt::format("no server answers at {} ({}); start one with pysandbox-server, or name it with --server",
                          url, reason)};
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
      return {ErrorCode::invalid_request,
              fmt::format("no safe connection to {}: {}; is it https, and is its certificate one that this machine "
                          "trusts?",
                          url, reason)};
    default:
      return {ErrorCode::unavailable, fmt::format("the connection to {} broke: {}; try again", url, reason)};
  }
}

}  // namespace

// What libcurl calls. An exception must not pass through it.
struct HttpExchange::Callbacks {
  static std::size_t take_header(char* bytes, std::size_t, std::size_t count, void* exchange_pointer) {
    auto& exchange = *static_cast<HttpExchange*>(exchange_pointer);
    exchange.last_heard_ = Clock::now();
    const std::string_view line(bytes, count);
    constexpr std::string_view date = "date:";
    const auto name = line.substr(0, date.size());
    const auto is_same = [](char one, char other) { return std::tolower(static_cast<unsigned char>(one)) == other; };
    if (std::equal(name.begin(), name.end(), date.begin(), date.end(), is_same))
      exchange.date_ = line.substr(name.size());
    if (line == "\r\n" || line == "\n") {
      long status = 0;
      exchange.client_.curl_.easy_getinfo(exchange.easy_.get(), CURLINFO_RESPONSE_CODE, &status);
      exchange.header_complete_ = status >= 200;  // 100 (Continue) is only on the way to it
    }
    return count;
  }

  static std::size_t take_body(char* bytes, std::size_t, std::size_t count, void* exchange_pointer) {
    auto& exchange = *static_cast<HttpExchange*>(exchange_pointer);
    exchange.last_heard_ = Clock::now();
    if (exchange.received_.size() - exchange.consumed_ >= most_unread) {
      exchange.paused_ = true;
      return CURL_WRITEFUNC_PAUSE;  // the bytes come again
    }
    exchange.received_.erase(0, std::exchange(exchange.consumed_, 0));
    exchange.received_.append(bytes, count);
    return count;
  }

  static std::size_t give_body(char* buffer, std::size_t size, std::size_t count, void* exchange_pointer) {
    auto& exchange = *static_cast<HttpExchange*>(exchange_pointer);
    exchange.last_heard_ = Clock::now();
    try {
      return exchange.source_(std::as_writable_bytes(std::span(buffer, size * count)));
    } catch (...) {
      exchange.source_failure_ = std::current_exception();
      return CURL_READFUNC_ABORT;
    }
  }

  // A connection that is used again may be dead, and then the body has to be sent from its beginning.
  static int rewind_body(void* exchange_pointer, curl_off_t offset, int origin) {
    auto& exchange = *static_cast<HttpExchange*>(exchange_pointer);
    if (offset != 0 || origin != SEEK_SET) return CURL_SEEKFUNC_CANTSEEK;
    try {
      exchange.source_ = exchange.request_.upload->open();
      return CURL_SEEKFUNC_OK;
    } catch (...) {
      exchange.source_failure_ = std::current_exception();
      return CURL_SEEKFUNC_FAIL;
    }
  }
};

HttpExchange::HttpExchange(HttpClient& client, HttpRequest request)
    : client_(client),
      request_(std::move(request)),
      url_(client.server_.url + request_.path),
      easy_(client.curl_.easy_init(), client.curl_.easy_cleanup),
      headers_(nullptr, client.curl_.slist_free_all) {
  if (!easy_) throw Error(ErrorCode::internal, "libcurl gives no handle; is there memory left?");
  set(CURLOPT_ERRORBUFFER, problem_);
  set(CURLOPT_PRIVATE, static_cast<void*>(this));
  set(CURLOPT_URL, url_.c_str());
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_PATH_AS_IS, 1L);
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_CONNECTTIMEOUT, 10L);
  set(CURLOPT_USERAGENT, "pysandbox/" PYSANDBOX_VERSION);
  if (client.server_.loopback) set(CURLOPT_PROXY, "");  // no proxy reaches this machine better than it does itself
  if (const char* authorities = std::getenv("SSL_CERT_FILE")) set(CURLOPT_CAINFO, authorities);
  set(CURLOPT_HEADERFUNCTION, &Callbacks::take_header);
  set(CURLOPT_HEADERDATA, static_cast<void*>(this));
  set(CURLOPT_WRITEFUNCTION, &Callbacks::take_body);
  set(CURLOPT_WRITEDATA, static_cast<void*>(this));
  describe_request();
  if (client.curl_.multi_add_handle(client.multi_.get(), easy_.get()) != CURLM_OK) {
    throw Error(ErrorCode::internal, "libcurl takes no request; is there memory left?");
  }
}

HttpExchange::~HttpExchange() { client_.curl_.multi_remove_handle(client_.multi_.get(), easy_.get()); }

template <class Value>
void HttpExchange::set(CURLoption option, Value value) {
  if (client_.curl_.easy_setopt(easy_.get(), option, value) == CURLE_OK) return;
  throw Error(ErrorCode::unavailable, fmt::format("{} does not know the option {}; install libcurl4 7.85 or newer",
                                                  curl_library_file, static_cast<int>(option)));
}

void HttpExchange::describe_request() {
  std::vector<std::string> headers = request_.headers;
  if (!client_.key_.empty()) headers.push_back("Authorization: Bearer " + client_.key_);
  if (request_.upload) {
    source_ = request_.upload->open();
    set(CURLOPT_UPLOAD, 1L);
    set(CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(request_.upload->size));
    set(CURLOPT_READFUNCTION, &Callbacks::give_body);
    set(CURLOPT_READDATA, static_cast<void*>(this));
    set(CURLOPT_SEEKFUNCTION, &Callbacks::rewind_body);
    set(CURLOPT_SEEKDATA, static_cast<void*>(this));
  } else if (request_.method != "GET") {
    set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request_.body.size()));
    set(CURLOPT_POSTFIELDS, request_.body.c_str());
    headers.emplace_back(request_.body.empty() ? "Content-Type:" : "Content-Type: application/json");
    headers.emplace_back("Expect:");  // do not wait for 100 (Continue)
  }
  if (request_.method != "GET") set(CURLOPT_CUSTOMREQUEST, request_.method.c_str());
  for (const auto& header : headers) {
    auto* longer = client_.curl_.slist_append(headers_.get(), header.c_str());
    if (longer == nullptr) throw Error(ErrorCode::internal, "libcurl takes no header; is there memory left?");
    [[maybe_unused]] auto* same = headers_.release();
    headers_.reset(longer);
  }
  set(CURLOPT_HTTPHEADER, headers_.get());
}

template <class Ready>
bool HttpExchange::wait_until(Clock::time_point deadline, Ready ready) {
  const std::stop_callback wake(client_.stop_, [this] { client_.curl_.multi_wakeup(client_.multi_.get()); });
  for (;;) {
    client_.perform();
    if (ready() || finished_) return true;
    if (client_.interrupted()) throw interrupted_error();
    const auto now = Clock::now();
    if (now - last_heard_ > request_.silence) {
      throw Error(ErrorCode::unavailable, fmt::format("{} has not said a word for {} s; try again", client_.server_.url,
                                                      request_.silence.count() / 1000));
    }
    if (now >= deadline) return false;
    client_.poll(std::min(1000ms, std::chrono::ceil<std::chrono::milliseconds>(deadline - now)));
  }
}

void HttpExchange::throw_if_broken() {
  if (source_failure_) std::rethrow_exception(source_failure_);
  if (!finished_ || *finished_ == CURLE_OK) return;
  const std::string reason = problem_[0] != '\0' ? problem_ : client_.curl_.easy_strerror(*finished_);
  throw broken_error(*finished_, printable(reason), client_.server_.url);
}

int HttpExchange::status() {
  wait_until(Clock::time_point::max(), [this] { return header_complete_; });
  if (!header_complete_) throw_if_broken();
  long status = 0;
  client_.curl_.easy_getinfo(easy_.get(), CURLINFO_RESPONSE_CODE, &status);
  return static_cast<int>(status);
}

std::chrono::seconds HttpExchange::retry_after() {
  curl_off_t seconds = 0;
  client_.curl_.easy_getinfo(easy_.get(), CURLINFO_RETRY_AFTER, &seconds);
  return std::chrono::seconds(seconds);
}

std::optional<std::chrono::sys_seconds> HttpExchange::date() {
  status();
  const std::time_t seconds = client_.curl_.getdate(date_.c_str(), nullptr);
  if (seconds < 0) return std::nullopt;
  return std::chrono::sys_seconds(std::chrono::seconds(seconds));
}

bool HttpExchange::wait(std::chrono::milliseconds patience) {
  return wait_until(Clock::now() + patience, [this] { return consumed_ < received_.size(); });
}

std::size_t HttpExchange::read(std::span<std::byte> buffer) {
  wait_until(Clock::time_point::max(), [this] { return consumed_ < received_.size(); });
  if (consumed_ == received_.size()) {
    throw_if_broken();
    return 0;
  }
  const std::size_t count = std::min(buffer.size(), received_.size() - consumed_);
  std::memcpy(buffer.data(), received_.data() + consumed_, count);
  consumed_ += count;
  if (paused_ && received_.size() - consumed_ < most_unread / 2) {
    paused_ = false;
    client_.curl_.easy_pause(easy_.get(), CURLPAUSE_CONT);
  }
  return count;
}

std::string HttpExchange::read_all(std::size_t limit) {
  std::string text;
  std::byte buffer[65536];
  while (const std::size_t count = read(buffer)) {
    text.append(reinterpret_cast<const char*>(buffer), count);
    if (text.size() > limit) {
      throw Error(ErrorCode::too_large,
                  fmt::format("{} answers with more than {} bytes; is --server right?", client_.server_.url, limit));
    }
  }
  return text;
}

HttpClient::HttpClient(ServerAddress server, std::string key)
    : server_(std::move(server)), key_(std::move(key)), multi_(curl_.multi_init(), curl_.multi_cleanup) {
  if (!multi_) throw Error(ErrorCode::internal, "libcurl gives no handle; is there memory left?");
}

std::unique_ptr<HttpExchange> HttpClient::start(HttpRequest request) {
  return std::unique_ptr<HttpExchange>(new HttpExchange(*this, std::move(request)));
}

void HttpClient::pause(std::chrono::milliseconds time) {
  const std::stop_callback wake(stop_, [this] { curl_.multi_wakeup(multi_.get()); });
  const auto end = std::chrono::steady_clock::now() + time;
  for (auto now = end - time; now < end; now = std::chrono::steady_clock::now()) {
    if (interrupted()) throw interrupted_error();
    poll(std::chrono::ceil<std::chrono::milliseconds>(end - now));
    perform();
  }
}

void HttpClient::perform() {
  int running = 0;
  if (curl_.multi_perform(multi_.get(), &running) != CURLM_OK) {
    throw Error(ErrorCode::internal, "libcurl cannot go on; is there memory left?");
  }
  for (int left = 1; left > 0;) {
    const CURLMsg* message = curl_.multi_info_read(multi_.get(), &left);
    if (message == nullptr) return;
    char* exchange = nullptr;
    curl_.easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &exchange);
    static_cast<HttpExchange*>(static_cast<void*>(exchange))->finished_ = message->data.result;
  }
}

void HttpClient::poll(std::chrono::milliseconds patience) {
  curl_.multi_poll(multi_.get(), nullptr, 0, static_cast<int>(patience.count()), nullptr);
}

}  // namespace pysandbox::cli
