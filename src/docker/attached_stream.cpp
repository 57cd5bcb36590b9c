#include "docker/attached_stream.hpp"

#include <poll.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include <pysandbox/error.hpp>

namespace pysandbox::docker {
namespace {

constexpr std::size_t longest_head = 16 << 10;

[[noreturn]] void throw_broken(const EngineClient& client, const char* what) {
  throw Error(ErrorCode::unavailable, "the Docker engine at " + client.address().text + " " + what +
                                          " while it was attached to a container; if it is being restarted, try again");
}

long status_of(std::string_view head) {
  // "HTTP/1.1 101 UPGRADED"
  if (!head.starts_with("HTTP/1.") || head.size() < 12) return 0;
  long status = 0;
  for (const char digit : head.substr(9, 3)) {
    if (digit < '0' || digit > '9') return 0;
    status = status * 10 + (digit - '0');
  }
  return status;
}

}  // namespace

AttachedStream::AttachedStream(EngineClient& client, const std::string& container) : client_(client) {
  const std::string path = client.version_path() + "/containers/" + container + "/attach";
  connect();
  const auto& address = client.address();
  send("POST " + path + "?stream=1&stdin=1&stdout=1&stderr=1 HTTP/1.1\r\nHost: " + address.base.substr(7) +
       "\r\nConnection: Upgrade\r\nUpgrade: tcp\r\nContent-Length: 0\r\n\r\n");
  read_head(container);
}

void AttachedStream::connect() {
  client_.prepare(handle_);
  handle_.set(CURLOPT_URL, client_.address().base.c_str());
  handle_.set(CURLOPT_CONNECT_ONLY, 1L);
  if (const CURLcode code = ::curl_easy_perform(handle_.get()); code != CURLE_OK) {
    client_.throw_failed(handle_.get(), code, "attaching to a container");
  }
  curl_socket_t socket = CURL_SOCKET_BAD;
  ::curl_easy_getinfo(handle_.get(), CURLINFO_ACTIVESOCKET, &socket);
  if (socket == CURL_SOCKET_BAD) throw_broken(client_, "closed the connection");
  socket_ = socket;
}

void AttachedStream::read_head(const std::string& container) {
  std::string head;
  std::array<char, 4096> buffer;
  std::size_t end;
  while ((end = head.find("\r\n\r\n")) == std::string::npos) {
    const std::size_t count = wait_and_receive(buffer);
    if (count == 0 || head.size() + count > longest_head) throw_broken(client_, "gave no whole answer");
    head.append(buffer.data(), count);
  }
  early_ = head.substr(end + 4);
  const long status = status_of(head);
  if (status == 101 || status == 200) return;
  const Answer answer{status, early_};
  throw Error(status == 404 ? ErrorCode::not_found : ErrorCode::unavailable,
              "the Docker engine does not attach to the container " + container + ": " + answer.message());
}

bool AttachedStream::wait_for(short events, std::chrono::milliseconds at_most) const {
  pollfd entry{socket_, events, 0};
  int ready;
  do ready = ::poll(&entry, 1, static_cast<int>(at_most.count()));
  while (ready < 0 && errno == EINTR);
  return ready > 0;
}

bool AttachedStream::is_quiet() const noexcept {
  pollfd entry{socket_, POLLIN, 0};
  return early_.empty() && ::poll(&entry, 1, 0) == 0;
}

void AttachedStream::send(std::string_view bytes) {
  while (!bytes.empty()) {
    std::size_t count = 0;
    const CURLcode code = ::curl_easy_send(handle_.get(), bytes.data(), bytes.size(), &count);
    if (code == CURLE_OK) {
      bytes.remove_prefix(count);
    } else if (code != CURLE_AGAIN) {
      throw_broken(client_, "closed the connection");
    } else if (!wait_for(POLLOUT, client_.call_timeout())) {
      throw_broken(client_, "took nothing for too long");
    }
  }
}

std::optional<std::size_t> AttachedStream::receive(std::span<char> buffer) {
  if (!early_.empty()) {
    const std::size_t count = std::min(early_.size(), buffer.size());
    std::copy_n(early_.begin(), count, buffer.begin());
    early_.erase(0, count);
    return count;
  }
  std::size_t count = 0;
  const CURLcode code = ::curl_easy_recv(handle_.get(), buffer.data(), buffer.size(), &count);
  if (code == CURLE_AGAIN) return std::nullopt;
  // A connection that was reset ends like one that was closed: whether all came that should is told by what came.
  return code == CURLE_OK ? count : 0;
}

std::size_t AttachedStream::wait_and_receive(std::span<char> buffer) {
  for (;;) {
    if (const auto count = receive(buffer)) return *count;
    if (!wait_for(POLLIN, client_.call_timeout())) throw_broken(client_, "said nothing for too long");
  }
}

}  // namespace pysandbox::docker
