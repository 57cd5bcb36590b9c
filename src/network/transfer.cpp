#include "network/transfer.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <cstring>

#include <pysandbox/export.hpp>

#include "network/ip_address.hpp"

namespace pysandbox::network {
namespace {

// All headers of one exchange, those of 1xx answers and trailers too.
constexpr std::size_t longest_header = 64 << 10;

// libcurl counts time in whole milliseconds, so that it may be a little early.
constexpr std::chrono::milliseconds rounding{10};

constexpr long buffer_bytes = 64 << 10;

long milliseconds_until(Transfer::Clock::time_point time) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(time - Transfer::Clock::now());
  return static_cast<long>(std::max<std::chrono::milliseconds::rep>(left.count(), 1));  // zero would be for ever
}

bool equal_words(std::string_view left, std::string_view right) {
  return std::ranges::equal(left, right, [](char a, char b) { return (a | 0x20) == (b | 0x20); });
}

}  // namespace

Transfer::Transfer(const WebUrl& url, const Surroundings& around, Clock::time_point deadline)
    : url_(url), around_(around), deadline_(deadline) {
  set_options(deadline);
}

void Transfer::set_options(Clock::time_point deadline) {
  const WebClientOptions& options = around_.options;
  curl_.set(CURLOPT_CURLU, url_.handle());
  curl_.set(CURLOPT_PROTOCOLS_STR, "http,https");
  curl_.set(CURLOPT_FOLLOWLOCATION, 0L);  // who calls checks each step
  curl_.set(CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
  curl_.set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  curl_.set(CURLOPT_USERAGENT, "pysandbox/" PYSANDBOX_VERSION);

  // Nothing of the environment or of other calls: no proxy, no ~/.netrc, no connection that somebody used before.
  // Cookies, HSTS and Alt-Svc are off as long as nobody names a file for them.
  curl_.set(CURLOPT_PROXY, "");
  curl_.set(CURLOPT_NOPROXY, "*");
  curl_.set(CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
  curl_.set(CURLOPT_FRESH_CONNECT, 1L);
  curl_.set(CURLOPT_FORBID_REUSE, 1L);

  curl_.set(CURLOPT_NOSIGNAL, 1L);
  curl_.set(CURLOPT_QUICK_EXIT, 1L);  // do not wait at the end for a DNS server that does not answer
  curl_.set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(options.connect_timeout.count()));
  curl_.set(CURLOPT_TIMEOUT_MS, milliseconds_until(deadline));
  curl_.set(CURLOPT_LOW_SPEED_LIMIT, static_cast<long>(options.slow_bytes_per_second));
  curl_.set(CURLOPT_LOW_SPEED_TIME, static_cast<long>(options.slow_for.count()));
  curl_.set(CURLOPT_BUFFERSIZE, buffer_bytes);

  // A small answer that unpacks to a huge one: none is asked for (no Accept-Encoding), none is unpacked.
  curl_.set(CURLOPT_ACCEPT_ENCODING, static_cast<const char*>(nullptr));
  curl_.set(CURLOPT_HTTP_CONTENT_DECODING, 0L);

  curl_.set(CURLOPT_OPENSOCKETFUNCTION, &Transfer::open_socket);
  curl_.set(CURLOPT_OPENSOCKETDATA, static_cast<void*>(this));
  curl_.set(CURLOPT_PREREQFUNCTION, &Transfer::check_connection);
  curl_.set(CURLOPT_PREREQDATA, static_cast<void*>(this));
  curl_.set(CURLOPT_HEADERFUNCTION, &Transfer::take_header);
  curl_.set(CURLOPT_HEADERDATA, static_cast<void*>(this));
  curl_.set(CURLOPT_WRITEFUNCTION, &Transfer::take_body);
  curl_.set(CURLOPT_WRITEDATA, static_cast<void*>(this));

  if (!around_.world.authorities.empty()) curl_.set(CURLOPT_CAINFO, around_.world.authorities.c_str());
  for (const std::string& name : around_.world.names) names_.add(name);
  curl_.set(CURLOPT_RESOLVE, names_.get());
}

void Transfer::send(const std::map<std::string, std::string>& headers, std::string_view body) {
  headers_.add("Expect:");        // no asking beforehand
  headers_.add("Content-Type:");  // libcurl would call it a form
  for (const auto& [name, value] : headers) headers_.add(value.empty() ? name + ";" : name + ": " + value);
  curl_.set(CURLOPT_HTTPHEADER, headers_.get());
  curl_.set(CURLOPT_POST, 1L);
  curl_.set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
  curl_.set(CURLOPT_POSTFIELDS, body.data());
}

void Transfer::perform(const Take& take, std::stop_token stop) {
  take_ = &take;
  drive(stop);
  if (thrown_) std::rethrow_exception(thrown_);
}

void Transfer::drive(const std::stop_token& stop) {
  const CurlMulti multi;
  const auto must = [](CURLMcode code) {
    if (code != CURLM_OK)
      throw Error(ErrorCode::unavailable,
                  std::string("libcurl failed: ") + ::curl_multi_strerror(code) + "; try again");
  };
  must(::curl_multi_add_handle(multi.get(), curl_.get()));
  struct Remove {
    CURLM* multi;
    CURL* easy;
    ~Remove() { ::curl_multi_remove_handle(multi, easy); }
  } const remove{multi.get(), curl_.get()};
  const std::stop_callback wake(stop, [&]() noexcept { ::curl_multi_wakeup(multi.get()); });

  for (int running = 1;;) {
    if (stop.stop_requested()) {
      stopped_ = true;
      code_ = CURLE_ABORTED_BY_CALLBACK;
      return;
    }
    must(::curl_multi_perform(multi.get(), &running));
    if (running == 0) break;
    must(::curl_multi_poll(multi.get(), nullptr, 0, 1000, nullptr));
  }
  int left = 0;
  while (const CURLMsg* message = ::curl_multi_info_read(multi.get(), &left)) {
    if (message->msg == CURLMSG_DONE) code_ = message->data.result;
  }
  // libcurl 7.88 has no better word for a header line over its own 100 KiB.
  if (code_ == CURLE_OUT_OF_MEMORY && connected_ && !answered_) header_too_long_ = true;
}

// THE GATE. libcurl comes here with each address that it is about to connect to, whatever the URL looked like.
curl_socket_t Transfer::open_socket(void* self, curlsocktype purpose, curl_sockaddr* address) noexcept {
  const auto& transfer = *static_cast<Transfer*>(self);
  try {
    const auto ip = IpAddress::of(address->addr, address->addrlen);
    if (purpose != CURLSOCKTYPE_IPCXN || !ip || !transfer.around_.reach.permits(transfer.url_, *ip)) {
      return CURL_SOCKET_BAD;
    }
    return transfer.around_.world.open_socket(address->family, address->socktype, address->protocol).release();
  } catch (...) {
    return CURL_SOCKET_BAD;
  }
}

// Once more before a byte of the request is sent, with the address of the connection that there is.
int Transfer::check_connection(void* self, char* address, char*, int port, int) noexcept {
  auto& transfer = *static_cast<Transfer*>(self);
  try {
    const auto ip = IpAddress::parse(address);
    if (!ip || port != transfer.url_.port() || !transfer.around_.reach.permits(transfer.url_, *ip)) {
      return CURL_PREREQFUNC_ABORT;
    }
    transfer.connected_ = true;
    return CURL_PREREQFUNC_OK;
  } catch (...) {
    return CURL_PREREQFUNC_ABORT;
  }
}

std::size_t Transfer::take_header(char* line, std::size_t, std::size_t size, void* self) noexcept {
  auto& transfer = *static_cast<Transfer*>(self);
  transfer.header_bytes_ += size;
  transfer.header_too_long_ = transfer.header_bytes_ > longest_header;
  if (transfer.header_too_long_) return 0;
  const std::string_view text(line, size);
  if (text == "\r\n" || text == "\n") {
    long status = 0;
    ::curl_easy_getinfo(transfer.curl_.get(), CURLINFO_RESPONSE_CODE, &status);
    transfer.answered_ = status >= 200;
  }
  return size;
}

std::size_t Transfer::take_body(char* bytes, std::size_t, std::size_t size, void* self) noexcept {
  auto& transfer = *static_cast<Transfer*>(self);
  try {
    const bool more = (*transfer.take_)(std::as_bytes(std::span(bytes, size)));
    return more ? size : CURL_WRITEFUNC_ERROR;
  } catch (...) {
    transfer.thrown_ = std::current_exception();
    return CURL_WRITEFUNC_ERROR;
  }
}

int Transfer::status() const {
  long status = 0;
  if (answered_) ::curl_easy_getinfo(curl_.get(), CURLINFO_RESPONSE_CODE, &status);
  return static_cast<int>(status);
}

std::string Transfer::header(const char* name) const {
  curl_header* found = nullptr;
  return ::curl_easy_header(curl_.get(), name, 0, CURLH_HEADER, -1, &found) == CURLHE_OK ? found->value : "";
}

bool Transfer::has_only(const char* name, std::string_view value) const {
  curl_header* found = nullptr;
  for (std::size_t i = 0; ::curl_easy_header(curl_.get(), name, i, CURLH_HEADER, -1, &found) == CURLHE_OK; ++i) {
    if (*found->value != '\0' && !equal_words(found->value, value)) return false;
  }
  return true;
}

bool Transfer::is_encoded() const {
  return !has_only("Content-Encoding", "identity") || !has_only("Transfer-Encoding", "chunked");
}

std::optional<std::uint64_t> Transfer::announced_size() const {
  curl_off_t size = -1;
  ::curl_easy_getinfo(curl_.get(), CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &size);
  return size < 0 ? std::nullopt : std::optional(static_cast<std::uint64_t>(size));
}

std::string Transfer::problem() const {
  if (stopped_) return "it was stopped; ask again if it is still wanted";
  if (header_too_long_) {
    return "the header of the answer is longer than " + std::to_string(longest_header) + " bytes; use another server";
  }
  switch (code_) {
    case CURLE_OK:
      return {};
    case CURLE_PEER_FAILED_VERIFICATION:
      return "the server's certificate is not valid for this host, or of no known authority; correct the name or "
             "the server";
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_CIPHER:
      return "no secure connection could be made; check that the port speaks TLS 1.2 or later";
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_WEIRD_SERVER_REPLY:
      return "the server did not answer in HTTP; check the URL";
    case CURLE_OPERATION_TIMEDOUT:
      if (!connected_) break;
      if (Clock::now() + rounding < deadline_) {
        return "the server sent less than " + std::to_string(around_.options.slow_bytes_per_second) +
               " bytes per second for " + std::to_string(around_.options.slow_for.count()) +
               " seconds; try again later";
      }
      return "it was not done in " + std::to_string(around_.options.total_timeout.count()) +
             " milliseconds, the time for one URL; try again later or use a smaller file";
    default:
      if (!connected_) break;
      return "the connection broke before all of the answer was there; try again";
  }
  // One sentence for all of it: who asks must not learn what is closed, what is filtered and what is forbidden, nor
  // which names an inner DNS server knows.
  return "the server cannot be reached; check the host's name and the port, and that it is on the public Internet";
}

bool Transfer::is_retryable() const {
  switch (code_) {
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_WEIRD_SERVER_REPLY:
      return false;
    default:
      return !header_too_long_;
  }
}

}  // namespace pysandbox::network
