// One client's socket: bytes in and out within their deadlines, and the one place where its session waits for anything.
// Everything here runs on the strand of its executor().
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "http/pace.hpp"

namespace pysandbox::http {

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  using Clock = std::chrono::steady_clock;
  template <class T>
  using Awaitable = boost::asio::awaitable<T>;

  struct Bounds {
    std::size_t input_bytes;
    std::chrono::milliseconds io_timeout;
    std::uint64_t min_bytes_per_second;
  };

  Connection(boost::asio::ip::tcp::socket socket, const Bounds& bounds);

  boost::asio::any_io_executor executor() { return socket_.get_executor(); }
  const std::string& client_address() const noexcept { return client_address_; }

  // What came and was not used yet.
  std::string_view unread() const noexcept { return {input_.get() + begin_, end_ - begin_}; }
  void use(std::size_t bytes) noexcept { begin_ += bytes; }

  enum class Came { bytes, nothing, late, gone };  // nothing: interrupted

  // Reads more, into unread(), which must not be full.
  Awaitable<Came> receive(Clock::time_point until);
  Awaitable<Came> receive(Pace& pace);
  Pace receiving_pace() const;

  // False if the client is gone or too slow.
  Awaitable<bool> send(std::span<boost::asio::const_buffer> buffers);  // which it changes

  // Says that nothing more is sent, and reads on for a while, so that a client that still sends sees the answer
  // instead of a reset.
  Awaitable<void> linger();

  // Until notify() or the time. It may return early: check in a loop.
  Awaitable<void> wait(Clock::time_point until);
  Awaitable<void> wait();

  // Ends wait(), and receive() if it has nothing yet.
  void notify();

  // Meanwhile, what comes is read, as far as there is room. notify() follows when the client is found to be gone.
  void start_watching();
  Awaitable<void> stop_watching();
  bool is_gone() const noexcept { return is_gone_; }

  void close();
  void reset();  // so that what was sent cannot look complete

 private:
  void watch();
  void guard_until(Clock::time_point until);
  void look_at_clock();
  void make_room();
  std::uint64_t delivered();
  boost::asio::mutable_buffer free_input();

  boost::asio::ip::tcp::socket socket_;
  boost::asio::steady_timer waiting_;
  boost::asio::steady_timer guard_;
  Clock::time_point guarded_until_ = Clock::time_point::max();
  Clock::time_point guard_rings_at_ = Clock::time_point::max();
  Bounds bounds_;
  std::string client_address_;
  std::unique_ptr<char[]> input_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::uint64_t received_ = 0;
  std::uint64_t sent_ = 0;
  bool is_receiving_ = false;
  bool wants_to_watch_ = false;
  bool is_watching_ = false;
  bool is_gone_ = false;
};

}  // namespace pysandbox::http
