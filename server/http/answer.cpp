// How a Session sends what a handler answered.
#include <array>
#include <charconv>

#include <pysandbox/error.hpp>

#include "http/session.hpp"

namespace pysandbox::http {
namespace {

namespace asio = boost::asio;
using Body = ResponseFraming::Body;

// How much there is must be known before, or the answer must tell it as it comes, which HTTP/1.0 cannot.
Body framing_of(const Response& response, int version) {
  if (!may_have_body(response.status)) return Body::none;
  if (std::holds_alternative<std::string>(response.body)) return Body::sized;
  if (const auto* stream = std::get_if<StreamBody>(&response.body); stream && stream->size) return Body::sized;
  return version == 11 ? Body::chunked : Body::until_close;
}

std::uint64_t size_of(const Response& response) {
  if (const auto* text = std::get_if<std::string>(&response.body)) return text->size();
  if (const auto* stream = std::get_if<StreamBody>(&response.body)) return stream->size.value_or(0);
  return 0;
}

std::string chunk_head(std::size_t bytes) {
  std::array<char, 16> digits{};
  char* const end = std::to_chars(digits.data(), digits.data() + digits.size(), bytes, 16).ptr;
  return std::string(digits.data(), end) + "\r\n";
}

asio::const_buffer buffer_of(std::string_view text) { return {text.data(), text.size()}; }

}  // namespace

std::string Session::head_of(Exchange& exchange) const {
  if (std::holds_alternative<std::shared_ptr<Waiting>>(exchange.response->body))
    throw Error(ErrorCode::internal, "an answer that is not there yet cannot be sent");
  exchange.body = framing_of(*exchange.response, exchange.version);
  exchange.keep_alive = exchange.keep_alive && exchange.body != Body::until_close && exchange.was_read() &&
                        !is_draining_ && requests_ < service_.options.max_requests_per_connection;
  using Then = ResponseFraming::Then;
  ResponseFraming framing{exchange.body, size_of(*exchange.response), Then::close};
  if (exchange.keep_alive) framing.then = exchange.version == 11 ? Then::keep_alive : Then::keep_alive_said;
  return response_head(*exchange.response, framing, exchange.request.id);
}

Session::Awaitable<bool> Session::answer(const SharedExchange& exchange) {
  const auto sends_body = [&] {
    return exchange->request.method != "HEAD" && may_have_body(exchange->response->status);
  };
  if (sends_body()) co_await begin_body(exchange);
  std::string head;
  if (!guarded(*exchange, [&] { head = head_of(*exchange); })) head = head_of(*exchange);  // of how the failure looks
  const std::span<const std::byte> nothing;
  if (!sends_body()) co_return co_await send_piece(head, nothing, false);
  if (std::holds_alternative<StreamBody>(exchange->response->body)) co_return co_await send_stream(exchange, head);
  if (std::holds_alternative<EventBody>(exchange->response->body)) co_return co_await send_events(exchange, head);
  co_return co_await send_text(exchange, head);
}

// Before the head, so that what fails at once can still be told.
Session::Awaitable<void> Session::begin_body(const SharedExchange& exchange) {
  if (const auto* stream = std::get_if<StreamBody>(&exchange->response->body)) {
    exchange->pieces.emplace(*stream);
    if (exchange->pieces->is_complete()) co_return;
    read_piece(exchange);
  } else if (std::holds_alternative<EventBody>(exchange->response->body)) {
    exchange->bell = std::make_shared<Bell>(notifier());
    read_events(exchange);
  }
  co_await finish_work();
  if (exchange->is_broken) end_subscription(*exchange);
}

void Session::read_piece(const SharedExchange& exchange) {
  start(service_.handlers, [this, exchange] {
    exchange->is_broken = !guarded(*exchange, [&] { exchange->piece = exchange->pieces->next(); });
  });
}

Session::Awaitable<bool> Session::send_text(const SharedExchange& exchange, const std::string& head) {
  const std::string& text = std::get<std::string>(exchange->response->body);
  const auto bytes = std::as_bytes(std::span(text));
  co_return co_await send_piece(head, bytes, false);
}

// While one piece is sent, the next is read.
Session::Awaitable<bool> Session::send_stream(const SharedExchange& exchange, const std::string& head) {
  const bool is_chunked = exchange->body == Body::chunked;
  std::string before = head;
  while (true) {
    const auto piece = exchange->piece;
    const bool is_last = piece.empty() || exchange->pieces->is_complete();
    if (!is_last) read_piece(exchange);
    const bool is_sent = co_await send_piece(before, piece, is_chunked);
    co_await finish_work();
    if (!is_sent || exchange->is_broken) co_return false;
    if (is_last) co_return true;
    before.clear();
  }
}

// In chunks, an empty piece is the last.
Session::Awaitable<bool> Session::send_piece(std::string_view before, std::span<const std::byte> piece,
                                             bool is_chunked) {
  std::string head(before);
  if (is_chunked) head += chunk_head(piece.size());
  std::array buffers{buffer_of(head), asio::const_buffer(piece.data(), piece.size()),
                     buffer_of(is_chunked ? "\r\n" : "")};
  const std::span all(buffers);
  co_return co_await connection_->send(all);
}

}  // namespace pysandbox::http
