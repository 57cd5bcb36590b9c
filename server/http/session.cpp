#include "http/session.hpp"

#include <sys/random.h>

#include <boost/asio/dispatch.hpp>
#include <boost/asio/post.hpp>

#include <algorithm>
#include <exception>
#include <system_error>
#include <utility>

#include <pysandbox/error.hpp>

#include "http/head_parser.hpp"
#include "http/head_scan.hpp"
#include "http/target.hpp"

namespace pysandbox::http {
namespace {

namespace asio = boost::asio;

constexpr std::size_t pipe_bytes = 512 << 10;
// A read of the socket takes at most this; it must fit into half of a pipe.
constexpr std::size_t input_bytes = 64 << 10;

constexpr int client_left = 499;  // as nginx logs it

std::string make_request_id() {
  constexpr std::string_view digits = "0123456789abcdef";
  unsigned char bytes[16];
  if (::getrandom(bytes, sizeof bytes, 0) != sizeof bytes)
    throw std::system_error(errno, std::generic_category(), "getrandom");
  std::string id;
  for (const unsigned char byte : bytes) id.append({digits[byte >> 4], digits[byte & 15]});
  return id;
}

// However the session goes on, a handler that waits for its body must not wait forever.
class PipeEnd {
 public:
  explicit PipeEnd(std::shared_ptr<BodyPipe> pipe) : pipe_(std::move(pipe)) {}
  PipeEnd(const PipeEnd&) = delete;
  PipeEnd& operator=(const PipeEnd&) = delete;
  ~PipeEnd() {
    pipe_->unplug();
    pipe_->fail(Error(ErrorCode::internal, "the body is of no use any more: its request was answered"));
  }

 private:
  std::shared_ptr<BodyPipe> pipe_;
};

Refusal too_large(std::uint64_t max_bytes) {
  return {413, "body_too_large", "The body is larger than " + std::to_string(max_bytes) + " bytes; send less."};
}

Error failure_of(const Refusal& refusal) {
  return {refusal.status == 413 ? ErrorCode::too_large : ErrorCode::invalid_request, refusal.sentence};
}

}  // namespace

Session::Session(asio::ip::tcp::socket socket, Service& service)
    : service_(service),
      connection_(std::make_shared<Connection>(
          std::move(socket),
          Connection::Bounds{std::max<std::size_t>(input_bytes, service.options.max_header_bytes + std::size_t{1}),
                             service.options.io_timeout, service.options.min_bytes_per_second})) {}

asio::awaitable<void> Session::serve() {
  bool goes_on = true;
  while (goes_on) goes_on = co_await serve_one();
  connection_->close();
}

asio::awaitable<void> Session::turn_away() {
  const auto exchange = std::make_shared<Exchange>();
  exchange->request.id = make_request_id();
  const Refusal refusal{503, "too_many_connections", "Too many connections are open; try again later."};
  refuse(*exchange, refusal);
  const bool is_sent = co_await answer(exchange);
  if (is_sent) co_await connection_->linger();
  connection_->close();
}

void Session::drain() {
  asio::post(executor(), [self = shared_from_this()] {
    self->is_draining_ = true;
    self->is_interruptible_ ? self->connection_->close() : self->connection_->notify();
  });
}

void Session::abort() {
  asio::post(executor(), [self = shared_from_this()] { self->connection_->close(); });
}

Session::Awaitable<bool> Session::serve_one() {
  const auto exchange = std::make_shared<Exchange>();
  exchange->request.id = make_request_id();
  exchange->request.client_address = client_address();
  const Reading head = co_await read_head(exchange);
  ++requests_;
  if (const auto* refusal = std::get_if<Refusal>(&head))
    refuse(*exchange, *refusal);
  else if (std::get<Client>(head) == Client::is_gone)
    co_return false;
  else
    co_await respond(exchange);

  bool is_sent = false;
  int status = client_left;
  if (exchange->response) {
    is_sent = co_await answer(exchange);
    if (!is_sent) connection_->reset();
    status = exchange->response->status;
  }
  const auto took = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - exchange->started);
  service_.application.answered(exchange->request, status, took);
  if (is_sent && exchange->keep_alive) co_return true;
  if (is_sent && (!exchange->was_read() || !connection_->unread().empty())) co_await connection_->linger();
  co_return false;
}

