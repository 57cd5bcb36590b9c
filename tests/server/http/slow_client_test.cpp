// Clients that are slow on purpose are cut, and the others do not notice. Nothing here says how fast it must happen.
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <thread>

#include "server/http/support.hpp"

namespace pysandbox::http {
namespace {

using std::chrono::milliseconds;

class SlowClients : public HttpTest {
 protected:
  SlowClients() {
    options.header_timeout = milliseconds(150);
    options.idle_timeout = milliseconds(150);
    options.io_timeout = milliseconds(150);
    app.on("/", [](Request&) { return text("x"); });
    app.on("/whole", Plan::Body::whole, 1 << 20, [](Request& request) { return text(request.body); });
    app.on("/stream", Plan::Body::stream, 1 << 20,
           [](Request& request) { return text(read_all(request.body_stream)); });
    app.on("/endless", [](Request&) {
      Response response;
      response.body = StreamBody{[](std::span<std::byte> into) { return into.size(); }, std::nullopt};
      return response;
    });
  }

  // Sends a byte now and then until the server closes.
  void dribble(Client& client, std::string_view byte) const {
    while (listener->connections() > 0) {
      client.send(byte);
      std::this_thread::sleep_for(milliseconds(10));
    }
  }

  void expect_others_are_served() {
    Client other(port());
    EXPECT_EQ(other.ask(get("/")).body, "x");
  }
};

TEST_F(SlowClients, ThatSayNothingAreClosedWithoutAnAnswer) {
  Client client(open());
  EXPECT_TRUE(client.is_closed());
  EXPECT_TRUE(app.planned().empty());
}

TEST_F(SlowClients, ThatStopWithinTheHeadAreToldSo) {
  Client client(open());
  EXPECT_EQ(client.ask("GET / HTTP/1.1\r\nHost: a\r\n").status, 408);
  EXPECT_TRUE(client.is_closed());
}

TEST_F(SlowClients, ThatDribbleTheirHeadAreCut) {
  Client client(open());
  client.send("GET / HTTP/1.1\r\nHost: a\r\nX: ");
  expect_others_are_served();
  dribble(client, "x");
  EXPECT_EQ(client.read_answer().status, 408);
}

TEST_F(SlowClients, ThatStayIdleBetweenRequestsAreClosed) {
  Client client(open());
  EXPECT_EQ(client.ask(get("/")).body, "x");
  EXPECT_TRUE(client.is_closed());
}

TEST_F(SlowClients, ThatStopWithinTheHeadOfALaterRequestAreToldSo) {
  Client client(open());
  EXPECT_EQ(client.ask(get("/")).body, "x");
  EXPECT_EQ(client.ask("GET").status, 408);
}

TEST_F(SlowClients, ThatStopWithinTheBodyAreToldSo) {
  open();
  for (const std::string path : {"/whole", "/stream"}) {
    Client client(port());
    EXPECT_EQ(client.ask("POST " + path + " HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc").status, 408);
    client.end_sending();
    EXPECT_TRUE(client.is_closed());
  }
}

TEST_F(SlowClients, ThatDribbleTheirBodyAreCut) {
  open();
  for (const std::string path : {"/whole", "/stream"}) {
    Client client(port());
    client.send("POST " + path + " HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
    std::jthread sender([&](const std::stop_token& stop) {
      while (!stop.stop_requested() && client.send("1\r\nx\r\n")) std::this_thread::sleep_for(milliseconds(100));
    });
    EXPECT_EQ(client.read_answer().status, 408);
  }
}

TEST_F(SlowClients, ThatAreSteadyAreServedHoweverLongItTakes) {
  options.min_bytes_per_second = 10;
  Client client(open());
  client.send("POST /whole HTTP/1.1\r\nHost: a\r\nContent-Length: 40\r\n\r\n");
  for (int i = 0; i < 40; ++i) {
    client.send("x");
    std::this_thread::sleep_for(milliseconds(15));  // in all four times the timeout
  }
  EXPECT_EQ(client.read_answer().body, std::string(40, 'x'));
}

TEST_F(SlowClients, ThatDoNotReadTheirAnswerAreCut) {
  Client client(open(), 4096);
  client.send(get("/endless"));
  expect_others_are_served();
  wait_for_connections(0);
}

TEST_F(SlowClients, ThatReadTheirAnswerByteByByteAreCut) {
  options.min_bytes_per_second = 1 << 20;
  Client client(open(), 4096);
  client.send(get("/endless"));
  while (listener->connections() > 0) {
    client.read_until("\0");
    std::this_thread::sleep_for(milliseconds(1));
  }
}

TEST_F(SlowClients, ThatReadTheirAnswerSlowlyButSteadilyAreServed) {
  options.min_bytes_per_second = 1000;
  const std::string body(3'000'000, 'x');
  app.on("/large", [&](Request&) { return text(body); });
  Client client(open(), 4096);
  client.send(get("/large"));
  // The kernels hold much of it: what counts is that it goes on arriving.
  std::string all = client.read_until("\r\n\r\n");
  all.clear();
  while (all.size() < body.size()) {
    const std::string piece = client.read_until("x");
    if (piece.empty()) break;
    all += piece;
    if (all.size() % 100'000 == 0) std::this_thread::sleep_for(milliseconds(30));
  }
  EXPECT_TRUE(all == body) << all.size();
}

TEST_F(SlowClients, ThatNeverCloseAfterARefusalAreCut) {
  Client client(open());
  EXPECT_EQ(client.ask("GARBAGE\r\n\r\n").status, 400);
  wait_for_connections(0);  // after some seconds of lingering
}

TEST_F(SlowClients, DoNotKeepOthersOut) {
  open();
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < 100; ++i) {
    clients.push_back(std::make_unique<Client>(port(), 4096));
    clients.back()->send(i % 2 == 0 ? "POST /stream HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nx"
                                    : get("/endless"));
  }
  for (int i = 0; i < 20; ++i) expect_others_are_served();
}

class Caps : public HttpTest {
 protected:
  Caps() {
    app.on("/", [](Request&) { return text("x"); });
  }
};

TEST_F(Caps, TurnConnectionsAway) {
  options.max_connections = 3;
  open();
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < 3; ++i) {
    clients.push_back(std::make_unique<Client>(port()));
    EXPECT_EQ(clients.back()->ask(get("/")).status, 200);
  }
  {
    Client one_too_many(port());
    const Answer answer = one_too_many.ask(get("/"));
    EXPECT_EQ(answer.status, 503);
    EXPECT_EQ(answer.headers.at("connection"), "close");
    one_too_many.end_sending();
    EXPECT_TRUE(one_too_many.is_closed());
  }
  clients.pop_back();
  wait_for_connections(2);
  Client next(port());
  EXPECT_EQ(next.ask(get("/")).status, 200);
}

TEST_F(Caps, CountPerAddress) {
  options.max_connections_per_address = 2;
  open();
  Client first(port()), second(port());
  EXPECT_EQ(first.ask(get("/")).status, 200);
  EXPECT_EQ(second.ask(get("/")).status, 200);
  Client third(port());
  EXPECT_EQ(third.ask(get("/")).status, 503);
  third.end_sending();
  EXPECT_TRUE(third.is_closed());
  first.leave();
  second.leave();
  wait_for_connections(0);
  Client fourth(port());
  EXPECT_EQ(fourth.ask(get("/")).status, 200);
}

TEST_F(Caps, HoldAgainstAFlood) {
  options.max_connections = 2;
  open();
  Client served(port());
  EXPECT_EQ(served.ask(get("/")).status, 200);
  std::vector<std::unique_ptr<Client>> flood;
  for (int i = 0; i < 300; ++i) flood.push_back(std::make_unique<Client>(port()));
  EXPECT_EQ(served.ask(get("/")).status, 200);
  EXPECT_LE(listener->connections(), 2u + 64u);
  flood.clear();
  wait_for_connections(1);
}

// The limit on descriptors of this process, until the end of a test.
class FewDescriptors {
 public:
  explicit FewDescriptors(rlim_t more) {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    const int next = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    ::close(next);
    const rlimit few{static_cast<rlim_t>(next) + more, before_.rlim_max};
    ::setrlimit(RLIMIT_NOFILE, &few);
  }
  FewDescriptors(const FewDescriptors&) = delete;
  FewDescriptors& operator=(const FewDescriptors&) = delete;
  ~FewDescriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  rlimit before_{};
};

TEST_F(Caps, OfTheProcessKeepNobodyOutForever) {
  open();
  const FewDescriptors few(20);
  for (int round = 0; round < 2; ++round) {
    std::vector<std::unique_ptr<Client>> clients;
    EXPECT_THROW(for (int i = 0; i < 100; ++i) clients.push_back(std::make_unique<Client>(port())), std::runtime_error);
    clients.back()->send(get("/"));  // not accepted yet, or served
    clients.erase(clients.begin(), clients.end() - 1);
    EXPECT_EQ(clients.back()->read_answer().body, "x");
  }
}

}  // namespace
}  // namespace pysandbox::http
