#include "http/connection.hpp"

#include <linux/sockios.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <cstring>

namespace pysandbox::http {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

constexpr auto as_result = asio::as_tuple(asio::use_awaitable);

// nginx: lingering_timeout is 5 s.
constexpr std::chrono::seconds linger_time{5};
constexpr std::size_t linger_bytes = 64 << 20;

std::string address_of(const asio::ip::tcp::socket& socket) {
  error_code error;
  const auto endpoint = socket.remote_endpoint(error);
  return error ? std::string() : endpoint.address().to_string();
}

}  // namespace

Connection::Connection(asio::ip::tcp::socket socket, const Bounds& bounds)
    : socket_(std::move(socket)),
      waiting_(socket_.get_executor()),
      guard_(socket_.get_executor()),
      bounds_(bounds),
      client_address_(address_of(socket_)),
      input_(std::make_unique_for_overwrite<char[]>(bounds.input_bytes)) {
  error_code ignored;  // the client may be gone already
  socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
  // What the kernel still holds after our last byte is not held forever for one who does not read (tcp(7)).
  const auto patience = static_cast<int>(bounds.io_timeout.count());
  ::setsockopt(socket_.native_handle(), IPPROTO_TCP, TCP_USER_TIMEOUT, &patience, sizeof patience);
}

Pace Connection::receiving_pace() const { return {bounds_.io_timeout, bounds_.min_bytes_per_second, received_}; }

asio::mutable_buffer Connection::free_input() {
  return asio::mutable_buffer(input_.get() + end_, bounds_.input_bytes - end_);
}

void Connection::make_room() {
  if (begin_ == 0) return;
  if (begin_ < end_ && end_ < bounds_.input_bytes) return;
  std::memmove(input_.get(), input_.get() + begin_, end_ - begin_);
  end_ -= begin_;
  begin_ = 0;
}

// Deadlines are set for each read and write, and most never come: the timer is left running, and looks at the clock
// when it rings.
void Connection::guard_until(Clock::time_point until) {
  guarded_until_ = until;
  if (until >= guard_rings_at_) return;
  guard_rings_at_ = until;
  guard_.expires_at(until);
  guard_.async_wait([weak = weak_from_this()](const error_code& error) {
    if (error) return;
    if (const auto self = weak.lock()) self->look_at_clock();
  });
}

void Connection::look_at_clock() {
  guard_rings_at_ = Clock::time_point::max();
  if (Clock::now() < guarded_until_) return guard_until(guarded_until_);
  guarded_until_ = Clock::time_point::max();
  error_code ignored;
  socket_.cancel(ignored);
}

Connection::Awaitable<Connection::Came> Connection::receive(Clock::time_point until) {
  if (is_gone_) co_return Came::gone;
  make_room();
  const asio::mutable_buffer into = free_input();
  is_receiving_ = true;
  guard_until(until);
  const auto [error, bytes] = co_await socket_.async_read_some(into, as_result);
  guard_until(Clock::time_point::max());
  is_receiving_ = false;
  if (!error) {
    end_ += bytes;
    received_ += bytes;
    co_return Came::bytes;
  }
  if (error == asio::error::operation_aborted && socket_.is_open())
    co_return Clock::now() >= until ? Came::late : Came::nothing;
  is_gone_ = true;
  co_return Came::gone;
}

Connection::Awaitable<Connection::Came> Connection::receive(Pace& pace) {
  const auto before = Clock::now();
  const Came came = co_await receive(before + pace.left());
  pace.waited(Clock::now() - before);
  if (came == Came::gone || !pace.window_is_over()) co_return came;
  if (!pace.begin_next(received_)) co_return Came::late;
  co_return came == Came::late ? Came::nothing : came;
}

// By what the client's kernel has acknowledged: our own takes megabytes without any of them moving.
std::uint64_t Connection::delivered() {
  int unsent = 0;
  if (::ioctl(socket_.native_handle(), SIOCOUTQ, &unsent) < 0) unsent = 0;
  return sent_ - std::min(sent_, static_cast<std::uint64_t>(unsent));
}

Connection::Awaitable<bool> Connection::send(std::span<asio::const_buffer> buffers) {
  Pace pace(bounds_.io_timeout, bounds_.min_bytes_per_second, delivered());
  while (true) {
    while (!buffers.empty() && buffers.front().size() == 0) buffers = buffers.subspan(1);
    if (buffers.empty()) co_return true;
    if (is_gone_) co_return false;
    const auto before = Clock::now();
    guard_until(before + pace.left());
    const auto [error, bytes] = co_await socket_.async_write_some(buffers, as_result);
    guard_until(Clock::time_point::max());
    if (error && (error != asio::error::operation_aborted || !socket_.is_open())) {
      is_gone_ = true;
      co_return false;
    }
    sent_ += bytes;
    for (std::size_t left = bytes; left > 0;) {
      const std::size_t whole = std::min(left, buffers.front().size());
      buffers.front() += whole;
      left -= whole;
      if (buffers.front().size() == 0) buffers = buffers.subspan(1);
    }
    pace.waited(Clock::now() - before);
    if (pace.window_is_over() && !pace.begin_next(delivered())) {
      close();
      co_return false;
    }
  }
}

Connection::Awaitable<void> Connection::linger() {
  error_code ignored;
  socket_.shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
  const auto until = Clock::now() + linger_time;
  for (std::size_t left = linger_bytes; left > 0;) {
    begin_ = end_ = 0;
    const Came came = co_await receive(until);
    if (came != Came::bytes && came != Came::nothing) co_return;
    left -= std::min(left, end_);
  }
}

Connection::Awaitable<void> Connection::wait(Clock::time_point until) {
  waiting_.expires_at(until);
  co_await waiting_.async_wait(as_result);
}

Connection::Awaitable<void> Connection::wait() { return wait(Clock::time_point::max()); }

void Connection::notify() {
  waiting_.cancel();
  error_code ignored;
  if (is_receiving_) socket_.cancel(ignored);
}

void Connection::start_watching() {
  wants_to_watch_ = true;
  watch();
}

void Connection::watch() {
  if (is_watching_ || is_gone_) return;
  make_room();
  if (end_ == bounds_.input_bytes) return;  // a client that is that far ahead is found to be gone when we write
  is_watching_ = true;
  socket_.async_read_some(free_input(), [self = shared_from_this()](const error_code& error, std::size_t bytes) {
    self->is_watching_ = false;
    self->end_ += bytes;
    self->received_ += bytes;
    if (error && (error != asio::error::operation_aborted || !self->socket_.is_open())) self->is_gone_ = true;
    if (self->is_gone_ || !self->wants_to_watch_) return self->notify();
    self->watch();
  });
}

Connection::Awaitable<void> Connection::stop_watching() {
  wants_to_watch_ = false;
  error_code ignored;
  if (is_watching_) socket_.cancel(ignored);
  while (is_watching_) co_await wait();
}

void Connection::close() {
  is_gone_ = true;
  error_code ignored;
  socket_.close(ignored);
  guard_.cancel();
  notify();
}

void Connection::reset() {
  error_code ignored;
  socket_.set_option(asio::socket_base::linger(true, 0), ignored);
  close();
}

}  // namespace pysandbox::http