Session::Awaitable<Session::Reading> Session::read_head(const SharedExchange& exchange) {
  HeadScan scan(service_.options.max_header_bytes, service_.options.max_headers);
  exchange->started = Clock::now();
  auto until = exchange->started + (requests_ == 0 ? service_.options.header_timeout : service_.options.idle_timeout);
  bool has_begun = false;
  while (true) {
    const std::string_view bytes = connection_->unread();
    if (!bytes.empty() && !has_begun) {
      has_begun = true;
      exchange->started = Clock::now();
      if (requests_ > 0) until = exchange->started + service_.options.header_timeout;
    }
    const auto found = scan.look(bytes);
    if (const auto* refusal = std::get_if<Refusal>(&found)) co_return *refusal;
    if (const auto length = std::get<0>(found)) {
      auto refusal = take_head(*exchange, *length);
      if (refusal) co_return *std::move(refusal);
      co_return Client::is_there;
    }
    if (is_draining_ && !has_begun) co_return Client::is_gone;
    is_interruptible_ = !has_begun;
    const auto came = co_await connection_->receive(until);
    is_interruptible_ = false;
    if (came == Connection::Came::gone || (came == Connection::Came::late && !has_begun)) co_return Client::is_gone;
    if (came == Connection::Came::late)
      co_return Refusal{408, "slow_head", "The head of the request took too long; send it at once."};
  }
}

std::optional<Refusal> Session::take_head(Exchange& exchange, std::size_t bytes) {
  auto parsed = parse_head(connection_->unread().substr(0, bytes));
  connection_->use(bytes);
  if (auto* refusal = std::get_if<Refusal>(&parsed)) return std::move(*refusal);
  auto& head = std::get<pysandbox::http::Head>(parsed);
  exchange.version = head.version;
  exchange.request.method = head.method;
  exchange.request.target = head.target;
  auto checked = check_head(head);
  if (auto* refusal = std::get_if<Refusal>(&checked)) return std::move(*refusal);
  exchange.framing = std::move(std::get<Framing>(checked));
  exchange.decoder.emplace(exchange.framing);
  exchange.keep_alive = exchange.framing.keep_alive;
  auto target = parse_target(head.target);
  if (!target)
    return Refusal{400, "bad_target", "The path or the query is not well formed; encode it as RFC 3986 says."};
  exchange.request.segments = std::move(target->segments);
  exchange.request.query = std::move(target->query);
  exchange.request.headers = std::move(head.headers);
  exchange.request.host = exchange.framing.host;
  return std::nullopt;
}

Session::Awaitable<void> Session::respond(const SharedExchange& exchange) {
  std::optional<Plan> plan;
  guarded(*exchange, [&] {
    auto planned = service_.application.plan(exchange->request);
    if (auto* response = std::get_if<Response>(&planned))
      exchange->response = std::move(*response);
    else
      plan = std::move(std::get<Plan>(planned));
  });
  if (plan) {
    const Framing& framing = exchange->framing;
    if (plan->body == Plan::Body::none && framing.has_body())
      refuse(*exchange, {400, "unexpected_body", "This request must have no body."});
    else if (framing.size > plan->max_bytes && framing.has_body())
      refuse(*exchange, too_large(plan->max_bytes));
    else if (plan->body == Plan::Body::stream)
      co_await respond_to_stream(exchange, *plan);
    else
      co_await respond_to_whole(exchange, *plan);
  }
  while (exchange->response && std::holds_alternative<std::shared_ptr<Waiting>>(exchange->response->body))
    co_await wait_for_answer(exchange);
}

