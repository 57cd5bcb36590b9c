#include "server/http/support.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <stdexcept>
#include <thread>

namespace pysandbox::http {

void TestApplication::on(const std::string& path, Plan::Body body, std::uint64_t max_bytes, Handler handler) {
  plans_[path] = Plan{body, max_bytes, std::move(handler)};
}

void TestApplication::refuse(const std::string& path, int status) { plans_[path] = status; }

std::variant<Plan, Response> TestApplication::plan(const Request& head) {
  {
    const std::lock_guard lock(mutex_);
    planned_.push_back(head.method + " " + head.target);
  }
  const auto found = plans_.find(head.target.substr(0, head.target.find('?')));
  if (found == plans_.end()) return text("no such route", 404);
  if (const auto* plan = std::get_if<Plan>(&found->second)) return *plan;
  return text("refused", std::get<int>(found->second));
}

Response TestApplication::refusal(int status, std::string_view code, std::string_view sentence, const std::string& id) {
  Response response = text(std::string(code) + ": " + std::string(sentence), status);
  response.headers.emplace_back("Refused", id);
  return response;
}

Response TestApplication::failure(const std::exception& error, const Request&) { return text(error.what(), 500); }

void TestApplication::answered(const Request& request, int status, std::chrono::microseconds) {
  const std::lock_guard lock(mutex_);
  answered_.push_back({request.method, request.target, status});
  changed_.notify_all();
}

std::vector<std::string> TestApplication::planned() const {
  const std::lock_guard lock(mutex_);
  return planned_;
}

std::vector<Answered> TestApplication::wait_for_answered(std::size_t count) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return answered_.size() >= count; });
  return answered_;
}

Client::Client(std::uint16_t port, int receive_bytes) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  if (receive_bytes > 0) ::setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &receive_bytes, sizeof receive_bytes);
  const timeval patience{60, 0};  // so that a server that hangs fails the test
  ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    leave();
    throw std::runtime_error("connecting failed");
  }
}

Client::~Client() { leave(); }

bool Client::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

void Client::end_sending() { ::shutdown(socket_, SHUT_WR); }

void Client::leave() {
  if (socket_ >= 0) ::close(socket_);
  socket_ = -1;
}

void Client::leave_by_reset() {
  const linger at_once{1, 0};
  ::setsockopt(socket_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  leave();
}

bool Client::fill() {
  char buffer[65536];
  const ssize_t bytes = ::recv(socket_, buffer, sizeof buffer, 0);
  if (bytes < 0 && errno == EAGAIN) throw std::runtime_error("the server says nothing");
  if (bytes <= 0) return false;
  input_.append(buffer, static_cast<std::size_t>(bytes));
  return true;
}

std::optional<std::string> Client::take_line() {
  while (input_.find("\r\n") == std::string::npos)
    if (!fill()) return std::nullopt;
  const auto length = input_.find("\r\n");
  std::string line = input_.substr(0, length);
  input_.erase(0, length + 2);
  return line;
}

Answer Client::read_answer(std::string_view method) {
  Answer answer;
  const auto status_line = take_line();
  if (!status_line) return answer;
  answer.status = std::stoi(status_line->substr(9));
  while (true) {
    const auto line = take_line();
    if (!line) return answer;
    if (line->empty()) break;
    const auto colon = line->find(": ");
    std::string name = line->substr(0, colon);
    std::transform(name.begin(), name.end(), name.begin(), [](char c) { return static_cast<char>(std::tolower(c)); });
    EXPECT_TRUE(answer.headers.emplace(name, line->substr(colon + 2)).second) << "twice: " << *line;
  }
  const auto take = [&](std::size_t bytes) {
    while (input_.size() < bytes)
      if (!fill()) break;
    const std::size_t taken = std::min(bytes, input_.size());
    answer.body += input_.substr(0, taken);
    input_.erase(0, taken);
    return taken == bytes;
  };
  if (method == "HEAD" || answer.status < 200 || answer.status == 204 || answer.status == 304) {
    answer.is_complete = true;
  } else if (answer.headers.contains("content-length")) {
    answer.is_complete = take(std::stoull(answer.headers["content-length"]));
  } else if (answer.headers.contains("transfer-encoding")) {
    while (true) {
      const auto line = take_line();
      if (!line) return answer;
      const auto size = std::stoull(*line, nullptr, 16);
      if (!take(size) || take_line() != "") return answer;
      if (size == 0) break;
    }
    answer.is_complete = true;
  } else {
    answer.body = read_to_end();
  }
  return answer;
}

std::string Client::read_until(std::string_view end) {
  while (input_.find(end) == std::string::npos)
    if (!fill()) return std::exchange(input_, "");
  const auto length = input_.find(end) + end.size();
  std::string result = input_.substr(0, length);
  input_.erase(0, length);
  return result;
}

std::string Client::read_to_end() {
  while (fill()) {
  }
  return std::exchange(input_, "");
}

std::uint16_t HttpTest::open() {
  listener = Listener::open(options, app);
  return listener->port();
}

void HttpTest::wait_for_connections(std::size_t count) const {
  while (listener->connections() != count) std::this_thread::sleep_for(std::chrono::milliseconds(1));
}

Response text(std::string body, int status) {
  Response response;
  response.status = status;
  response.headers.emplace_back("Content-Type", "text/plain");
  response.body = std::move(body);
  return response;
}

ByteSource source_of(std::string bytes, std::size_t piece) {
  return [bytes = std::move(bytes), piece, given = std::size_t{0}](std::span<std::byte> into) mutable {
    const std::size_t taken = std::min({into.size(), piece, bytes.size() - given});
    std::memcpy(into.data(), bytes.data() + given, taken);
    given += taken;
    return taken;
  };
}

std::string read_all(const ByteSource& source) {
  std::string result;
  std::vector<std::byte> buffer(65536);
  while (const std::size_t bytes = source(buffer)) result.append(reinterpret_cast<const char*>(buffer.data()), bytes);
  return result;
}

std::string get(std::string_view target) { return "GET " + std::string(target) + " HTTP/1.1\r\nHost: test\r\n\r\n"; }

std::string post(std::string_view target, std::string_view body) {
  return "POST " + std::string(target) + " HTTP/1.1\r\nHost: test\r\nContent-Length: " + std::to_string(body.size()) +
         "\r\n\r\n" + std::string(body);
}

std::string chunked(std::string_view body, std::size_t chunk) {
  std::string result;
  char size[32];
  for (; !body.empty(); body.remove_prefix(std::min(chunk, body.size()))) {
    const std::string_view piece = body.substr(0, chunk);
    std::snprintf(size, sizeof size, "%zx\r\n", piece.size());
    result.append(size).append(piece).append("\r\n");
  }
  return result + "0\r\n\r\n";
}

}  // namespace pysandbox::http
