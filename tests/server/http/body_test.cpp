// Bodies in both directions: whole, streamed, refused, broken off.
#include <fstream>
#include <semaphore>
#include <thread>

#include <pysandbox/error.hpp>

#include "http/body_pipe.hpp"
#include "http/range.hpp"
#include "server/http/support.hpp"

namespace pysandbox::http {
namespace {

class Bodies : public HttpTest {};

const std::string chunked_head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";

std::string pattern(std::size_t bytes, unsigned seed = 1) {
  std::string text(bytes, '\0');
  for (char& byte : text) byte = static_cast<char>((seed = seed * 1664525 + 1013904223) >> 24);
  return text;
}

// Of this process, in bytes.
std::size_t resident() {
  std::ifstream file("/proc/self/statm");
  std::size_t all = 0, pages = 0;
  file >> all >> pages;
  return pages * 4096;
}

TEST_F(Bodies, ArriveWhole) {
  app.on("/", Plan::Body::whole, 1 << 20, [](Request& request) { return text(request.body); });
  Client client(open());
  for (const std::size_t size : {0, 1, 1000, 65'536, 300'000, 1 << 20}) {
    const std::string body = pattern(size);
    EXPECT_TRUE(client.ask(post("/", body)).body == body) << size;
    EXPECT_TRUE(client.ask(chunked_head + chunked(body, 777)).body == body) << size;
    EXPECT_TRUE(client.ask(chunked_head + chunked(body, 100'000)).body == body) << size;
  }
}

TEST_F(Bodies, ArriveAsAStream) {
  app.on("/", Plan::Body::stream, 10 << 20, [](Request& request) { return text(read_all(request.body_stream)); });
  Client client(open());
  for (const std::size_t size : {0, 1, 1000, 65'536, 300'000, 5 << 20}) {
    const std::string body = pattern(size);
    EXPECT_TRUE(client.ask(post("/", body)).body == body) << size;
    EXPECT_TRUE(client.ask(chunked_head + chunked(body, 777)).body == body) << size;
  }
}

TEST_F(Bodies, AreBoundedByTheirPlan) {
  for (const auto kind : {Plan::Body::whole, Plan::Body::stream}) {
    app.on("/", kind, 1000,
           [](Request& request) { return text(request.body_stream ? read_all(request.body_stream) : request.body); });
    Client client(open());
    EXPECT_EQ(client.ask(post("/", std::string(1000, 'x'))).status, 200);
    EXPECT_EQ(client.ask(chunked_head + chunked(std::string(1000, 'x'), 10)).status, 200);
    EXPECT_EQ(client.ask(chunked_head + chunked(std::string(1001, 'x'), 10)).status, 413);
    EXPECT_TRUE(client.is_closed());
    Client second(port());
    EXPECT_EQ(second.ask(post("/", std::string(1001, 'x'))).status, 413);
  }
}

TEST_F(Bodies, ThatAreTooLargeFailInTheHandlerToo) {
  std::string told;
  app.on("/", Plan::Body::stream, 100, [&](Request& request) {
    try {
      read_all(request.body_stream);
    } catch (const Error& error) {
      told = to_string(error.code());
      throw;
    }
    return text("read");
  });
  Client client(open());
  EXPECT_EQ(client.ask(chunked_head + chunked(std::string(1000, 'x'), 10)).status, 413);
  EXPECT_EQ(told, "too_large");
}

// A client that sends its body whatever we say must still see the answer and not a reset.
TEST_F(Bodies, ReadWholeTakeOnlySoMuchMemoryTogether) {
  options.max_body_memory = 100'000;
  std::atomic<int> taken = 0;
  app.on("/", Plan::Body::whole, 1 << 20, [&](Request&) {
    ++taken;
    return text("taken");
  });
  const std::string body = pattern(90'000);
  const std::string request = post("/", body);
  {
    Client first(open());
    first.send(request.substr(0, request.size() - 1));
    int status = 200;
    while (status == 200) status = Client(port()).ask(request).status;  // until the first one has been read so far
    EXPECT_EQ(status, 503);
    EXPECT_EQ(first.ask(request.substr(request.size() - 1)).body, "taken");
  }
  Client alone(port());
  EXPECT_EQ(alone.ask(post("/", pattern(500'000))).body, "taken") << "there is room for one of any size";
  EXPECT_EQ(alone.ask(request).body, "taken") << "what was taken is given back";
}

TEST_F(Bodies, OfARefusedRequestAreDrained) {
  app.refuse("/", 401);
  open();
  for (const std::size_t size : {10, 1 << 20, 20 << 20}) {
    Client client(port());
    EXPECT_TRUE(client.send(post("/", std::string(size, 'x')))) << size;
    const Answer answer = client.read_answer();
    EXPECT_EQ(answer.status, 401);
    EXPECT_EQ(answer.headers.at("connection"), "close");
    client.end_sending();
    EXPECT_TRUE(client.is_closed());
  }
}

TEST_F(Bodies, AreInvitedByAContinue) {
  app.on("/", Plan::Body::whole, 100, [](Request& request) { return text(request.body); });
  app.on("/stream", Plan::Body::stream, 100, [](Request& request) { return text(read_all(request.body_stream)); });
  Client client(open());
  for (const std::string path : {"/", "/stream"}) {
    client.send("POST " + path + " HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n");
    EXPECT_EQ(client.read_answer().status, 100);
    EXPECT_EQ(client.ask("abc").body, "abc");
  }
}

TEST_F(Bodies, AreNotInvitedToARefusal) {
  app.refuse("/closed", 401);
  app.on("/small", Plan::Body::whole, 2, [](Request&) { return text(""); });
  app.on("/none", [](Request&) { return text(""); });
  open();
  const auto ask = [&](const std::string& path) {
    Client client(port());
    return client.ask("POST " + path + " HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n")
        .status;
  };
  EXPECT_EQ(ask("/closed"), 401);
  EXPECT_EQ(ask("/small"), 413);
  EXPECT_EQ(ask("/none"), 400);
}

TEST_F(Bodies, ThatAreOnTheirWayNeedNoInvitation) {
  app.on("/", Plan::Body::whole, 100, [](Request& request) { return text(request.body); });
  Client client(open());
  EXPECT_EQ(client.ask("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc").body,
            "abc");
}

TEST_F(Bodies, NeedNotBeReadToTheEnd) {
  app.on("/", Plan::Body::stream, 1ULL << 40, [](Request& request) {
    std::vector<std::byte> few(10);
    request.body_stream(few);
    return text("enough", 422);
  });
  Client client(open());
  client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000000000\r\n\r\n" + std::string(100'000, 'x'));
  const Answer answer = client.read_answer();  // although the body never ends
  EXPECT_EQ(answer.status, 422);
  EXPECT_EQ(answer.headers.at("connection"), "close");
}

TEST_F(Bodies, KeepTheConnectionWhenTheyCameWhole) {
  app.on("/", Plan::Body::stream, 100, [](Request&) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    return text("not read");
  });
  Client client(open());
  for (int i = 0; i < 3; ++i) EXPECT_EQ(client.ask(post("/", "abc")).body, "not read");
}

TEST_F(Bodies, ThatBreakOffFailInTheHandler) {
  std::binary_semaphore has_failed(0);
  app.on("/", Plan::Body::stream, 1000, [&](Request& request) {
    try {
      read_all(request.body_stream);
    } catch (const Error&) {
      has_failed.release();
      throw;
    }
    return text("read");
  });
  open();
  for (int i = 0; i < 20; ++i) {
    Client client(port());
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc");
    i % 2 == 0 ? client.leave() : client.leave_by_reset();
    has_failed.acquire();
  }
  EXPECT_EQ(app.wait_for_answered(20).front().status, 499);
  wait_for_connections(0);
}

TEST_F(Bodies, BeyondTheStreamThreadsAreRefused) {
  options.stream_threads = 2;
  std::counting_semaphore<8> entered(0);
  app.on("/", Plan::Body::stream, 1000, [&](Request& request) {
    entered.release();
    return text(read_all(request.body_stream));
  });
  open();
  const std::string head = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n";
  Client first(port()), second(port()), third(port());
  first.send(head);
  second.send(head);
  entered.acquire();
  entered.acquire();
  EXPECT_EQ(third.ask(head + "abc").status, 503);
  EXPECT_EQ(first.ask("abc").body, "abc");
  EXPECT_EQ(second.ask("def").body, "def");
  EXPECT_EQ(first.ask(head + "ghi").body, "ghi");
}

TEST_F(Bodies, OfHundredsOfMegabytesTakeLittleMemory) {
  constexpr std::size_t total = 400 << 20;
  std::size_t received = 0, largest = 0;
  app.on("/", Plan::Body::stream, total, [&](Request& request) {
    std::vector<std::byte> buffer(1 << 20);
    const std::size_t before = resident();
    while (const std::size_t bytes = request.body_stream(buffer)) {
      // Slower than the client at first: what it sends meanwhile must wait in the kernel, not in us.
      if (received < 20'000'000) std::this_thread::sleep_for(std::chrono::milliseconds(1));
      received += bytes;
      largest = std::max(largest, resident() - std::min(resident(), before));
    }
    return text("done");
  });
  Client client(open());
  client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(total) + "\r\n\r\n");
  const std::string block(1 << 20, 'x');
  for (std::size_t sent = 0; sent < total; sent += block.size()) ASSERT_TRUE(client.send(block));
  EXPECT_EQ(client.read_answer().body, "done");
  EXPECT_EQ(received, total);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  EXPECT_LT(largest, 16U << 20);
#endif
}

TEST_F(Bodies, OfAnswersAreByteExactWhateverTheirSize) {
  std::string body;
  bool is_sized = true;
  app.on("/", [&](Request&) {
    Response response;
    response.body =
        StreamBody{source_of(body, 100'000), is_sized ? std::optional<std::uint64_t>(body.size()) : std::nullopt};
    return response;
  });
  Client client(open());
  for (const std::size_t size : {0, 1, 1000, (256 << 10) - 1, 256 << 10, (256 << 10) + 1, 3'000'000})
    for (const bool sized : {true, false}) {
      body = pattern(size);
      is_sized = sized;
      const Answer answer = client.ask(get("/"));
      EXPECT_TRUE(answer.is_complete && answer.body == body) << size << (sized ? " sized" : " chunked");
      EXPECT_EQ(answer.headers.contains("transfer-encoding"), !sized);
    }
}

TEST_F(Bodies, OfUnknownSizeGoToAnOldClientUntilTheEnd) {
  const std::string body = pattern(1'000'000);
  app.on("/", [&](Request&) {
    Response response;
    response.body = StreamBody{source_of(body), std::nullopt};
    return response;
  });
  Client client(open());
  const Answer answer = client.ask("GET / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_EQ(answer.headers.at("connection"), "close");
  EXPECT_FALSE(answer.headers.contains("transfer-encoding"));
  EXPECT_TRUE(answer.body == body);
}

TEST_F(Bodies, OfAnswersGoNoFurtherThanTheirSize) {
  app.on("/", [](Request&) {
    Response response;
    response.body = StreamBody{source_of(std::string(1000, 'x')), 10};
    return response;
  });
  Client client(open());
  EXPECT_EQ(client.ask(get("/")).body, "xxxxxxxxxx");
  EXPECT_EQ(client.ask(get("/")).body, "xxxxxxxxxx");
}

TEST_F(Bodies, OfAnswersThatBreakNeverLookComplete) {
  enum class End { early, throwing };
  std::atomic<End> end = End::early;
  std::atomic<bool> is_sized = true;
  app.on("/", [&](Request&) {
    Response response;
    const auto inner = std::make_shared<ByteSource>(source_of(std::string(1 << 20, 'x')));
    response.body = StreamBody{[&, inner](std::span<std::byte> into) {
                                 const std::size_t bytes = (*inner)(into);
                                 if (bytes == 0 && end == End::throwing)
                                   throw Error(ErrorCode::unavailable, "the disk is gone");
                                 return bytes;
                               },
                               is_sized ? std::optional<std::uint64_t>(2 << 20) : std::nullopt};
    return response;
  });
  open();
  const auto ask = [&](const std::string& version) {
    Client client(port());
    return client.ask("GET / HTTP/" + version + "\r\nHost: a\r\n\r\n");
  };
  EXPECT_FALSE(ask("1.1").is_complete);
  end = End::throwing;
  EXPECT_FALSE(ask("1.1").is_complete);
  is_sized = false;
  EXPECT_FALSE(ask("1.1").is_complete);
  const auto answered = app.wait_for_answered(3);
  for (const Answered& one : answered) EXPECT_EQ(one.status, 500);
}

TEST_F(Bodies, OfAnswersThatBreakAtOnceAreToldSo) {
  app.on("/", [](Request&) {
    Response response;
    response.body =
        StreamBody{[](std::span<std::byte>) -> std::size_t { throw Error(ErrorCode::unavailable, "no disk"); }, 10};
    return response;
  });
  Client client(open());
  const Answer answer = client.ask(get("/"));
  EXPECT_EQ(answer.status, 500);
  EXPECT_EQ(answer.body, "no disk");
  EXPECT_EQ(client.ask(get("/")).status, 500) << "the connection goes on";
}

TEST_F(Bodies, GoToAClientThatLeavesInTheMiddle) {
  std::atomic<int> destroyed = 0;
  app.on("/", [&](Request&) {
    Response response;
    const std::shared_ptr<int> guard(new int(0), [&](const int* number) {
      delete number;
      ++destroyed;
    });
    response.body = StreamBody{[guard](std::span<std::byte> into) { return into.size(); }, 1ULL << 40};
    return response;
  });
  open();
  for (int i = 0; i < 20; ++i) {
    Client client(port());
    client.send(get("/"));
    client.read_until("\r\n\r\n");
    i % 2 == 0 ? client.leave() : client.leave_by_reset();
  }
  wait_for_connections(0);
  EXPECT_EQ(app.wait_for_answered(20).size(), 20u);
  listener.reset();
  EXPECT_EQ(destroyed, 20);
}

TEST_F(Bodies, CanBePartsOfALargeOne) {
  const std::string body = pattern(5'000'000);
  app.on("/", [&](Request& request) {
    const auto choice = choose_range(request.header("range").value_or(""), body.size());
    const auto* range = std::get_if<ByteRange>(&choice);
    Response response;
    response.status = range ? 206 : 200;
    const ByteRange part = range ? *range : ByteRange{0, body.size()};
    if (range) response.headers.emplace_back("Content-Range", content_range(part, body.size()));
    response.body = StreamBody{source_of(body.substr(part.first, part.length)), part.length};
    return response;
  });
  Client client(open());
  std::string joined;
  for (std::size_t first = 0; first < body.size(); first += 777'777) {
    const std::string range = std::to_string(first) + "-" + std::to_string(first + 777'776);
    const Answer answer = client.ask("GET / HTTP/1.1\r\nHost: a\r\nRange: bytes=" + range + "\r\n\r\n");
    EXPECT_EQ(answer.status, 206);
    joined += answer.body;
  }
  EXPECT_TRUE(joined == body);
}

TEST(BodyPipe, GivesBackWhatWasPutIn) {
  std::binary_semaphore room(0);
  BodyPipe pipe(1000, [&] { room.release(); });
  const std::string body = pattern(100'000);
  std::string got;
  std::jthread reader([&] {
    std::vector<std::byte> buffer(300);
    for (std::size_t size = 1;; size = size % 300 + 1) {
      const std::size_t bytes = pipe.read(std::span(buffer).first(size));
      if (bytes == 0) break;
      got.append(reinterpret_cast<const char*>(buffer.data()), bytes);
    }
  });
  for (std::size_t sent = 0, size = 1; sent < body.size(); size = size % 400 + 1) {
    const std::string_view piece = std::string_view(body).substr(sent, size);
    while (!pipe.has_room(piece.size())) room.acquire();
    pipe.push(piece);
    sent += piece.size();
  }
  pipe.finish();
  reader.join();
  EXPECT_TRUE(got == body);
}

TEST(BodyPipe, TellsAFailureAfterTheBytesBefore) {
  BodyPipe pipe(100, nullptr);
  pipe.push("abc");
  pipe.fail(Error(ErrorCode::too_large, "too much"));
  std::byte buffer[10];
  EXPECT_EQ(pipe.read(buffer), 3u);
  EXPECT_THROW(pipe.read(buffer), Error);
  EXPECT_THROW(pipe.read(buffer), Error);
}

TEST(BodyPipe, StaysFinished) {
  BodyPipe pipe(100, nullptr);
  pipe.finish();
  pipe.fail(Error(ErrorCode::internal, "later"));
  std::byte buffer[10];
  EXPECT_EQ(pipe.read(buffer), 0u);
  EXPECT_EQ(pipe.read(buffer), 0u);
}

}  // namespace
}  // namespace pysandbox::http
