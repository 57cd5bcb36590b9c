// How a Session sends server-sent events: what is new after each wake, and now and then that it is still there.
#include <algorithm>
#include <utility>

#include "http/session.hpp"

namespace pysandbox::http {
namespace {

constexpr std::string_view heartbeat = ":\n\n";  // a comment: clients skip it

}  // namespace

void Session::read_events(const SharedExchange& exchange) {
  exchange->bell->reset();
  start(service_.handlers, [this, exchange] {
    exchange->is_broken = !guarded(*exchange, [&] {
      auto& body = std::get<EventBody>(exchange->response->body);
      if (const auto subscribe = std::exchange(body.subscribe, nullptr))
        exchange->subscription = subscribe(wake_of(exchange->bell));
      exchange->events = body.next();
    });
  });
}

// The client may leave at any time, and a server that closes waits for no stream: both are seen at once, and the
// stream ends without its last chunk.
Session::Awaitable<bool> Session::send_events(const SharedExchange& exchange, const std::string& head) {
  const bool is_chunked = exchange->body == ResponseFraming::Body::chunked;
  const std::span<const std::byte> nothing;
  connection_->start_watching();
  is_interruptible_ = true;
  std::string before = head;
  bool is_sent = false;
  while (true) {
    const EventBody::Piece events = std::exchange(exchange->events, EventBody::Piece());
    const auto bytes = std::as_bytes(std::span(events.bytes));
    is_sent = co_await send_piece(before, bytes, is_chunked && !bytes.empty());
    before.clear();
    if (is_sent && events.end && is_chunked) is_sent = co_await send_piece(before, nothing, is_chunked);
    if (!is_sent || events.end || is_draining_) break;
    if (!events.more) co_await wait_for_events(exchange);
    if (connection_->is_gone()) break;
    read_events(exchange);
    co_await finish_work();
    if (exchange->is_broken) break;
  }
  is_interruptible_ = false;
  end_subscription(*exchange);
  co_await connection_->stop_watching();
  if (is_draining_) exchange->keep_alive = false;
  co_return is_sent && !connection_->is_gone() && !exchange->is_broken;
}

Session::Awaitable<void> Session::wait_for_events(const SharedExchange& exchange) {
  const bool is_chunked = exchange->body == ResponseFraming::Body::chunked;
  const auto beat = std::as_bytes(std::span(heartbeat));
  auto next_beat = Clock::now() + service_.options.heartbeat;
  while (!exchange->bell->is_rung() && !connection_->is_gone()) {
    if (Clock::now() >= next_beat) {
      co_await send_piece("", beat, is_chunked);
      next_beat = Clock::now() + service_.options.heartbeat;
      continue;
    }
    co_await connection_->wait(next_beat);
  }
}

}  // namespace pysandbox::http
