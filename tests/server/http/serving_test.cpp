// Requests and answers over real sockets: what every client relies on.
#include <thread>

#include <pysandbox/error.hpp>

#include "server/http/support.hpp"

namespace pysandbox::http {
namespace {

using namespace std::string_literals;

class Serving : public HttpTest {};

TEST_F(Serving, AnswersARequest) {
  app.on("/hello", [](Request&) { return text("hello"); });
  Client client(open());
  const Answer answer = client.ask(get("/hello"));
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "hello");
  EXPECT_EQ(answer.headers.at("content-length"), "5");
  EXPECT_EQ(answer.headers.at("content-type"), "text/plain");
  EXPECT_EQ(answer.headers.at("date").size(), 29u);
  EXPECT_FALSE(answer.headers.contains("server"));
  EXPECT_FALSE(answer.headers.contains("connection"));
}

TEST_F(Serving, TakesTheRequestApart) {
  Request seen;
  app.on("/a/b%20c", [&](Request& request) {
    seen = request;
    return text("");
  });
  Client client(open());
  client.ask("GET /a/b%20c?x=1&y=%C3%A9+z HTTP/1.1\r\nHost: test:80\r\nX-Thing:  some value \r\nX-THING: two\r\n\r\n");
  EXPECT_EQ(seen.method, "GET");
  EXPECT_EQ(seen.segments, (std::vector<std::string>{"a", "b c"}));
  EXPECT_EQ(seen.parameter("y"), "\u00e9 z");
  EXPECT_EQ(seen.parameter("z"), std::nullopt);
  EXPECT_EQ(seen.header("x-thing"), "some value");
  EXPECT_EQ(seen.header("X-Thing"), std::nullopt);
  EXPECT_EQ(seen.host, "test:80");
  EXPECT_EQ(seen.client_address, "127.0.0.1");
}

TEST_F(Serving, GivesEachRequestAnIdOfItsOwn) {
  std::vector<std::string> seen;
  app.on("/", [&](Request& request) {
    seen.push_back(request.id);
    return text("");
  });
  Client client(open());
  const std::string claims = "GET / HTTP/1.1\r\nHost: test\r\nX-Request-Id: mine\r\n\r\n";
  const Answer first = client.ask(claims);
  const Answer second = client.ask(claims);
  ASSERT_EQ(seen.size(), 2u);
  EXPECT_EQ(first.headers.at("x-request-id"), seen[0]);
  EXPECT_EQ(second.headers.at("x-request-id"), seen[1]);
  EXPECT_NE(seen[0], seen[1]);
  EXPECT_EQ(seen[0].size(), 32u);
}

TEST_F(Serving, KeepsTheConnectionOpen) {
  app.on("/", [](Request&) { return text("x"); });
  Client client(open());
  for (int i = 0; i < 100; ++i) ASSERT_EQ(client.ask(get("/")).body, "x");
  EXPECT_EQ(listener->connections(), 1u);
}

TEST_F(Serving, ClosesTheConnectionIfAskedTo) {
  app.on("/", [](Request&) { return text("x"); });
  Client client(open());
  const Answer answer = client.ask("GET / HTTP/1.1\r\nHost: test\r\nConnection: foo, Close\r\n\r\n");
  EXPECT_EQ(answer.headers.at("connection"), "close");
  EXPECT_TRUE(client.is_closed());
}

TEST_F(Serving, ClosesTheConnectionOfAnOldClient) {
  app.on("/", [](Request&) { return text("x"); });
  Client client(open());
  EXPECT_EQ(client.ask("GET / HTTP/1.0\r\nHost: test\r\n\r\n").headers.at("connection"), "close");
  EXPECT_TRUE(client.is_closed());
}

TEST_F(Serving, KeepsTheConnectionOfAnOldClientThatAsksForIt) {
  app.on("/", [](Request&) { return text("x"); });
  Client client(open());
  const std::string request = "GET / HTTP/1.0\r\nHost: test\r\nConnection: keep-alive\r\n\r\n";
  EXPECT_EQ(client.ask(request).headers.at("connection"), "keep-alive");
  EXPECT_EQ(client.ask(request).body, "x");
}

TEST_F(Serving, ClosesTheConnectionAfterManyRequests) {
  options.max_requests_per_connection = 3;
  app.on("/", [](Request&) { return text("x"); });
  Client client(open());
  EXPECT_FALSE(client.ask(get("/")).headers.contains("connection"));
  EXPECT_FALSE(client.ask(get("/")).headers.contains("connection"));
  EXPECT_EQ(client.ask(get("/")).headers.at("connection"), "close");
  EXPECT_TRUE(client.is_closed());
}

TEST_F(Serving, AnswersPipelinedRequestsInTheirOrder) {
  app.on("/slow", [](Request&) {
    std::this_thread::sleep_for(std::chrono::milliseconds(30));
    return text("slow");
  });
  app.on("/fast", [](Request&) { return text("fast"); });
  app.on("/echo", Plan::Body::whole, 100, [](Request& request) { return text(request.body); });
  Client client(open());
  std::string requests;
  for (int i = 0; i < 10; ++i) requests += get("/slow") + get("/fast") + post("/echo", std::to_string(i));
  client.send(requests);
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(client.read_answer().body, "slow");
    EXPECT_EQ(client.read_answer().body, "fast");
    EXPECT_EQ(client.read_answer().body, std::to_string(i));
  }
}

