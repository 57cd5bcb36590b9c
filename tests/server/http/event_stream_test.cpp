// Server-sent events: nothing is lost, whoever wakes whom and when, and nothing is held for a client that has gone.
#include <deque>
#include <thread>

#include <pysandbox/error.hpp>

#include "server/http/support.hpp"

namespace pysandbox::http {
namespace {

using std::chrono::milliseconds;

// Events of others, and who wants to know of them.
class Feed {
 public:
  void publish(const std::string& event) {
    std::vector<Wake> wakes;
    {
      const std::lock_guard lock(mutex_);
      events_.push_back(event);
      for (const auto& [id, wake] : wakes_) wakes.push_back(wake);
    }
    for (const Wake& wake : wakes) wake();  // also for one that has just gone
  }

  std::shared_ptr<void> subscribe(Wake wake) {
    const std::lock_guard lock(mutex_);
    const int id = next_++;
    wakes_.emplace(id, std::move(wake));
    return std::shared_ptr<void>(nullptr, [this, id](void*) {
      const std::lock_guard inner(mutex_);
      wakes_.erase(id);
    });
  }

  std::string from(std::size_t index) const {
    const std::lock_guard lock(mutex_);
    return index < events_.size() ? events_[index] : "";
  }

  std::size_t subscribers() const {
    const std::lock_guard lock(mutex_);
    return wakes_.size();
  }

 private:
  mutable std::mutex mutex_;
  std::deque<std::string> events_;
  std::map<int, Wake> wakes_;
  int next_ = 0;
};

class Events : public HttpTest {
 protected:
  Events() {
    app.on("/events", [this](Request&) { return follow(); });
  }
  ~Events() override { listener.reset(); }

  Response follow() {
    Response response;
    response.headers.emplace_back("Content-Type", "text/event-stream");
    response.body = EventBody{[this](Wake wake) { return feed.subscribe(std::move(wake)); },
                              [this, seen = std::size_t{0}]() mutable {
                                EventBody::Piece piece;
                                const std::string event = feed.from(seen);
                                if (event.empty()) return piece;
                                ++seen;
                                piece.bytes = "data: " + event + "\n\n";
                                piece.more = true;
                                piece.end = event == "end";
                                return piece;
                              }};
    return response;
  }

  void wait_for_subscribers(std::size_t count) const {
    while (feed.subscribers() != count) std::this_thread::sleep_for(milliseconds(1));
  }

