// How a listener ends.
#include <semaphore>
#include <thread>

#include "server/http/support.hpp"

namespace pysandbox::http {
namespace {

using std::chrono::milliseconds;
constexpr milliseconds long_time{600'000};

class Closing : public HttpTest {
 protected:
  Closing() {
    app.on("/", [](Request&) { return text("x"); });
    app.on("/slow", [this](Request&) {
      entered.release();
      may_end.acquire();
      return text("slow");
    });
    app.on("/stream", Plan::Body::stream, 1000, [this](Request& request) {
      entered.release();
      return text(read_all(request.body_stream));
    });
    app.on("/events", [](Request&) {
      Response response;
      response.body = EventBody{nullptr, [] { return EventBody::Piece(); }};
      return response;
    });
  }

  ~Closing() override { listener.reset(); }

  bool is_refused() {
    try {
      Client client(port_before);
      client.send(get("/"));
      return client.read_answer().status == 0;
    } catch (const std::runtime_error&) {
      return true;
    }
  }

  std::uint16_t port_before = 0;
  std::counting_semaphore<100> entered{0}, may_end{0};
};

TEST_F(Closing, ClosesIdleConnectionsAndStreamsAtOnce) {
  open();
  Client idle(port()), fresh(port()), events(port());
  EXPECT_EQ(idle.ask(get("/")).body, "x");
  events.send(get("/events"));
  events.read_until("\r\n\r\n");
  wait_for_connections(3);
  listener->close(long_time);
  EXPECT_TRUE(idle.is_closed());
  EXPECT_TRUE(fresh.is_closed());
  EXPECT_TRUE(events.is_closed()) << "without a last chunk";
  EXPECT_EQ(listener->connections(), 0u);
}

TEST_F(Closing, LetsWhatIsServedEnd) {
  port_before = open();
  Client slow(port_before), upload(port_before);
  slow.send(get("/slow") + get("/"));
  upload.send("POST /stream HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\na");
  entered.acquire();
  entered.acquire();
  std::jthread closer([&] { listener->close(long_time); });
  while (!is_refused()) std::this_thread::sleep_for(milliseconds(1));
  may_end.release();
  Answer answer = slow.read_answer();
  EXPECT_EQ(answer.body, "slow");
  EXPECT_EQ(answer.headers["connection"], "close");
  slow.end_sending();
  EXPECT_TRUE(slow.is_closed()) << "the second request is not served any more";
  EXPECT_EQ(upload.ask("bc").body, "abc");
}

TEST_F(Closing, EndsWhatIsLeftAfterItsPatience) {
  port_before = open();
  Client upload(port_before), head(port_before), unread(port_before, 4096);
  app.on("/endless", [this](Request&) {
    entered.release();
    Response response;
    response.body = StreamBody{[](std::span<std::byte> into) { return into.size(); }, std::nullopt};
    return response;
  });
  upload.send("POST /stream HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\na");
  head.send("GET / HTTP");
  unread.send(get("/endless"));
  entered.acquire();
  entered.acquire();
  listener->close(milliseconds(30));
  EXPECT_EQ(listener->connections(), 0u);
  EXPECT_EQ(app.wait_for_answered(2).size(), 2u);
  EXPECT_TRUE(upload.is_closed());
}

TEST_F(Closing, EndsStreamsThatBeginWhileItCloses) {
  port_before = open();
  app.on("/late", [this](Request&) {
    entered.release();
    may_end.acquire();
    Response response;
    response.body = EventBody{nullptr, [] { return EventBody::Piece(); }};
    return response;
  });
  Client client(port_before);
  client.send(get("/late"));
  entered.acquire();
  std::jthread closer([&] { listener->close(long_time); });
  while (!is_refused()) std::this_thread::sleep_for(milliseconds(1));
  may_end.release();
  EXPECT_FALSE(client.read_answer().is_complete);
}

TEST_F(Closing, MayBeAskedForTwiceAndByTwo) {
  open();
  std::jthread first([&] { listener->close(long_time); });
  std::jthread second([&] { listener->close(milliseconds(0)); });
  listener->close(long_time);
}

TEST_F(Closing, GivesThePortBack) {
  for (int i = 0; i < 20; ++i) {
    options.port = open();
    Client client(port());
    EXPECT_EQ(client.ask(get("/")).body, "x");
    listener.reset();
  }
}

TEST_F(Closing, SurvivesClientsThatComeMeanwhile) {
  for (int i = 0; i < 30; ++i) {
    port_before = open();
    std::vector<std::jthread> clients;
    for (int n = 0; n < 4; ++n)
      clients.emplace_back([&](const std::stop_token& stop) {
        while (!stop.stop_requested()) is_refused();
      });
    std::this_thread::sleep_for(milliseconds(i % 5));
    listener->close(milliseconds(i % 2 == 0 ? 0 : 1000));
    EXPECT_EQ(listener->connections(), 0u);
    clients.clear();
    listener.reset();
  }
}

}  // namespace
}  // namespace pysandbox::http
