// Listens on one address and serves an Application over HTTP/1.1, strictly (framing.hpp), with bounded everything.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "http/application.hpp"

namespace pysandbox::http {

struct ListenerOptions {
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;  // zero: any that is free

  unsigned io_threads = 1;
  unsigned handler_threads = 8;
  unsigned stream_threads = 64;  // requests with streamed bodies at one time; those beyond are answered with 503

  std::uint64_t max_body_memory = 1ULL << 30;  // of bodies that are read whole, together; those beyond are answered with 503

  std::size_t max_connections = 1024;             // those beyond are answered with 503 and closed
  std::size_t max_connections_per_address = 1024;
  std::uint32_t max_header_bytes = 16 << 10;
  std::size_t max_headers = 100;
  std::size_t max_requests_per_connection = 10'000;

  std::chrono::milliseconds header_timeout{10'000};  // from the first byte (or the connection) to the end of the head
  std::chrono::milliseconds idle_timeout{60'000};    // between requests
  std::chrono::milliseconds io_timeout{30'000};      // without any byte in a body or an answer
  std::uint64_t min_bytes_per_second = 256;          // of a body or an answer, averaged over `io_timeout`
  std::chrono::milliseconds heartbeat{15'000};       // a comment in a quiet event stream, so that proxies keep it open
};

class Listener {
 public:
  // Listens when it returns. Throws Error{unavailable} if the address cannot be had. `application` must outlive it.
  static std::unique_ptr<Listener> open(const ListenerOptions& options, Application& application);

  virtual ~Listener() = default;  // as close() without patience

  virtual std::uint16_t port() const = 0;

  // How many connections are open.
  virtual std::size_t connections() const = 0;

  // Takes no new connections, lets requests that are being served end (idle connections and event streams are closed at once,
  // and a Waiting is asked for the last time), and closes what is left after `patience`. Returns when every handler has returned. May be called more than once,
  // from any thread but those of handlers.
  virtual void close(std::chrono::milliseconds patience) = 0;
};

}  // namespace pysandbox::http
