// One connection, from its first request to its end. Coroutines live in connection.cpp, session.cpp, answer.cpp,
// event_stream.cpp and listener.cpp only; with g++ 12.2 no capturing lambda, aggregate or braced list may be made
// inside a co_await expression, because it would be destroyed twice. All but start()'s work runs on the connection's
// strand.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/thread_pool.hpp>

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <variant>

#include "http/application.hpp"
#include "http/bell.hpp"
#include "http/body_decoder.hpp"
#include "http/body_memory.hpp"
#include "http/body_pipe.hpp"
#include "http/connection.hpp"
#include "http/framing.hpp"
#include "http/listener.hpp"
#include "http/piece_reader.hpp"
#include "http/response_head.hpp"

namespace pysandbox::http {

// What the sessions of one listener share.
struct Service {
  const ListenerOptions& options;
  Application& application;
  boost::asio::thread_pool& handlers;
  boost::asio::thread_pool& streams;
  BodyMemory body_memory;
  std::atomic<unsigned> busy_streams{0};
};

class Session : public std::enable_shared_from_this<Session> {
 public:
  Session(boost::asio::ip::tcp::socket socket, Service& service);

  boost::asio::any_io_executor executor() { return connection_->executor(); }
  const std::string& client_address() const noexcept { return connection_->client_address(); }

  // Serves requests until the connection ends.
  boost::asio::awaitable<void> serve();

  // Answers 503, whatever is asked.
  boost::asio::awaitable<void> turn_away();

  // From any thread. drain(): the request that is being served is the last one, and nothing else is waited for.
  void drain();
  void abort();

 private:
  template <class T>
  using Awaitable = boost::asio::awaitable<T>;
  using Clock = std::chrono::steady_clock;

  // One request and its answer. Whoever works for it on another thread shares it.
  struct Exchange {
    Request request{};
    Framing framing{};
    std::optional<BodyDecoder> decoder{};
    std::optional<BodyMemory::Share> body_memory{};
    int version = 11;
    bool keep_alive = false;
    Clock::time_point started{};
    std::optional<Response> response{};
    ResponseFraming::Body body = ResponseFraming::Body::none;  // of the answer
    std::optional<PieceReader> pieces{};
    std::span<const std::byte> piece{};
    std::shared_ptr<Bell> bell{};
    std::shared_ptr<void> subscription{};
    EventBody::Piece events{};
    bool is_broken = false;  // the answer cannot be sent to its end

    // Its last byte was used: what follows is another request.
    bool was_read() const noexcept { return decoder && decoder->is_done(); }
  };
  using SharedExchange = std::shared_ptr<Exchange>;

  enum class Client { is_there, is_gone };
  using Reading = std::variant<Client, Refusal>;

  // session.cpp: one request. It is read, and a handler makes exchange->response; none if the client is gone.
  Awaitable<bool> serve_one();
  Awaitable<Reading> read_head(const SharedExchange& exchange);
  std::optional<Refusal> take_head(Exchange& exchange, std::size_t bytes);
  Awaitable<void> respond(const SharedExchange& exchange);
  Awaitable<void> respond_to_whole(const SharedExchange& exchange, const Plan& plan);
  static void drop_body(Exchange& exchange);
  Awaitable<void> respond_to_stream(const SharedExchange& exchange, const Plan& plan);
  Awaitable<Reading> read_body(const SharedExchange& exchange, std::uint64_t max_bytes, BodyPipe* pipe);
  Awaitable<void> send_continue(const SharedExchange& exchange);
  Awaitable<void> wait_for_answer(const SharedExchange& exchange);

  // answer.cpp and event_stream.cpp: the answer is sent. False if the connection is of no use any more.
  Awaitable<bool> answer(const SharedExchange& exchange);
  void end_subscription(Exchange& exchange) const;
  Awaitable<void> begin_body(const SharedExchange& exchange);
  Awaitable<bool> send_text(const SharedExchange& exchange, const std::string& head);
  Awaitable<bool> send_stream(const SharedExchange& exchange, const std::string& head);
  Awaitable<bool> send_events(const SharedExchange& exchange, const std::string& head);
  Awaitable<bool> send_piece(std::string_view before, std::span<const std::byte> piece, bool is_chunked);
  void read_piece(const SharedExchange& exchange);
  Awaitable<void> wait_for_events(const SharedExchange& exchange);
  void read_events(const SharedExchange& exchange);
  std::string head_of(Exchange& exchange) const;

  // Runs `work` on a thread of the pool. is_working_ is true until it is done; then the connection is notified.
  void start(boost::asio::thread_pool& pool, std::function<void()> work);
  Awaitable<void> finish_work();

  // Calls what may throw. An exception becomes exchange->response, and the result is false.
  bool guarded(Exchange& exchange, const std::function<void()>& call) const;
  Response failure(const std::exception& error, const Request& request) const noexcept;
  void refuse(Exchange& exchange, const Refusal& refusal) const;

  // Notifies the connection from any thread, for as long as this session is there.
  std::function<void()> notifier();

  Service& service_;
  const std::shared_ptr<Connection> connection_;
  std::size_t requests_ = 0;
  bool is_working_ = false;
  bool is_interruptible_ = false;  // idle, or sending events
  bool is_draining_ = false;
};

}  // namespace pysandbox::http