TEST_F(Serving, SendsNoBodyToHead) {
  std::atomic<bool> was_read = false;
  app.on("/text", [](Request&) { return text("12345"); });
  app.on("/stream", [&](Request&) {
    Response response;
    response.body = StreamBody{[&](std::span<std::byte>) -> std::size_t {
                                 was_read = true;
                                 return 0;
                               },
                               1'000'000'000'000};
    return response;
  });
  Client client(open());
  const auto head = [](const std::string& path) { return "HEAD " + path + " HTTP/1.1\r\nHost: test\r\n\r\n"; };
  EXPECT_EQ(client.ask(head("/text"), "HEAD").headers.at("content-length"), "5");
  EXPECT_EQ(client.ask(head("/stream"), "HEAD").headers.at("content-length"), "1000000000000");
  EXPECT_EQ(client.ask(get("/text")).body, "12345");
  EXPECT_FALSE(was_read);
}

TEST_F(Serving, SendsNoBodyWithAStatusThatHasNone) {
  app.on("/gone", [](Request&) { return text("unseen", 204); });
  app.on("/same", [](Request&) { return text("unseen", 304); });
  app.on("/next", [](Request&) { return text("next"); });
  Client client(open());
  const Answer answer = client.ask(get("/gone"));
  EXPECT_EQ(answer.status, 204);
  EXPECT_FALSE(answer.headers.contains("content-length"));
  EXPECT_EQ(client.ask(get("/same")).status, 304);
  EXPECT_EQ(client.ask(get("/next")).body, "next");
}

TEST_F(Serving, AnswersWithoutTheHandlerIfThePlanSaysSo) {
  app.refuse("/forbidden", 403);
  Client client(open());
  EXPECT_EQ(client.ask(get("/forbidden")).status, 403);
  EXPECT_EQ(client.ask(get("/nothing")).status, 404);
}

TEST_F(Serving, TellsWhatAHandlerThrows) {
  app.on("/", [](Request&) -> Response { throw Error(ErrorCode::internal, "it broke"); });
  app.on("/odd", [](Request&) -> Response { throw 42; });
  Client client(open());
  const Answer answer = client.ask(get("/"));
  EXPECT_EQ(answer.status, 500);
  EXPECT_EQ(answer.body, "it broke");
  EXPECT_EQ(client.ask(get("/odd")).status, 500);
}

TEST_F(Serving, LetsNoHeaderFieldOfAHandlerBreakOutOfItsLine) {
  for (const std::string& bad : {"x\r\nEvil: yes"s, "x\nEvil: yes"s, "x\0y"s, "x\x01y"s, "x\ry"s}) {
    app.on("/", [&](Request&) {
      Response response = text("x");
      response.headers.emplace_back("X-Name", bad);
      return response;
    });
    Client client(open());
    const Answer answer = client.ask(get("/"));
    EXPECT_EQ(answer.status, 500) << bad;
    EXPECT_FALSE(answer.headers.contains("evil"));
  }
}

TEST_F(Serving, KeepsItsOwnHeaderFieldsToItself) {
  app.on("/", [](Request&) {
    Response response = text("x");
    for (const char* name : {"Content-Length", "transfer-encoding", "CONNECTION", "Date", "X-Request-Id"})
      response.headers.emplace_back(name, "7");
    return response;
  });
  Client client(open());
  const Answer answer = client.ask(get("/"));
  EXPECT_EQ(answer.body, "x");
  EXPECT_FALSE(answer.headers.contains("transfer-encoding"));
  EXPECT_FALSE(answer.headers.contains("connection"));
}

TEST_F(Serving, TellsWhatWasAnswered) {
  app.on("/", [](Request&) { return text("x"); });
  Client client(open());
  client.ask(get("/"));
  client.ask(get("/nothing"));
  client.ask("GARBAGE\r\n\r\n");
  const auto answered = app.wait_for_answered(3);
  EXPECT_EQ(answered[0].target, "/");
  EXPECT_EQ(answered[0].status, 200);
  EXPECT_EQ(answered[1].status, 404);
  EXPECT_EQ(answered[2].status, 400);
}

TEST_F(Serving, ServesManyClientsAtOnce) {
  options.io_threads = 2;
  app.on("/echo", Plan::Body::whole, 100, [](Request& request) { return text(request.body); });
  open();
  std::vector<std::jthread> threads;
  std::atomic<int> right = 0;
  for (int i = 0; i < 16; ++i)
    threads.emplace_back([&, i] {
      Client client(port());
      for (int n = 0; n < 50; ++n) {
        const std::string body = std::to_string(i * 1000 + n);
        if (client.ask(post("/echo", body)).body == body) ++right;
      }
    });
  threads.clear();
  EXPECT_EQ(right, 800);
}

TEST_F(Serving, TellsWhenItsAddressIsTaken) {
  options.port = open();
  TestApplication other;
  try {
    Listener::open(options, other);
    FAIL() << "two listeners have one port";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::unavailable);
    EXPECT_NE(std::string(error.what()).find(std::to_string(options.port)), std::string::npos) << error.what();
  }
}

TEST_F(Serving, RefusesAnAddressThatIsNone) {
  options.address = "localhost";
  EXPECT_THROW(Listener::open(options, app), Error);
}

TEST_F(Serving, ListensOnIpv6) {
  options.address = "::1";
  app.on("/", [](Request&) { return text("x"); });
  EXPECT_GT(open(), 0);
}

}  // namespace
}  // namespace pysandbox::http
