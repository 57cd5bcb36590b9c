// A small Application, a listener for it, and a client that sends exactly the bytes it is told to.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/application.hpp"
#include "http/listener.hpp"

namespace pysandbox::http {

struct Answered {
  std::string method;
  std::string target;
  int status;
};

class TestApplication final : public Application {
 public:
  // What is not set answers 404.
  void on(const std::string& path, Handler handler) { on(path, Plan::Body::none, 0, std::move(handler)); }
  void on(const std::string& path, Plan::Body body, std::uint64_t max_bytes, Handler handler);
  // Answered from the head alone.
  void refuse(const std::string& path, int status);

  std::variant<Plan, Response> plan(const Request& head) override;
  Response refusal(int status, std::string_view code, std::string_view sentence,
                   const std::string& request_id) override;
  Response failure(const std::exception& error, const Request& request) override;
  void answered(const Request& request, int status, std::chrono::microseconds took) override;

  // Every request whose head was taken for one: "GET /a".
  std::vector<std::string> planned() const;
  // Waits until so many requests were answered.
  std::vector<Answered> wait_for_answered(std::size_t count);

 private:
  std::map<std::string, std::variant<Plan, int>> plans_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> planned_;
  std::vector<Answered> answered_;
};

struct Answer {
  int status = 0;                              // zero: none came
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
  bool is_complete = false;  // by its Content-Length or its last chunk
};

class Client {
 public:
  // A small `receive_bytes` makes the peer feel at once that nothing is read.
  explicit Client(std::uint16_t port, int receive_bytes = 0);
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  ~Client();

  bool send(std::string_view bytes);  // false if the peer has closed
  void end_sending();
  void leave();           // closes
  void leave_by_reset();  // closes with RST

  Answer read_answer(std::string_view method = "GET");
  // What comes until `end` was seen or the peer closes.
  std::string read_until(std::string_view end);
  // Everything until the peer closes; a reset counts as that.
  std::string read_to_end();
  // True if the peer closes without sending anything more.
  bool is_closed() { return read_to_end().empty(); }
  Answer ask(std::string_view bytes, std::string_view method = "GET") {
    send(bytes);
    return read_answer(method);
  }

 private:
  bool fill();
  std::optional<std::string> take_line();

  int socket_;
  std::string input_;
};

class HttpTest : public testing::Test {
 protected:
  // Set `options` and `app` before.
  std::uint16_t open();
  std::uint16_t port() const { return listener->port(); }

  // Waits until so many connections are left.
  void wait_for_connections(std::size_t count) const;

  ListenerOptions options;
  TestApplication app;
  std::unique_ptr<Listener> listener;
};

Response text(std::string body, int status = 200);
ByteSource source_of(std::string bytes, std::size_t piece = 1 << 20);
std::string read_all(const ByteSource& source);
std::string get(std::string_view target);                          // a request
std::string post(std::string_view target, std::string_view body);  // with Content-Length
std::string chunked(std::string_view body, std::size_t chunk);

}  // namespace pysandbox::http