  Feed feed;
};

TEST_F(Events, ArriveAsTheyHappen) {
  Client client(open());
  client.send(get("/events"));
  EXPECT_NE(client.read_until("\r\n\r\n").find("text/event-stream"), std::string::npos);
  for (const std::string event : {"one", "two", "three"}) {
    feed.publish(event);
    EXPECT_NE(client.read_until(event + "\n\n\r\n"), "");
  }
  feed.publish("end");
  EXPECT_NE(client.read_until("0\r\n\r\n"), "");
  wait_for_subscribers(0);
}

TEST_F(Events, ThatHappenedBeforeAreSentAtOnce) {
  for (int i = 0; i < 100; ++i) feed.publish(std::to_string(i));
  feed.publish("end");
  Client client(open());
  const Answer answer = client.ask(get("/events"));
  EXPECT_TRUE(answer.is_complete);
  EXPECT_TRUE(answer.body.ends_with("data: 98\n\ndata: 99\n\ndata: end\n\n"));
  EXPECT_EQ(client.ask(get("/events")).body, answer.body) << "the connection goes on";
}

TEST_F(Events, GoToAnOldClientUntilTheEnd) {
  feed.publish("one");
  feed.publish("end");
  Client client(open());
  const Answer answer = client.ask("GET /events HTTP/1.0\r\nHost: a\r\n\r\n");
  EXPECT_EQ(answer.body, "data: one\n\ndata: end\n\n");
}

TEST_F(Events, AreNotSentToHead) {
  Client client(open());
  const Answer answer = client.ask("HEAD /events HTTP/1.1\r\nHost: a\r\n\r\n", "HEAD");
  EXPECT_EQ(answer.headers.at("content-type"), "text/event-stream");
  EXPECT_EQ(feed.subscribers(), 0u);
}

TEST_F(Events, AreNeverLostWhoeverWakes) {
  constexpr int publishers = 4, each = 2000, readers = 4;
  options.io_threads = 2;
  open();
  std::vector<std::jthread> threads;
  std::atomic<int> complete = 0, left = publishers;
  for (int i = 0; i < readers; ++i)
    threads.emplace_back([&] {
      Client client(port());
      const Answer answer = client.ask(get("/events"));
      std::size_t events = 0;
      for (std::size_t at = 0; (at = answer.body.find("data: ", at)) != std::string::npos; ++at) ++events;
      if (answer.is_complete && events == publishers * each + 1) ++complete;
    });
  for (int i = 0; i < publishers; ++i)
    threads.emplace_back([&, i] {
      for (int n = 0; n < each; ++n) {
        feed.publish(std::to_string(i * each + n));
        if (n % 100 == 0) std::this_thread::sleep_for(milliseconds(1));  // so that readers fall asleep
      }
      if (--left == 0) feed.publish("end");
    });
  threads.clear();
  EXPECT_EQ(complete, readers);
}

TEST_F(Events, EndWhenTheClientLeaves) {
  open();
  for (int i = 0; i < 20; ++i) {
    Client client(port());
    client.send(get("/events"));
    client.read_until("\r\n\r\n");
    wait_for_subscribers(1);
    i % 2 == 0 ? client.leave() : client.leave_by_reset();
    wait_for_subscribers(0);
  }
  wait_for_connections(0);
}

TEST_F(Events, CanBeAnnouncedToClientsThatComeAndGo) {
  open();
  std::jthread publisher([&](const std::stop_token& stop) {
    while (!stop.stop_requested()) feed.publish("event");
  });
  std::vector<std::jthread> clients;
  for (int i = 0; i < 4; ++i)
    clients.emplace_back([&] {
      for (int n = 0; n < 50; ++n) {
        Client client(port());
        client.send(get("/events"));
        if (n % 3 > 0) client.read_until("data");
        n % 2 == 0 ? client.leave() : client.leave_by_reset();
      }
    });
  clients.clear();
  wait_for_subscribers(0);
}

TEST_F(Events, CanBeAnnouncedWhenTheListenerIsGone) {
  Wake kept;
  app.on("/kept", [&](Request&) {
    Response response;
    response.body = EventBody{[&](Wake wake) {
                                kept = std::move(wake);
                                return std::shared_ptr<void>();
                              },
                              [] { return EventBody::Piece(); }};
    return response;
  });
  open();
  Client client(port());
  client.send(get("/kept"));
  client.read_until("\r\n\r\n");
  std::jthread waker([&](const std::stop_token& stop) {
    while (!stop.stop_requested()) kept();
  });
  std::this_thread::sleep_for(milliseconds(20));
  listener.reset();
  std::this_thread::sleep_for(milliseconds(20));
  waker = {};
  kept();
}

TEST_F(Events, LetNobodyWaitForAHeartbeat) {
  options.heartbeat = milliseconds(20);
  Client client(open());
  client.send(get("/events"));
  client.read_until("\r\n\r\n");
  EXPECT_NE(client.read_until("\n\n\r\n").find(":\n\n"), std::string::npos);
  EXPECT_NE(client.read_until("\n\n\r\n").find(":\n\n"), std::string::npos);
  feed.publish("end");
  EXPECT_NE(client.read_until("data: end\n\n\r\n0\r\n\r\n"), "");
}

TEST_F(Events, ThatFailAtOnceAreAnError) {
  app.on("/", [](Request&) {
    Response response;
    response.body =
        EventBody{[](const Wake&) -> std::shared_ptr<void> { throw Error(ErrorCode::not_found, "no such job"); },
                  [] { return EventBody::Piece(); }};
    return response;
  });
  Client client(open());
  const Answer answer = client.ask(get("/"));
  EXPECT_EQ(answer.status, 500);
  EXPECT_EQ(answer.body, "no such job");
}

TEST_F(Events, ThatFailLaterNeverLookComplete) {
  app.on("/", [](Request&) {
    Response response;
    response.body = EventBody{nullptr, [count = 0]() mutable {
                                if (++count == 3) throw Error(ErrorCode::unavailable, "gone");
                                EventBody::Piece piece;
                                piece.bytes = "data\n\n";
                                piece.more = true;
                                return piece;
                              }};
    return response;
  });
  Client client(open());
  EXPECT_FALSE(client.ask(get("/")).is_complete);
  EXPECT_EQ(app.wait_for_answered(1).front().status, 500);
}

TEST_F(Events, EndForAClientThatDoesNotRead) {
  options.io_timeout = milliseconds(150);
  app.on("/", [](Request&) {
    Response response;
    response.body = EventBody{nullptr, [] {
                                EventBody::Piece piece;
                                piece.bytes = std::string(10'000, 'x');
                                piece.more = true;
                                return piece;
                              }};
    return response;
  });
  Client client(open(), 4096);
  client.send(get("/"));
  wait_for_connections(0);
}

class WaitingAnswers : public HttpTest {
 protected:
  ~WaitingAnswers() override { listener.reset(); }

  // Answers when `done` is set and somebody wakes it, or at the deadline.
  void wait_at(const std::string& path, milliseconds patience) {
    app.on(path, [this, patience](Request&) {
      const auto waiting = std::make_shared<Waiting>();
      waiting->subscribe = [this](Wake wake) { return feed.subscribe(std::move(wake)); };
      waiting->deadline = std::chrono::steady_clock::now() + patience;
      waiting->look = [this](Waiting::Turn turn) -> std::optional<Response> {
        ++looks;
        if (feed.from(0) == "done") return text("done");
        if (turn == Waiting::Turn::last) return text("not yet", 202);
        return std::nullopt;
      };
      Response response;
      response.body = waiting;
      return response;
    });
  }

  Feed feed;
  std::atomic<int> looks = 0;
};

constexpr milliseconds long_time{600'000};

TEST_F(WaitingAnswers, ComeWhenSomebodyWakesThem) {
  wait_at("/", long_time);
  Client client(open());
  client.send(get("/"));
  while (looks == 0) std::this_thread::sleep_for(milliseconds(1));
  feed.publish("done");
  EXPECT_EQ(client.read_answer().body, "done");
  EXPECT_EQ(feed.subscribers(), 0u);
  EXPECT_EQ(client.ask(get("/")).body, "done") << "at once, and the connection goes on";
}

TEST_F(WaitingAnswers, ComeAtTheDeadline) {
  wait_at("/", milliseconds(30));
  Client client(open());
  const Answer answer = client.ask(get("/"));
  EXPECT_EQ(answer.status, 202);
  EXPECT_EQ(answer.body, "not yet");
  EXPECT_EQ(looks, 2);
  EXPECT_EQ(feed.subscribers(), 0u);
}

TEST_F(WaitingAnswers, ComeWhenTheServerEnds) {
  wait_at("/", long_time);
  Client client(open());
  client.send(get("/"));
  while (looks == 0) std::this_thread::sleep_for(milliseconds(1));
  listener->close(long_time);
  Answer answer = client.read_answer();
  EXPECT_EQ(answer.status, 202);
  EXPECT_EQ(answer.body, "not yet");
  EXPECT_EQ(answer.headers["connection"], "close");
}

TEST_F(WaitingAnswers, ArePatientWithWakesForNothing) {
  wait_at("/", long_time);
  Client client(open());
  client.send(get("/"));
  while (feed.subscribers() == 0) std::this_thread::sleep_for(milliseconds(1));
  for (int i = 0; i < 5; ++i) {
    const int before = looks;
    // The first event is not "done", so none of them is.
    feed.publish("something else");
    while (looks == before) std::this_thread::sleep_for(milliseconds(1));
  }
  EXPECT_EQ(feed.subscribers(), 1u);
}

TEST_F(WaitingAnswers, AreDroppedWhenTheClientLeaves) {
  wait_at("/", long_time);
  open();
  for (int i = 0; i < 20; ++i) {
    Client client(port());
    client.send(get("/"));
    while (feed.subscribers() == 0) std::this_thread::sleep_for(milliseconds(1));
    i % 2 == 0 ? client.leave() : client.leave_by_reset();
    while (feed.subscribers() > 0) std::this_thread::sleep_for(milliseconds(1));
  }
  for (const Answered& one : app.wait_for_answered(20)) EXPECT_EQ(one.status, 499);
}

TEST_F(WaitingAnswers, KeepPipelinedRequestsInOrder) {
  wait_at("/", long_time);
  app.on("/next", Plan::Body::whole, 1 << 20, [](Request& request) { return text(request.body); });
  Client client(open());
  client.send(get("/"));
  while (looks == 0) std::this_thread::sleep_for(milliseconds(1));
  const std::string body(500'000, 'x');  // more than is read ahead
  std::jthread sender([&] { client.send(post("/next", "abc") + post("/next", body)); });
  std::this_thread::sleep_for(milliseconds(30));
  feed.publish("done");
  EXPECT_EQ(client.read_answer().body, "done");
  EXPECT_EQ(client.read_answer().body, "abc");
  EXPECT_TRUE(client.read_answer().body == body);
}

TEST_F(WaitingAnswers, NeverMissAWake) {
  wait_at("/", long_time);
  options.io_threads = 2;
  open();
  for (int i = 0; i < 300; ++i) {
    Feed fresh;
    std::atomic<bool> done = false;
    app.on("/race", [&](Request&) {
      const auto waiting = std::make_shared<Waiting>();
      waiting->subscribe = [&](Wake wake) { return fresh.subscribe(std::move(wake)); };
      waiting->deadline = std::chrono::steady_clock::now() + long_time;
      waiting->look = [&](Waiting::Turn) { return done ? std::optional(text("done")) : std::nullopt; };
      Response response;
      response.body = waiting;
      return response;
    });
    Client client(port());
    std::jthread waker([&] {
      while (fresh.subscribers() == 0) std::this_thread::yield();
      for (int spin = 0; spin < i * 20; ++spin) std::atomic_signal_fence(std::memory_order_seq_cst);
      done = true;
      fresh.publish("now");
    });
    ASSERT_EQ(client.ask(get("/race")).body, "done");
  }
}

TEST_F(WaitingAnswers, MustBeThereAtTheDeadline) {
  app.on("/", [](Request&) {
    const auto waiting = std::make_shared<Waiting>();
    waiting->deadline = std::chrono::steady_clock::now();
    waiting->look = [](Waiting::Turn) { return std::nullopt; };
    Response response;
    response.body = waiting;
    return response;
  });
  app.on("/throws", [](Request&) {
    const auto waiting = std::make_shared<Waiting>();
    waiting->deadline = std::chrono::steady_clock::now() + long_time;
    waiting->look = [](Waiting::Turn) -> std::optional<Response> {
      throw Error(ErrorCode::unavailable, "no database");
    };
    Response response;
    response.body = waiting;
    return response;
  });
  Client client(open());
  EXPECT_EQ(client.ask(get("/")).status, 500);
  EXPECT_EQ(client.ask(get("/throws")).body, "no database");
}

}  // namespace
}  // namespace pysandbox::http