Session::Awaitable<void> Session::respond_to_whole(const SharedExchange& exchange, const Plan& plan) {
  co_await send_continue(exchange);
  exchange->body_memory.emplace(service_.body_memory);
  exchange->request.body.reserve(std::min<std::uint64_t>(exchange->framing.size, 1 << 20));  // more when it has come
  const Reading reading = co_await read_body(exchange, plan.max_bytes, nullptr);
  if (const auto* refusal = std::get_if<Refusal>(&reading)) {
    drop_body(*exchange);
    co_return refuse(*exchange, *refusal);
  }
  if (std::get<Client>(reading) == Client::is_gone) co_return;
  start(service_.handlers, [this, exchange, handler = plan.handler] {
    guarded(*exchange, [&] { exchange->response = handler(exchange->request); });
    drop_body(*exchange);  // the answer may take long
  });
  co_await finish_work();
}

void Session::drop_body(Exchange& exchange) {
  std::string().swap(exchange.request.body);
  exchange.body_memory.reset();
}

Session::Awaitable<void> Session::respond_to_stream(const SharedExchange& exchange, const Plan& plan) {
  if (service_.busy_streams.fetch_add(1) >= service_.options.stream_threads) {
    service_.busy_streams.fetch_sub(1);
    const Refusal refusal{503, "too_many_uploads", "Too many bodies are being received; try again later."};
    co_return refuse(*exchange, refusal);
  }
  const auto pipe = std::make_shared<BodyPipe>(pipe_bytes, notifier());
  const PipeEnd pipe_end(pipe);
  exchange->request.body_stream = [pipe](std::span<std::byte> into) { return pipe->read(into); };
  start(service_.streams, [this, exchange, handler = plan.handler] {
    guarded(*exchange, [&] { exchange->response = handler(exchange->request); });
    service_.busy_streams.fetch_sub(1);
  });
  co_await send_continue(exchange);
  const Reading reading = co_await read_body(exchange, plan.max_bytes, pipe.get());
  const auto* refusal = std::get_if<Refusal>(&reading);
  const bool is_gone = !refusal && std::get<Client>(reading) == Client::is_gone;
  if (refusal)
    pipe->fail(failure_of(*refusal));
  else if (is_gone)
    pipe->fail(Error(ErrorCode::invalid_request, "the client closed the connection in the middle of its body"));
  else
    pipe->finish();
  co_await finish_work();
  if (refusal) refuse(*exchange, *refusal);
  if (is_gone) exchange->response.reset();
}

// Until the body ends or, if it goes into a pipe, the handler has answered without the rest of it.
Session::Awaitable<Session::Reading> Session::read_body(const SharedExchange& exchange, std::uint64_t max_bytes,
                                                        BodyPipe* pipe) {
  Pace pace = connection_->receiving_pace();
  std::uint64_t total = 0;
  while (!exchange->was_read() && (!pipe || is_working_)) {
    const std::string_view bytes = connection_->unread().substr(0, input_bytes);
    if (pipe && !pipe->has_room(bytes.size())) {
      co_await connection_->wait();
      continue;
    }
    if (!bytes.empty()) {
      BodyDecoder::Step step = exchange->decoder->step(bytes);
      if (step.refusal) co_return *std::move(step.refusal);
      if (step.payload.size() > max_bytes - total) co_return too_large(max_bytes);
      total += step.payload.size();
      if (pipe)
        pipe->push(step.payload);
      else if (exchange->body_memory->grow(step.payload.size()))
        exchange->request.body += step.payload;
      else
        co_return Refusal{503, "too_many_bodies", "Too many large bodies are being received; try again later."};
      connection_->use(step.used);
      continue;
    }
    const auto came = co_await connection_->receive(pace);
    if (came == Connection::Came::gone) co_return Client::is_gone;
    if (came == Connection::Came::late)
      co_return Refusal{408, "slow_body", "The body came too slowly; send it faster or over a better line."};
  }
  co_return Client::is_there;
}

