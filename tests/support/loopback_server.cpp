#include "loopback_server.hpp"

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <system_error>
#include <utility>

namespace pysandbox::testing {
namespace {

constexpr std::chrono::milliseconds tick{20};

void must(int result, const char* what) {
  if (result < 0) throw std::system_error(errno, std::generic_category(), what);
}

bool is_ready(int socket, short events, std::chrono::milliseconds time) {
  pollfd one{.fd = socket, .events = events, .revents = 0};
  return ::poll(&one, 1, static_cast<int>(time.count())) > 0;
}

}  // namespace

std::string LoopbackServer::Connection::target() const {
  const auto first = head_.find(' ');
  return first == head_.npos ? "" : head_.substr(first + 1, head_.find(' ', first + 1) - first - 1);
}

std::string LoopbackServer::Connection::header(std::string_view name) const {
  const auto at = head_.find("\r\n" + std::string(name) + ": ");
  if (at == head_.npos) return "";
  const auto begin = at + 2 + name.size() + 2;
  return head_.substr(begin, head_.find("\r\n", begin) - begin);
}

bool LoopbackServer::Connection::send(std::string_view text) {
  while (!text.empty()) {
    if (stop_.stop_requested()) return false;
    if (!is_ready(socket_, POLLOUT, tick)) continue;
    const ssize_t count = ::send(socket_, text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (count < 0 && errno != EAGAIN) return false;
    if (count > 0) text.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

bool LoopbackServer::Connection::pause(std::chrono::milliseconds time) {
  for (; time.count() > 0 && !stop_.stop_requested(); time -= tick) {
    if (is_ready(socket_, POLLRDHUP, std::min(time, tick))) return false;
  }
  return !stop_.stop_requested();
}

bool LoopbackServer::Connection::read_request() {
  std::string text;
  for (char buffer[4096]; !stop_.stop_requested();) {
    if (!is_ready(socket_, POLLIN, tick)) continue;
    const ssize_t count = ::recv(socket_, buffer, sizeof buffer, 0);
    if (count <= 0) return false;
    text.append(buffer, static_cast<std::size_t>(count));
    if (text.front() == 0x16) return true;  // a TLS hello: it gets its answer in plain text
    const auto end = text.find("\r\n\r\n");
    if (end == text.npos) continue;
    head_ = text.substr(0, end + 2);
    body_ = text.substr(end + 4);
    if (body_.size() >= std::strtoull(header("Content-Length").c_str(), nullptr, 10)) return true;
  }
  return false;
}

LoopbackServer::LoopbackServer(Handler handler)
    : handler_(std::move(handler)), listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  must(listener_.get(), "socket");
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  must(::bind(listener_.get(), reinterpret_cast<const sockaddr*>(&address), length), "bind");
  must(::listen(listener_.get(), 64), "listen");
  must(::getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address), &length), "getsockname");
  port_ = ntohs(address.sin_port);
  accepting_ = std::jthread([this](const std::stop_token& stop) { accept_all(stop); });
}

LoopbackServer::~LoopbackServer() {
  accepting_.request_stop();
  accepting_.join();
}

std::vector<std::string> LoopbackServer::targets() const {
  const std::lock_guard lock(mutex_);
  return targets_;
}

void LoopbackServer::accept_all(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    if (!is_ready(listener_.get(), POLLIN, tick)) continue;
    const int socket = ::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC);
    if (socket < 0) continue;
    ++connections_;
    serving_.emplace_back([this, socket, stop] { serve(socket, stop); });
  }
  serving_.clear();  // joins
}

void LoopbackServer::serve(int socket, const std::stop_token& stop) {
  const UniqueFd owner(socket);
  Connection connection(socket, stop);
  if (!connection.read_request()) return;
  {
    const std::lock_guard lock(mutex_);
    targets_.push_back(connection.target());
  }
  handler_(connection);
  ::shutdown(socket, SHUT_WR);
}

std::string http_answer(std::string_view body, std::string_view headers) {
  return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" + std::string(headers) + "\r\n" +
         std::string(body);
}

}  // namespace pysandbox::testing
