// A server on 127.0.0.1 that answers every connection in a way of the test's own, right or wrong.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <mutex>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "support/unique_fd.hpp"

namespace pysandbox::testing {

class LoopbackServer {
 public:
  // One connection, whose request has come. It is closed when the handler returns.
  class Connection {
   public:
    Connection(int socket, std::stop_token stop) : socket_(socket), stop_(std::move(stop)) {}

    const std::string& head() const noexcept { return head_; }
    const std::string& body() const noexcept { return body_; }
    std::string target() const;                       // "/a?b"
    std::string header(std::string_view name) const;  // empty if there is none

    // False once nobody listens any more.
    bool send(std::string_view text);

    // Waits. False as soon as the other side has closed, or the server is to end.
    bool pause(std::chrono::milliseconds time);

    bool read_request();

   private:
    int socket_;
    std::stop_token stop_;
    std::string head_;
    std::string body_;
  };

  using Handler = std::function<void(Connection&)>;

  explicit LoopbackServer(Handler handler);
  ~LoopbackServer();
  LoopbackServer(const LoopbackServer&) = delete;
  LoopbackServer& operator=(const LoopbackServer&) = delete;

  std::uint16_t port() const noexcept { return port_; }
  std::string place() const { return "127.0.0.1:" + std::to_string(port_); }
  std::string url(std::string_view target) const { return "http://" + place() + std::string(target); }

  // How many have connected so far.
  std::size_t connections() const noexcept { return connections_; }

  // The targets of all requests so far.
  std::vector<std::string> targets() const;

 private:
  void accept_all(const std::stop_token& stop);
  void serve(int socket, const std::stop_token& stop);

  Handler handler_;
  UniqueFd listener_;
  std::uint16_t port_ = 0;
  std::atomic<std::size_t> connections_{0};
  mutable std::mutex mutex_;
  std::vector<std::string> targets_;
  std::list<std::jthread> serving_;
  std::jthread accepting_;
};

// "HTTP/1.1 200 OK" with `body` and its length, and `headers` ("A: b\r\n").
std::string http_answer(std::string_view body, std::string_view headers = "");

}  // namespace pysandbox::testing