// Not if the body is on its way already (RFC 9110, 10.1.1).
Session::Awaitable<void> Session::send_continue(const SharedExchange& exchange) {
  if (!exchange->framing.expects_continue || !connection_->unread().empty()) co_return;
  const std::string text = "HTTP/1.1 100 Continue\r\n\r\n";
  asio::const_buffer buffer(text.data(), text.size());
  const std::span buffers(&buffer, 1);
  co_await connection_->send(buffers);
}

Session::Awaitable<void> Session::wait_for_answer(const SharedExchange& exchange) {
  const auto waiting = std::get<std::shared_ptr<Waiting>>(exchange->response->body);
  exchange->response.reset();
  exchange->bell = std::make_shared<Bell>(notifier());
  connection_->start_watching();
  for (bool is_last = false;; exchange->bell->reset()) {
    const auto turn = is_last ? Waiting::Turn::last : Waiting::Turn::early;
    start(service_.handlers, [this, exchange, waiting, turn] {
      guarded(*exchange, [&] {
        if (const auto subscribe = std::exchange(waiting->subscribe, nullptr))
          exchange->subscription = subscribe(wake_of(exchange->bell));
        exchange->response = waiting->look(turn);
        if (!exchange->response && turn == Waiting::Turn::last)
          throw Error(ErrorCode::internal, "a handler had no answer at its deadline");
      });
    });
    co_await finish_work();
    if (exchange->response) break;
    const auto is_over = [&] { return is_draining_ || Clock::now() >= waiting->deadline; };
    while (!exchange->bell->is_rung() && !connection_->is_gone() && !is_over())
      co_await connection_->wait(waiting->deadline);
    if (connection_->is_gone()) break;
    is_last = is_over();
  }
  end_subscription(*exchange);
  co_await connection_->stop_watching();
}

void Session::end_subscription(Exchange& exchange) const {
  if (exchange.bell) exchange.bell->unplug();
  exchange.subscription.reset();
}

void Session::start(asio::thread_pool& pool, std::function<void()> work) {
  is_working_ = true;
  asio::post(pool, [self = shared_from_this(), work = std::move(work)]() mutable {
    work();
    work = nullptr;  // what it holds ends before anybody goes on
    asio::post(self->executor(), [self] {
      self->is_working_ = false;
      self->connection_->notify();
    });
  });
}

Session::Awaitable<void> Session::finish_work() {
  while (is_working_) co_await connection_->wait();
}

bool Session::guarded(Exchange& exchange, const std::function<void()>& call) const {
  try {
    call();
    return true;
  } catch (const std::exception& error) {
    exchange.response = failure(error, exchange.request);
  } catch (...) {
    exchange.response = failure(Error(ErrorCode::internal, "a handler threw what is no exception"), exchange.request);
  }
  return false;
}

// Whatever happens here, there is an answer: this is also called where nobody else catches.
Response Session::failure(const std::exception& error, const Request& request) const noexcept {
  Response response;
  try {
    response = service_.application.failure(error, request);
    if (!std::holds_alternative<std::string>(response.body)) response.body = std::string();
  } catch (...) {
    response = Response();
    response.status = 500;
  }
  return response;
}

void Session::refuse(Exchange& exchange, const Refusal& refusal) const {
  exchange.keep_alive = false;
  exchange.response = service_.application.refusal(refusal.status, refusal.code, refusal.sentence, exchange.request.id);
  if (!std::holds_alternative<std::string>(exchange.response->body)) exchange.response->body = std::string();
}

std::function<void()> Session::notifier() {
  return [weak = weak_from_this()] {
    if (const auto self = weak.lock()) asio::post(self->executor(), [self] { self->connection_->notify(); });
  };
}

}  // namespace pysandbox::http
