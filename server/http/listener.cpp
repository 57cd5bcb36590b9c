#include "http/listener.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

#include <pysandbox/error.hpp>

#include "http/session.hpp"

namespace pysandbox::http {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

constexpr auto as_result = asio::as_tuple(asio::use_awaitable);

// Connections beyond the caps that are told so at one time; those beyond these are closed without a word.
constexpr std::size_t max_turned_away = 64;

// Without a descriptor that is free, accept(2) fails again and again until somebody closes one.
constexpr std::chrono::milliseconds accept_pause{50};

class TcpListener final : public Listener {
 public:
  TcpListener(const ListenerOptions& options, Application& application)
      : options_(options),
        handlers_(std::max(1U, options.handler_threads)),
        streams_(std::max(1U, options.stream_threads)),
        service_{options_, application, handlers_, streams_, BodyMemory(options_.max_body_memory)},
        work_(io_.get_executor()),
        acceptor_(asio::make_strand(io_)),
        pause_(acceptor_.get_executor()) {}

  ~TcpListener() override { close(std::chrono::milliseconds(0)); }

  void listen();

  std::uint16_t port() const override { return port_; }
  std::size_t connections() const override;
  void close(std::chrono::milliseconds patience) override;

 private:
  // Why a connection is served, or not.
  enum class Welcome { served, turned_away, dropped };

  asio::awaitable<void> accept();
  void admit(tcp::socket socket);
  Welcome enter(const std::shared_ptr<Session>& session);
  void leave(const std::shared_ptr<Session>& session, Welcome welcome);

  const ListenerOptions options_;
  asio::io_context io_;
  asio::thread_pool handlers_;
  asio::thread_pool streams_;
  Service service_;
  asio::executor_work_guard<asio::io_context::executor_type> work_;
  tcp::acceptor acceptor_;
  asio::steady_timer pause_;
  std::uint16_t port_ = 0;

  std::mutex closing_mutex_;
  bool is_closed_ = false;  // all is done

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool is_closing_ = false;
  bool is_accepting_ = false;
  std::size_t turned_away_ = 0;
  std::unordered_map<Session*, std::shared_ptr<Session>> sessions_;
  std::unordered_map<std::string, std::size_t> per_address_;
  std::vector<std::jthread> threads_;
};

void TcpListener::listen() {
  error_code error;
  const auto address = asio::ip::make_address(options_.address, error);
  if (error)
    throw Error(ErrorCode::invalid_request,
                "'" + options_.address + "' is no IP address; listen on 127.0.0.1, for example");
  const tcp::endpoint endpoint(address, options_.port);
  acceptor_.open(endpoint.protocol(), error);
  if (!error) acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor_.bind(endpoint, error);
  if (!error) acceptor_.listen(tcp::acceptor::max_listen_connections, error);
  if (error)
    throw Error(ErrorCode::unavailable, "listening on " + options_.address + " port " + std::to_string(options_.port) +
                                            ": " + error.message() + "; choose another port or end who has it");
  port_ = acceptor_.local_endpoint().port();
  is_accepting_ = true;
  asio::co_spawn(acceptor_.get_executor(), accept(), [this](const std::exception_ptr&) {
    const std::lock_guard lock(mutex_);
    is_accepting_ = false;
    changed_.notify_all();
  });
  for (unsigned i = 0; i < std::max(1U, options_.io_threads); ++i) threads_.emplace_back([this] { io_.run(); });
}

asio::awaitable<void> TcpListener::accept() {
  while (true) {
    const auto strand = asio::make_strand(io_);
    auto [error, socket] = co_await acceptor_.async_accept(strand, as_result);
    if (!acceptor_.is_open()) co_return;
    if (!error) {
      admit(std::move(socket));
    } else if (error != asio::error::connection_aborted) {
      pause_.expires_after(accept_pause);
      co_await pause_.async_wait(as_result);
    }
  }
}

void TcpListener::admit(tcp::socket socket) {
  const auto session = std::make_shared<Session>(std::move(socket), service_);
  const Welcome welcome = enter(session);
  if (welcome == Welcome::dropped) return;
  asio::co_spawn(session->executor(), welcome == Welcome::served ? session->serve() : session->turn_away(),
                 [this, session, welcome](const std::exception_ptr&) { leave(session, welcome); });
}

TcpListener::Welcome TcpListener::enter(const std::shared_ptr<Session>& session) {
  const std::lock_guard lock(mutex_);
  if (is_closing_) return Welcome::dropped;
  const auto of_address = per_address_.find(session->client_address());
  const bool is_welcome =
      sessions_.size() - turned_away_ < options_.max_connections &&
      (of_address == per_address_.end() || of_address->second < options_.max_connections_per_address);
  if (!is_welcome && turned_away_ >= max_turned_away) return Welcome::dropped;
  sessions_.emplace(session.get(), session);
  if (is_welcome) {
    ++per_address_[session->client_address()];
    return Welcome::served;
  }
  ++turned_away_;
  return Welcome::turned_away;
}

void TcpListener::leave(const std::shared_ptr<Session>& session, Welcome welcome) {
  const std::lock_guard lock(mutex_);
  sessions_.erase(session.get());
  const auto of_address = per_address_.find(session->client_address());
  if (welcome == Welcome::turned_away)
    --turned_away_;
  else if (--of_address->second == 0)
    per_address_.erase(of_address);
  changed_.notify_all();
}

std::size_t TcpListener::connections() const {
  const std::lock_guard lock(mutex_);
  return sessions_.size();
}

void TcpListener::close(std::chrono::milliseconds patience) {
  const std::lock_guard only_one(closing_mutex_);
  if (std::exchange(is_closed_, true)) return;
  asio::post(acceptor_.get_executor(), [this] {
    error_code ignored;
    acceptor_.close(ignored);
    pause_.cancel();
  });
  std::unique_lock lock(mutex_);
  is_closing_ = true;
  const auto is_empty = [this] { return sessions_.empty() && !is_accepting_; };
  for (const auto& [key, session] : sessions_) session->drain();
  changed_.wait_for(lock, patience, is_empty);
  for (const auto& [key, session] : sessions_) session->abort();
  changed_.wait(lock, is_empty);
  lock.unlock();
  // No session is left, and so nothing that a handler's thread could still be asked to do.
  handlers_.join();
  streams_.join();
  io_.stop();
  threads_.clear();
}

}  // namespace

std::unique_ptr<Listener> Listener::open(const ListenerOptions& options, Application& application) {
  auto listener = std::make_unique<TcpListener>(options, application);
  listener->listen();
  return listener;
}

}  // namespace pysandbox::http
