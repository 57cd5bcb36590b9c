#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <stdexcept>

#include "driver/client.hpp"

namespace pysandbox::bench {
namespace {

[[noreturn]] void fail(const char* what) {
  throw std::runtime_error(fmt::format("{}: {}", what, std::strerror(errno)));
}

// One connection that stays open, as clients of a service have it.
class HttpClient final : public Client {
 public:
  explicit HttpClient(const Block& block)
      : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)),
        request_(fmt::format("POST /api/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                             "Content-Length: {}\r\n\r\n{}",
                             block.body.size(), block.body)) {
    if (socket_ < 0) fail("making a socket");
    const int one = 1;
    ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(block.port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) fail("connecting");
  }
  ~HttpClient() override { ::close(socket_); }
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  Sample run() override {
    Sample sample;
    sample.start = now_ns();
    send_all();
    std::string answer;
    while (answer.find("\r\n\r\n") == answer.npos) receive(answer);
    const std::size_t head = answer.find("\r\n\r\n") + 4;
    const std::size_t whole = head + content_length(answer.substr(0, head));
    while (answer.size() < whole) receive(answer);
    sample.end = now_ns();
    sample.status = std::stoi(answer.substr(std::strlen("HTTP/1.1 ")));
    sample.text = answer.substr(head);
    return sample;
  }

 private:
  void send_all() const {
    for (std::size_t at = 0; at < request_.size();) {
      const ssize_t count = ::send(socket_, request_.data() + at, request_.size() - at, MSG_NOSIGNAL);
      if (count < 0) fail("sending a request");
      at += static_cast<std::size_t>(count);
    }
  }

  void receive(std::string& answer) const {
    std::array<char, 65536> buffer;
    const ssize_t count = ::recv(socket_, buffer.data(), buffer.size(), 0);
    if (count < 0) fail("reading an answer");
    if (count == 0) throw std::runtime_error("the server closed the connection before its answer was whole");
    answer.append(buffer.data(), static_cast<std::size_t>(count));
  }

  static std::size_t content_length(const std::string& head) {
    for (const char* name : {"Content-Length: ", "content-length: "}) {
      if (const auto at = head.find(name); at != head.npos) return std::stoul(head.substr(at + std::strlen(name)));
    }
    throw std::runtime_error("an answer without Content-Length: " + head);
  }

  int socket_;
  std::string request_;
};

}  // namespace

std::unique_ptr<Client> make_http_client(const Block& block) { return std::make_unique<HttpClient>(block); }

}  // namespace pysandbox::bench
