#include "network/web_client.hpp"

#include <curl/curl.h>
#include <sys/socket.h>

#include <algorithm>
#include <limits>
#include <utility>

#include <pysandbox/error.hpp>

#include "network/file_name_from.hpp"
#include "network/reach.hpp"
#include "network/transfer.hpp"
#include "network/url_rules.hpp"
#include "support/in_quotes.hpp"

namespace pysandbox {
namespace network {
namespace {

constexpr std::uint64_t most_bytes_of_reply = 4096;

[[noreturn]] void refuse(const std::string& sentence) { throw Error(ErrorCode::invalid_request, sentence); }

void check(const WebClientOptions& options) {
  constexpr std::chrono::milliseconds longest = std::chrono::hours(24);
  const auto check_time = [&](std::chrono::milliseconds time, const std::string& what) {
    if (time.count() > 0 && time <= longest) return;
    refuse("The " + what + " of the web client is " + std::to_string(time.count()) +
           " milliseconds; give it one from 1 to 86400000");
  };
  check_time(options.connect_timeout, "connect_timeout");
  check_time(options.total_timeout, "total_timeout");
  if (options.slow_for < std::chrono::seconds(1) || options.slow_for > longest) {
    refuse("slow_for of the web client is " + std::to_string(options.slow_for.count()) +
           " seconds; give it one from 1 to 86400");
  }
  if (options.slow_bytes_per_second > std::numeric_limits<std::int32_t>::max()) {
    refuse("slow_bytes_per_second of the web client is " + std::to_string(options.slow_bytes_per_second) +
           "; give it one below 2147483648");
  }
  if (options.max_redirects < 0 || options.max_redirects > 50) {
    refuse("max_redirects of the web client is " + std::to_string(options.max_redirects) +
           "; give it one from 0 to 50");
  }
  if (std::ranges::find(options.ports, 0) != options.ports.end()) {
    refuse("The ports of the web client hold 0, which is none; remove it");
  }
}

// RFC 9110, 5.6.2 and 5.5: what would end the line is a header of somebody else's choice.
void check(const std::map<std::string, std::string>& headers) {
  constexpr std::string_view allowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+-.^_`|~";
  for (const auto& [name, value] : headers) {
    if (name.empty() || name.find_first_not_of(allowed) != name.npos) {
      refuse("The header name " + in_quotes(name) + " is none; use letters, digits and '-'");
    }
    const bool control = std::ranges::any_of(
        value, [](char c) { return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f; });
    if (control) refuse("The value of the header " + in_quotes(name) + " holds a control character; remove it");
  }
}

// libcurl counts how often it was made ready; 7.84 and later are safe to call here from any thread.
class Library {
 public:
  Library() {
    if (::curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
      throw Error(ErrorCode::unavailable, "libcurl cannot be made ready; try again");
    }
  }
  Library(const Library&) = delete;
  Library& operator=(const Library&) = delete;
  ~Library() { ::curl_global_cleanup(); }
};

bool is_redirect(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

// 206 is a part, which was not asked for.
bool is_success(int status) { return status >= 200 && status < 300 && status != 206; }

// RFC 9110 and RFC 6585 (429).
bool is_passing(int status) { return status >= 500 || status == 408 || status == 425 || status == 429; }

WebResult refused(std::string problem) {
  WebResult result;
  result.problem = std::move(problem);
  return result;
}

WebResult answered_badly(int status) {
  WebResult result;
  result.status = status;
  result.problem = "the server answered with status " + std::to_string(status) + "; " +
                   (is_passing(status) ? "try again later" : "check the URL");
  result.retryable = is_passing(status);
  return result;
}

WebResult broken_off(const Transfer& transfer) {
  WebResult result;
  result.status = transfer.status();
  result.problem = transfer.problem();
  result.retryable = transfer.is_retryable();
  return result;
}

// Counts a body and hands it on, if it is one to keep.
class Download {
 public:
  Download(const Transfer& transfer, std::uint64_t max_bytes, const BodySink& take)
      : transfer_(transfer), max_bytes_(max_bytes), take_(take) {}

  bool take(std::span<const std::byte> piece) {
    if (size_ == 0 && !begin()) return false;
    too_large_ = piece.size() > max_bytes_ - size_;
    if (too_large_) return false;
    size_ += piece.size();
    take_(piece);
    return true;
  }

  WebResult result(const WebUrl& url) const {
    const int status = transfer_.status();
    if (!transfer_.answered()) return broken_off(transfer_);
    if (!is_success(status)) return answered_badly(status);
    WebResult result;
    result.status = status;
    result.size = size_;
    if (transfer_.is_encoded()) {
      result.problem = "the server sent the file compressed, which was not asked for; use a URL that gives it as it is";
    } else if (too_large_) {
      result.problem = "the file is larger than " + std::to_string(max_bytes_) +
                       " bytes, which is what is left for it; use a smaller one";
    } else if (!transfer_.complete()) {
      result.problem = transfer_.problem();
      result.retryable = transfer_.is_retryable();
    } else {
      result.ok = true;
      result.name = file_name_from(transfer_.header("Content-Disposition"), url.path());
    }
    return result;
  }

 private:
  // Whether the body is worth its first byte.
  bool begin() {
    if (!is_success(transfer_.status()) || transfer_.is_encoded()) return false;
    too_large_ = transfer_.announced_size().value_or(0) > max_bytes_;
    return !too_large_;
  }

  const Transfer& transfer_;
  const std::uint64_t max_bytes_;
  const BodySink& take_;
  std::uint64_t size_ = 0;
  bool too_large_ = false;
};

class CurlWebClient final : public WebClient {
 public:
  CurlWebClient(World world, const WebClientOptions& options)
      : options_(options), reach_(options), world_(std::move(world)) {
    check(options);
  }

  WebResult fetch(const std::string& url, std::uint64_t max_bytes, const BodySink& take,
                  std::stop_token stop) override {
    const auto deadline = Transfer::Clock::now() + options_.total_timeout;
    ParsedUrl next = WebUrl::parse(url);
    for (int redirects = 0;; ++redirects) {
      if (std::string objection = objection_to(next); !objection.empty()) {
        return refused((redirects > 0 ? "it leads on to another URL, and " : "") + objection);
      }
      const WebUrl here = std::move(*next.url);
      Transfer transfer(here, around_, deadline);
      Download download(transfer, max_bytes, take);
      transfer.perform([&](std::span<const std::byte> piece) { return download.take(piece); }, stop);
      if (!is_redirect(transfer.status())) return download.result(here);
      const std::string location = transfer.header("Location");
      if (location.empty()) return answered_badly(transfer.status());
      if (redirects == options_.max_redirects) {
        return refused("it leads on to another URL more than " + std::to_string(options_.max_redirects) +
                       " times; use the URL where it ends");
      }
      next = here.follow(location);
    }
  }

  WebResult post(const std::string& url, const std::map<std::string, std::string>& headers, std::string_view body,
                 std::stop_token stop) override {
    check(headers);
    const ParsedUrl parsed = WebUrl::parse(url);
    if (std::string objection = objection_to(parsed); !objection.empty()) return refused(std::move(objection));
    Transfer transfer(*parsed.url, around_, Transfer::Clock::now() + options_.total_timeout);
    transfer.send(headers, body);
    std::uint64_t size = 0;
    transfer.perform([&](std::span<const std::byte> piece) { return (size += piece.size()) < most_bytes_of_reply; },
                     stop);
    if (!transfer.answered()) return broken_off(transfer);
    if (!is_success(transfer.status())) return answered_badly(transfer.status());
    WebResult result;
    result.ok = true;
    result.status = transfer.status();
    result.size = size;
    return result;
  }

  std::string objection_to(const std::string& url) const override {
    const ParsedUrl parsed = WebUrl::parse(url);
    std::string objection = objection_to(parsed);
    return objection.empty() ? reach_.objection_to_host(*parsed.url) : objection;
  }

 private:
  // A forbidden host is no objection here: it is refused at the gate like any other that cannot be reached, so that
  // the answer is the same.
  std::string objection_to(const ParsedUrl& parsed) const {
    return parsed.url ? reach_.objection_to_port(*parsed.url) : parsed.objection;
  }

  Library library_;
  const WebClientOptions options_;
  const Reach reach_;
  const World world_;
  const Surroundings around_{options_, reach_, world_};
};

}  // namespace

std::unique_ptr<WebClient> make_web_client_in(World world, const WebClientOptions& options) {
  return std::make_unique<CurlWebClient>(std::move(world), options);
}

}  // namespace network

std::unique_ptr<WebClient> make_web_client(const WebClientOptions& options) {
  const auto open_socket = [](int family, int type, int protocol) {
    return UniqueFd(::socket(family, type | SOCK_CLOEXEC, protocol));
  };
  return network::make_web_client_in({.open_socket = open_socket}, options);
}

}  // namespace pysandbox
