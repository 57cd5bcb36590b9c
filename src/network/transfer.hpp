// One request to one place, and what came of it.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include <pysandbox/web_client.hpp>

#include "network/curl_handle.hpp"
#include "network/reach.hpp"
#include "network/url_rules.hpp"
#include "support/unique_fd.hpp"

namespace pysandbox::network {

// What the client has of the world, so that a test can give it another one.
struct World {
  // socket(2). It is called only for a place that may be reached.
  std::function<UniqueFd(int family, int type, int protocol)> open_socket;

  // "name:port:address": known without asking DNS; see CURLOPT_RESOLVE.
  std::vector<std::string> names{};

  // The file of certificates that vouch for servers. Empty: the system's.
  std::string authorities{};
};

struct Surroundings {
  const WebClientOptions& options;
  const Reach& reach;
  const World& world;
};

class Transfer {
 public:
  using Clock = std::chrono::steady_clock;

  // Everything that is given must outlive it.
  Transfer(const WebUrl& url, const Surroundings& around, Clock::time_point deadline);
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  // Makes it a POST.
  void send(const std::map<std::string, std::string>& headers, std::string_view body);

  // Gets a piece of the body of the last answer, whose header is complete; false ends the transfer.
  using Take = std::function<bool(std::span<const std::byte>)>;

  // To its end. What `take` throws, it throws.
  void perform(const Take& take, std::stop_token stop);

  // Whether the header of a last answer (no 1xx) came, and whether all of its body did.
  bool answered() const noexcept { return answered_; }
  bool complete() const noexcept { return code_ == CURLE_OK; }

  int status() const;  // zero if not answered

  // A header of the last answer; of several the first, empty if there is none.
  std::string header(const char* name) const;

  // If the body is compressed, although that was not asked for.
  bool is_encoded() const;

  // How long the body will be, as the server says; nothing if it does not.
  std::optional<std::uint64_t> announced_size() const;

  // Why it is not complete, for a person.
  std::string problem() const;
  bool is_retryable() const;

 private:
  static curl_socket_t open_socket(void* self, curlsocktype purpose, curl_sockaddr* address) noexcept;
  static int check_connection(void* self, char* address, char* local_address, int port, int local_port) noexcept;
  static std::size_t take_header(char* line, std::size_t one, std::size_t size, void* self) noexcept;
  static std::size_t take_body(char* bytes, std::size_t one, std::size_t size, void* self) noexcept;

  void set_options(Clock::time_point deadline);
  void drive(const std::stop_token& stop);
  bool has_only(const char* header, std::string_view value) const;

  const WebUrl& url_;
  const Surroundings& around_;
  const Clock::time_point deadline_;
  CurlHandle curl_;
  CurlList headers_;
  CurlList names_;
  const Take* take_ = nullptr;
  std::exception_ptr thrown_;
  CURLcode code_ = CURLE_OK;
  std::size_t header_bytes_ = 0;
  bool connected_ = false;
  bool answered_ = false;
  bool header_too_long_ = false;
  bool stopped_ = false;
};

}  // namespace pysandbox::network
