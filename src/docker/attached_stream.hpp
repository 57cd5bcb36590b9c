// The standard streams of a container: a connection that was HTTP until the engine said yes, and carries raw bytes to
// the container's input and frames from its output since. See the Engine API, "ContainerAttach".
//
// libcurl connects (CURLOPT_CONNECT_ONLY) and moves bytes; the request and the answer's head are written and read here,
// because libcurl 7.88 cannot keep a connection after "101 Switching Protocols" to another protocol than WebSocket.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "docker/engine_client.hpp"
#include "network/curl_handle.hpp"

namespace pysandbox::docker {

class AttachedStream {
 public:
  // Attached when this returns. Throws as EngineClient does, and Error{not_found} for a container that is gone.
  AttachedStream(EngineClient& client, const std::string& container);

  // Readable: receive() has something to tell.
  int socket() const noexcept { return socket_; }

  // Sends all. Throws Error{unavailable} if the engine breaks off or takes nothing for the time of a call.
  void send(std::string_view bytes);

  // How many bytes came; zero at the end; nothing if none have come yet.
  std::optional<std::size_t> receive(std::span<char> buffer);

  // The same, but waits for as long as a call may take.
  std::size_t wait_and_receive(std::span<char> buffer);

  // False if the other side has closed it or said something that nobody asked for.
  bool is_quiet() const noexcept;

 private:
  void connect();
  void read_head(const std::string& container);
  bool wait_for(short events, std::chrono::milliseconds at_most) const;

  EngineClient& client_;
  network::CurlHandle handle_;
  int socket_ = -1;
  std::string early_{};  // came with the head
};

}  // namespace pysandbox::docker
