#include "network/web_client.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/socket.h>

#include <atomic>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <pysandbox/error.hpp>

#include "../support/bytes.hpp"
#include "../support/loopback_server.hpp"

namespace pysandbox::network {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using namespace std::chrono_literals;
using namespace std::string_literals;
using testing::error_of;
using testing::http_answer;
using testing::LoopbackServer;

constexpr std::uint64_t mebibyte = 1 << 20;

struct Fetched {
  WebResult result;
  std::string body;
};

Fetched fetch(WebClient& client, const std::string& url, std::uint64_t max_bytes = mebibyte,
              std::stop_token stop = {}) {
  Fetched fetched;
  const BodySink take = [&](std::span<const std::byte> piece) {
    fetched.body.append(reinterpret_cast<const char*>(piece.data()), piece.size());
  };
  fetched.result = client.fetch(url, max_bytes, take, std::move(stop));
  EXPECT_EQ(fetched.result.ok, fetched.result.problem.empty()) << fetched.result.problem;
  EXPECT_EQ(fetched.result.ok, fetched.result.problem.find("; ") == std::string::npos) << "it says what to do";
  return fetched;
}

// The client for one server of a test.
std::unique_ptr<WebClient> client_for(const LoopbackServer& server, WebClientOptions options = {}) {
  options.allow.push_back(server.place());
  return make_web_client(options);
}

// Names that a test may ask for: the real DNS is never asked.
constexpr const char* names[] = {"ok.example", "inner.example", "metadata.google.internal", "127.0.0.1.nip.example",
                                 "intranet"};

// A client in a world where all `names` have `address`, and where sockets are counted and never made.
struct Watched {
  explicit Watched(const std::string& address = "127.0.0.1") {
    World world{.open_socket = [this](int, int, int) {
      ++sockets;
      return UniqueFd();
    }};
    for (const std::string name : names) {
      for (const char* port : {":80:", ":443:"}) world.names.push_back(name + port + address);
    }
    client = make_web_client_in(std::move(world), {});
  }

  std::atomic<int> sockets{0};
  std::unique_ptr<WebClient> client;
};

// A port where nobody listens.
std::uint16_t closed_port() {
  return LoopbackServer([](auto&) {}).port();
}

// WHERE IT MAY NOT GO
// --------------------------------------------------------------------------------------------------

constexpr const char* forbidden_hosts[] = {
    // this host, in every notation
    "127.0.0.1", "127.1", "127.0.1", "127.127.127.127", "2130706433", "0x7f000001", "0x7f.1", "0x7f.0x0.0x0.0x1",
    "017700000001", "0177.1", "0177.0.0.01", "127.0.0.1.", "0", "0.0.0.0", "0x0", "00", "[::]", "[::1]",
    "[0:0:0:0:0:0:0:1]", "[::127.0.0.1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[0:0:0:0:0:FFFF:7F00:1]",
    "[::ffff:0:7f00:1]", "[64:ff9b::7f00:1]", "[64:ff9b::127.0.0.1]", "[64:ff9b:1::7f00:1]", "[2002:7f00:1::]",
    "[2001:0:7f00:1::]", "localhost", "localhost.", "LOCALHOST", "LocalHost.", "a.localhost", "localhost%00",
    "%6cocalhost", "%31%32%37.0.0.1", "127%2e0%2e0%2e1", "127.0.0.%31",
    "\xE2\x91\xA0\xE2\x91\xA1\xE2\x91\xA6.\xE2\x93\xAA.\xE2\x93\xAA.\xE2\x91\xA0",
    "\xEF\xBC\x91\xEF\xBC\x92\xEF\xBC\x97.0.0.1",
    "127\xE3\x80\x82"
    "0.0.1",
    "127.0.0.1\t", "127.0.0.1%09", "127.0.0.1%20",
    // its neighbours
    "10.0.0.1", "10.255.255.255", "0xa.1", "012.1", "167772161", "100.64.0.1", "172.16.0.1", "172.31.255.255",
    "192.168.0.1", "192.168.1.254", "3232235777", "[fc00::1]", "[fd12:3456::1]", "[fe80::1]", "[fe80::1%25eth0]",
    "[fe80::1%25lo]", "[fe80::1%eth0]", "[fec0::1]", "[::ffff:10.0.0.1]", "[::ffff:192.168.0.1]", "[64:ff9b::a00:1]",
    "[2002:c0a8:1::]", "[2002:a00:1::1]",
    // metadata of clouds
    "169.254.169.254", "169.254.170.2", "0xa9fea9fe", "2852039166", "0251.0376.0251.0376", "[::ffff:169.254.169.254]",
    "[::ffff:a9fe:a9fe]", "[64:ff9b::a9fe:a9fe]", "[2002:a9fe:a9fe::]", "[fd00:ec2::254]", "100.100.100.200",
    "192.0.0.192",
    // nobody's, or everybody's
    "192.0.0.1", "192.0.2.1", "192.88.99.1", "198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1",
    "239.255.255.250", "240.0.0.1", "255.255.255.255", "[100::1]", "[2001:db8::1]", "[3fff::1]", "[5f00::1]",
    "[ff02::1]", "[ff0e::1]", "[4000::1]",
    // names that lead there
    "inner.example", "metadata.google.internal", "127.0.0.1.nip.example", "intranet"};

TEST(WebClient, SendsNothingToAForbiddenHostInAnyNotation) {
  Watched watched;
  for (const char* host : forbidden_hosts) {
    for (const std::string& url : {"http://"s + host + "/", "https://"s + host, "http://"s + host + ":443/x?y#z"}) {
      const Fetched fetched = fetch(*watched.client, url);
      EXPECT_FALSE(fetched.result.ok) << url;
      EXPECT_EQ(fetched.result.status, 0) << url;
      EXPECT_FALSE(watched.client->post(url, {}, "x", {}).ok) << url;
    }
  }
  EXPECT_EQ(watched.sockets, 0);
  EXPECT_GE(std::size(forbidden_hosts), 60U);
}

TEST(WebClient, SendsNothingForAUrlThatParsersDisagreeOn) {
  Watched watched("8.8.8.8");  // so that what is let through makes a socket
  for (const std::string& url : {"http://a@127.0.0.1/"s,
                                 "http://127.0.0.1#@ok.example/"s,
                                 "http://127.0.0.1/?@ok.example"s,
                                 "http://ok.example\\@127.0.0.1/"s,
                                 "http:///127.0.0.1"s,
                                 "http:/127.0.0.1"s,
                                 "http:127.0.0.1"s,
                                 "http://ok.example:80@10.0.0.1/"s,
                                 "http://ok.exa\tmple/"s,
                                 "http://ok.example\r\n/"s,
                                 "http://ok.example/\0"s,
                                 "http://ok.example:0/"s,
                                 "http://ok.example:65536/"s,
                                 "http://ok.example:22/"s,
                                 "http://ok.example:8080/"s,
                                 "https://ok.example:6379/"s,
                                 "file:///etc/passwd"s,
                                 "gopher://ok.example/"s,
                                 "ftp://ok.example/"s,
                                 "dict://ok.example:80/"s,
                                 "//ok.example/"s,
                                 "ok.example"s,
                                 ""s}) {
    EXPECT_FALSE(fetch(*watched.client, url).result.ok) << url;
    EXPECT_FALSE(watched.client->post(url, {}, "x", {}).ok) << url;
  }
  EXPECT_EQ(watched.sockets, 0);
}

TEST(WebClient, GoesToPublicPlaces) {
  for (const char* url : {"http://8.8.8.8/", "https://1.1.1.1/", "http://[2606:4700:4700::1111]/", "http://134744072/",
                          "http://[::ffff:8.8.8.8]/"}) {
    Watched watched;
    EXPECT_FALSE(fetch(*watched.client, url).result.ok) << "no socket was given";
    EXPECT_GE(watched.sockets, 1) << url;
  }
  Watched watched("8.8.8.8");
  fetch(*watched.client, "https://ok.example/");
  EXPECT_GE(watched.sockets, 1);
}

TEST(WebClient, ChecksEveryAddressOfAName) {
  Watched watched("127.0.0.1,10.0.0.1,169.254.169.254,[::1],[fd00::1]");
  fetch(*watched.client, "http://ok.example/");
  EXPECT_EQ(watched.sockets, 0);
  Watched mixed("127.0.0.1,8.8.8.8,10.0.0.1");
  fetch(*mixed.client, "http://ok.example/");
  EXPECT_EQ(mixed.sockets, 1) << "only the public one";
}

TEST(WebClient, SaysOfAForbiddenPlaceWhatItSaysOfAClosedPort) {
  const std::uint16_t port = closed_port();
  const std::string url = "http://127.0.0.1:" + std::to_string(port) + "/";
  WebClientOptions open, shut;
  open.ports = shut.ports = {port};
  open.allow = {"127.0.0.1"};
  const WebResult closed = fetch(*make_web_client(open), url).result;

  LoopbackServer server([](auto& connection) { connection.send(http_answer("secret")); });
  shut.ports.push_back(server.port());
  for (const std::string& forbidden :
       {url, server.url("/"), "http://localhost:" + std::to_string(server.port()) + "/"}) {
    const WebResult refused = fetch(*make_web_client(shut), forbidden).result;
    EXPECT_EQ(refused.problem, closed.problem);
    EXPECT_EQ(refused.retryable, closed.retryable);
    EXPECT_EQ(refused.status, closed.status);
    EXPECT_EQ(make_web_client(shut)->post(forbidden, {}, "", {}).problem, closed.problem);
  }
  EXPECT_EQ(server.connections(), 0U);
}

TEST(WebClient, ObjectsWithoutAskingAnybody) {
  Watched watched;
  const auto objection = [&](const std::string& url) { return watched.client->objection_to(url); };
  EXPECT_EQ(objection("https://example.com/a.csv"), "");
  EXPECT_EQ(objection("http://8.8.8.8/"), "");
  EXPECT_THAT(objection("ftp://example.com/"), HasSubstr("http://"));
  EXPECT_THAT(objection("http://a:b@example.com/"), HasSubstr("user name"));
  EXPECT_THAT(objection("http://example.com:8080/"), AllOf(HasSubstr("8080"), HasSubstr("80, 443")));
  for (const char* url :
       {"http://127.0.0.1/", "http://127.1/", "http://[::ffff:7f00:1]/", "http://10.1.2.3/", "http://169.254.169.254/",
        "http://localhost/", "http://LOCALHOST./", "http://x.localhost/"}) {
    EXPECT_THAT(objection(url), HasSubstr("public")) << url;
  }
  EXPECT_EQ(watched.sockets, 0);
}

TEST(WebClient, GoesWhereTheOperatorAllows) {
  LoopbackServer server([](auto& connection) { connection.send(http_answer("hello")); });
  const std::string port = std::to_string(server.port());
  for (const std::string& entry : {"127.0.0.0/8"s, "127.0.0.1"s, server.place()}) {
    WebClientOptions options;
    options.allow = {entry};
    const auto client = make_web_client(options);
    EXPECT_EQ(client->objection_to(server.url("/")), "") << entry;
    EXPECT_EQ(fetch(*client, server.url("/")).body, "hello") << entry;
  }
  for (const std::string& entry : {"localhost"s, "localhost:" + port}) {
    WebClientOptions options;
    options.allow = {entry};
    const auto client = make_web_client(options);
    EXPECT_EQ(fetch(*client, "http://localhost:" + port + "/").body, "hello") << entry;
    EXPECT_FALSE(fetch(*client, server.url("/")).result.ok) << "the name is allowed, not what it stands for";
  }
  const std::size_t before = server.connections();
  WebClientOptions options;
  options.allow = {"127.0.0.1:1", "localhost:2", "10.0.0.0/8"};
  EXPECT_FALSE(fetch(*make_web_client(options), server.url("/")).result.ok);
  EXPECT_FALSE(fetch(*make_web_client(options), "http://localhost:" + port + "/").result.ok);
  EXPECT_EQ(server.connections(), before);
}

TEST(WebClient, RefusesOptionsThatMakeNoSense) {
  const auto code = [](const auto& change) {
    WebClientOptions options;
    change(options);
    return error_of([&] { make_web_client(options); });
  };
  EXPECT_EQ(code([](auto&) {}), std::nullopt);
  EXPECT_EQ(code([](auto& o) { o.allow = {"10.0.0.1/8"}; }), ErrorCode::invalid_request);
  EXPECT_EQ(code([](auto& o) { o.ports = {80, 0}; }), ErrorCode::invalid_request);
  EXPECT_EQ(code([](auto& o) { o.max_redirects = -1; }), ErrorCode::invalid_request);
  EXPECT_EQ(code([](auto& o) { o.connect_timeout = 0ms; }), ErrorCode::invalid_request);
  EXPECT_EQ(code([](auto& o) { o.total_timeout = -1ms; }), ErrorCode::invalid_request);
  EXPECT_EQ(code([](auto& o) { o.slow_for = 0s; }), ErrorCode::invalid_request);
  EXPECT_EQ(code([](auto& o) { o.slow_bytes_per_second = ~0ULL; }), ErrorCode::invalid_request);
}

// REDIRECTS
// ------------------------------------------------------------------------------------------------------------

std::string redirect(const std::string& location, int status = 302) {
  return "HTTP/1.1 " + std::to_string(status) + " Elsewhere\r\nLocation: " + location +
         "\r\nContent-Length: 4\r\n\r\ngone";
}

TEST(WebClient, FollowsRedirects) {
  for (const int status : {301, 302, 303, 307, 308}) {
    LoopbackServer server([&](auto& connection) {
      connection.send(connection.target() == "/old" ? redirect("new/./name.csv?x", status) : http_answer("here"));
    });
    const Fetched fetched = fetch(*client_for(server), server.url("/old"));
    EXPECT_EQ(fetched.body, "here");
    EXPECT_EQ(fetched.result.status, 200);
    EXPECT_EQ(fetched.result.name, "name.csv");
    EXPECT_THAT(server.targets(), ElementsAre("/old", "/new/name.csv?x"));
  }
}

TEST(WebClient, IsNotLedToAForbiddenPlace) {
  LoopbackServer secret([](auto& connection) { connection.send(http_answer("secret")); });
  const std::string port = std::to_string(secret.port());
  std::string location;
  LoopbackServer server([&](auto& connection) { connection.send(redirect(location)); });
  WebClientOptions options;
  options.ports.push_back(secret.port());
  const auto client = client_for(server, options);
  for (const std::string& next : {secret.url("/"),
                                  "//127.0.0.1:" + port + "/",
                                  "http://127.1:" + port,
                                  "http://0x7f000001:" + port,
                                  "http://[::ffff:7f00:1]:" + port,
                                  "http://localhost:" + port + "/",
                                  "http://LOCALHOST.:" + port + "/",
                                  "http://2130706433:" + port + "/",
                                  "http://0:" + port + "/",
                                  "http://a:b@" + server.place() + "/",
                                  "http://" + server.place() + "@127.0.0.1:" + port + "/",
                                  "https://127.0.0.1:" + port + "/",
                                  "http://169.254.169.254/latest/meta-data/"s,
                                  "http://[fd00:ec2::254]/"s,
                                  "http://10.0.0.1/"s,
                                  "file:///etc/passwd"s,
                                  "gopher://127.0.0.1:" + port + "/_x",
                                  "ftp://127.0.0.1:" + port + "/",
                                  "dict://127.0.0.1:" + port + "/",
                                  "//evil\\@127.0.0.1:" + port + "/",
                                  "http://127.0.0.1:1/"s,
                                  "data:text/plain,x"s,
                                  "ldap://127.0.0.1/"s}) {
    location = next;
    const Fetched fetched = fetch(*client, server.url("/"));
    EXPECT_FALSE(fetched.result.ok) << next;
    EXPECT_EQ(fetched.body, "") << next;
  }
  EXPECT_EQ(secret.connections(), 0U);
}

TEST(WebClient, DoesNotHeedOtherWaysToLeadItOn) {
  LoopbackServer secret([](auto& connection) { connection.send(http_answer("secret")); });
  LoopbackServer server([&](auto& connection) {
    connection.send(http_answer("<meta http-equiv=refresh content='0; url=" + secret.url("/") + "'>",
                                "Refresh: 0; url=" + secret.url("/") + "\r\nLocation: " + secret.url("/") +
                                    "\r\nAlt-Svc: http/1.1=\"" + secret.place() + "\"; ma=999\r\nLink: <" +
                                    secret.url("/") + ">; rel=preload\r\n"));
  });
  const auto client = client_for(server, {.allow = {secret.place()}});
  EXPECT_TRUE(fetch(*client, server.url("/")).result.ok);
  EXPECT_TRUE(fetch(*client, server.url("/")).result.ok);
  EXPECT_EQ(secret.connections(), 0U);
}

TEST(WebClient, GivesUpOnALoopOfRedirects) {
  LoopbackServer server([](auto& connection) { connection.send(redirect(connection.target() + "x")); });
  EXPECT_THAT(fetch(*client_for(server), server.url("/")).result.problem, HasSubstr("more than 5 times"));
  EXPECT_EQ(server.connections(), 6U);
  EXPECT_FALSE(fetch(*client_for(server, {.max_redirects = 0}), server.url("/")).result.ok);
  EXPECT_EQ(server.connections(), 7U);
}

TEST(WebClient, SaysThatARedirectLeadsNowhere) {
  LoopbackServer server([](auto& connection) { connection.send("HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n"); });
  EXPECT_THAT(fetch(*client_for(server), server.url("/")).result.problem, HasSubstr("302"));
}

// WHAT IT SENDS
// --------------------------------------------------------------------------------------------------------

TEST(WebClient, CarriesNothingFromOneCallToTheNext) {
  ASSERT_EQ(::setenv("http_proxy", "http://127.0.0.1:1", 1), 0);
  ASSERT_EQ(::setenv("all_proxy", "http://127.0.0.1:1", 1), 0);
  std::vector<std::string> heads;
  LoopbackServer server([&](auto& connection) {
    heads.push_back(connection.head());
    const std::string cookie = "Set-Cookie: a=b; Path=/\r\n";
    connection.send(connection.target() == "/start"
                        ? "HTTP/1.1 302 Found\r\n" + cookie + "Location: /end\r\nContent-Length: 0\r\n\r\n"
                        : http_answer("x", cookie + "WWW-Authenticate: Basic\r\n"));
  });
  const auto client = client_for(server);
  EXPECT_TRUE(fetch(*client, server.url("/start")).result.ok);
  EXPECT_TRUE(fetch(*client, server.url("/end")).result.ok);
  ::unsetenv("http_proxy");
  ::unsetenv("all_proxy");
  EXPECT_EQ(server.connections(), 3U) << "a connection each";
  for (const std::string& head : heads) {
    EXPECT_THAT(head, HasSubstr("User-Agent: pysandbox/"));
    for (const char* header : {"Cookie", "Authorization", "Referer", "Accept-Encoding", "Range", "Proxy"}) {
      EXPECT_THAT(head, Not(HasSubstr(header)));
    }
  }
}

TEST(WebClient, Posts) {
  std::string head, body;
  LoopbackServer server([&](auto& connection) {
    head = connection.head();
    body = connection.body();
    connection.send("HTTP/1.1 202 Accepted\r\nContent-Length: 2\r\n\r\nok");
  });
  const std::string sent = testing::noise(100'000);
  const WebResult result = client_for(server)->post(server.url("/hook?x"),
                                                    {{"Content-Type", "application/json"}, {"X-Empty", ""}}, sent, {});
  EXPECT_TRUE(result.ok) << result.problem;
  EXPECT_EQ(result.status, 202);
  EXPECT_EQ(body, sent);
  EXPECT_THAT(head, AllOf(HasSubstr("POST /hook?x HTTP/1.1\r\n"), HasSubstr("Content-Type: application/json\r\n"),
                          HasSubstr("X-Empty:")));
  EXPECT_THAT(head, Not(HasSubstr("Expect")));
  EXPECT_TRUE(client_for(server)->post(server.url("/"), {}, "", {}).ok);
  EXPECT_EQ(body, "");
  EXPECT_THAT(head, Not(HasSubstr("Content-Type")));
}

TEST(WebClient, DoesNotFollowWhereAPostIsSentOn) {
  for (const int status : {301, 302, 303, 307, 308}) {
    LoopbackServer server([&](auto& connection) { connection.send(redirect("/elsewhere", status)); });
    const WebResult result = client_for(server)->post(server.url("/"), {}, "x", {});
    EXPECT_FALSE(result.ok);
    EXPECT_EQ(result.status, status);
    EXPECT_FALSE(result.retryable);
    EXPECT_THAT(server.targets(), ElementsAre("/"));
  }
}

TEST(WebClient, DoesNotReadAllThatAPostIsAnsweredWith) {
  LoopbackServer server([](auto& connection) {
    const std::string piece(10'000, 'x');
    connection.send("HTTP/1.1 200 OK\r\n\r\n");
    while (connection.send(piece)) {
    }
  });
  const WebResult result = client_for(server)->post(server.url("/"), {}, "x", {});
  EXPECT_TRUE(result.ok) << result.problem;
  EXPECT_LT(result.size, 200'000U);
}

TEST(WebClient, RefusesHeadersThatEndTheLine) {
  Watched watched("8.8.8.8");
  for (const auto& [name, value] : std::map<std::string, std::string>{{"X-A", "a\r\nHost: b"},
                                                                      {"X-B", "a\n"},
                                                                      {"X-C", "\0"s},
                                                                      {"X D", "a"},
                                                                      {"X-E:", "a"},
                                                                      {"", "a"},
                                                                      {"X-F\r\n", "a"}}) {
    EXPECT_EQ(error_of([&, n = name, v = value] {
                watched.client->post("http://ok.example/", {{n, v}}, "", {});
              }),
              ErrorCode::invalid_request)
        << name;
  }
  EXPECT_EQ(watched.sockets, 0);
}

// WHAT IT TAKES
// --------------------------------------------------------------------------------------------------------

TEST(WebClient, GivesTheBodyAsItIs) {
  const std::string text = testing::noise(300'000);
  LoopbackServer server([&](auto& connection) {
    connection.send(http_answer(text, "Content-Disposition: attachment; filename*=UTF-8''..%2F%e2%82%ac.csv\r\n"));
  });
  const Fetched fetched = fetch(*client_for(server), server.url("/a.csv"), text.size());
  EXPECT_TRUE(fetched.result.ok) << fetched.result.problem;
  EXPECT_EQ(fetched.result.status, 200);
  EXPECT_EQ(fetched.result.size, text.size());
  EXPECT_EQ(fetched.result.name, "../\xE2\x82\xAC.csv") << "as it came";
  EXPECT_EQ(fetched.body, text);
}

TEST(WebClient, TakesPiecesAndEmptyFiles) {
  LoopbackServer server([](auto& connection) {
    connection.send(connection.target() == "/empty"
                        ? http_answer("")
                        : "HTTP/1.1 200 OK\r\nTransfer-Encoding: "
                          "chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nTrailer: x\r\n\r\n");
  });
  EXPECT_EQ(fetch(*client_for(server), server.url("/pieces")).body, "abcde");
  const Fetched empty = fetch(*client_for(server), server.url("/empty"), 0);
  EXPECT_TRUE(empty.result.ok) << empty.result.problem;
  EXPECT_EQ(empty.result.size, 0U);
}

TEST(WebClient, SaysWhatTheServerAnswered) {
  for (const auto& [status, retryable] : std::map<int, bool>{{206, false},
                                                             {304, false},
                                                             {400, false},
                                                             {401, false},
                                                             {403, false},
                                                             {404, false},
                                                             {408, true},
                                                             {410, false},
                                                             {425, true},
                                                             {429, true},
                                                             {500, true},
                                                             {503, true}}) {
    LoopbackServer server([status = status](auto& connection) {
      connection.send("HTTP/1.1 " + std::to_string(status) + " X\r\nContent-Length: 4\r\n\r\nbody");
    });
    const Fetched fetched = fetch(*client_for(server), server.url("/"));
    EXPECT_EQ(fetched.result.status, status);
    EXPECT_EQ(fetched.result.retryable, retryable) << status;
    EXPECT_THAT(fetched.result.problem, HasSubstr(std::to_string(status)));
    EXPECT_EQ(fetched.body, "") << "an error page is no file";
  }
}

TEST(WebClient, EndsABodyThatIsTooLarge) {
  LoopbackServer server([](auto& connection) {
    if (connection.target() == "/announced") {
      connection.send("HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\nx");
      connection.pause(60s);
      return;
    }
    if (connection.target() == "/absurd") {
      connection.send("HTTP/1.1 200 OK\r\nContent-Length: 9223372036854775807\r\n\r\nx");
    } else {
      connection.send("HTTP/1.1 200 OK\r\n\r\n");
    }
    const std::string piece(100, 'x');
    while (connection.send(piece)) {
    }
  });
  for (const char* target : {"/announced", "/absurd", "/endless"}) {
    const Fetched fetched = fetch(*client_for(server), server.url(target), 1000);
    EXPECT_THAT(fetched.result.problem, HasSubstr("larger than 1000 bytes")) << target;
    EXPECT_FALSE(fetched.result.retryable);
    EXPECT_LE(fetched.body.size(), 1000U);
  }
}

TEST(WebClient, KnowsABodyThatEndsTooEarly) {
  LoopbackServer server([](auto& connection) {
    connection.send(connection.target() == "/length"
                        ? "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nabc"
                        : "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
  });
  for (const char* target : {"/length", "/chunked"}) {
    const WebResult result = fetch(*client_for(server), server.url(target)).result;
    EXPECT_FALSE(result.ok) << target;
    EXPECT_TRUE(result.retryable) << target;
  }
}

TEST(WebClient, TakesNoMoreThanWasAnnounced) {
  LoopbackServer server(
      [](auto& connection) { connection.send("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcdefgh"); });
  EXPECT_EQ(fetch(*client_for(server), server.url("/")).body, "abc");
}

TEST(WebClient, UnpacksNothing) {
  for (const std::string& encoding :
       {"Content-Encoding: gzip"s, "Content-Encoding: br"s, "Content-Encoding: identity\r\nContent-Encoding: deflate"s,
        "Transfer-Encoding: gzip, chunked"s, "content-encoding: x-unknown"s}) {
    LoopbackServer server(
        [&](auto& connection) { connection.send("HTTP/1.1 200 OK\r\n" + encoding + "\r\n\r\n3\r\nabc\r\n0\r\n\r\n"); });
    const Fetched fetched = fetch(*client_for(server), server.url("/"));
    EXPECT_FALSE(fetched.result.ok) << encoding;
    EXPECT_EQ(fetched.body, "") << encoding;
  }
  LoopbackServer server(
      [](auto& connection) { connection.send(http_answer("\x1f\x8b", "Content-Encoding: Identity\r\n")); });
  EXPECT_EQ(fetch(*client_for(server), server.url("/a.gz")).body, "\x1f\x8b");
}

TEST(WebClient, BoundsTheHeader) {
  LoopbackServer server([](auto& connection) {
    const std::string target = connection.target();
    if (target == "/continue") {
      while (connection.send("HTTP/1.1 100 Continue\r\n\r\n")) {
      }
      return;
    }
    connection.send("HTTP/1.1 200 OK\r\n");
    const std::string piece = target == "/lines"  ? "X-A: b\r\n"
                              : target == "/name" ? "x"
                                                  : "X-A: " + std::string(1000, 'b');
    while (connection.send(piece)) {
    }
  });
  for (const char* target : {"/lines", "/line", "/name", "/continue"}) {
    const WebResult result = fetch(*client_for(server), server.url(target)).result;
    EXPECT_THAT(result.problem, HasSubstr("header")) << target;
    EXPECT_FALSE(result.retryable) << target;
  }
}

TEST(WebClient, RefusesWhatIsNotHttp) {
  LoopbackServer server([](auto& connection) {
    connection.send(connection.target() == "/old"   ? "just text"
                    : connection.target() == "/odd" ? "HTTP/1.1 ???\r\n\r\n"
                                                    : "");
  });
  for (const char* target : {"/old", "/odd", "/none"}) {
    EXPECT_FALSE(fetch(*client_for(server), server.url(target)).result.ok) << target;
  }
}

TEST(WebClient, WantsTlsWhereItIsAskedFor) {
  LoopbackServer server([](auto& connection) { connection.send(http_answer("plain")); });
  const Fetched fetched = fetch(*client_for(server), "https://" + server.place() + "/");
  EXPECT_FALSE(fetched.result.ok);
  EXPECT_EQ(fetched.body, "");
}

// TIME
// -----------------------------------------------------------------------------------------------------------------

TEST(WebClient, EndsWithTheTotalTimeWhateverComes) {
  LoopbackServer server([](auto& connection) {
    if (connection.target() == "/silent") {
      connection.pause(60s);
      return;
    }
    connection.send("HTTP/1.1 200 OK\r\n\r\n");
    while (connection.pause(20ms) && connection.send("xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx")) {
    }
  });
  for (const char* target : {"/silent", "/slow"}) {
    const WebResult result = fetch(*client_for(server, {.total_timeout = 1s}), server.url(target)).result;
    EXPECT_THAT(result.problem, HasSubstr("1000 milliseconds")) << target;
    EXPECT_TRUE(result.retryable);
  }
}

TEST(WebClient, CountsTheTotalTimeOverAllRedirects) {
  LoopbackServer server([](auto& connection) {
    connection.pause(400ms);
    connection.send(redirect(connection.target() + "x"));
  });
  const WebResult result = fetch(*client_for(server, {.total_timeout = 1s}), server.url("/")).result;
  EXPECT_THAT(result.problem, HasSubstr("1000 milliseconds"));
}

TEST(WebClient, GivesUpASlowTransfer) {
  LoopbackServer server([](auto& connection) {
    connection.send("HTTP/1.1 200 OK\r\n\r\n");
    while (connection.pause(200ms) && connection.send("x")) {
    }
  });
  const WebResult result = fetch(*client_for(server, {.slow_for = 1s}), server.url("/")).result;
  EXPECT_THAT(result.problem, HasSubstr("1024 bytes per second"));
  EXPECT_TRUE(result.retryable);
}

TEST(WebClient, StopsWhenAsked) {
  std::stop_source stop;
  LoopbackServer server([&](auto& connection) {
    stop.request_stop();
    connection.pause(60s);
  });
  EXPECT_THAT(fetch(*client_for(server), server.url("/"), mebibyte, stop.get_token()).result.problem,
              HasSubstr("stopped"));
  EXPECT_FALSE(client_for(server)->post(server.url("/"), {}, "", stop.get_token()).ok);
  EXPECT_EQ(server.connections(), 1U) << "it was stopped before the second began";
}

TEST(WebClient, ThrowsWhatTheSinkThrows) {
  LoopbackServer server([](auto& connection) { connection.send(http_answer("abc")); });
  const auto client = client_for(server);
  const BodySink sink = [](std::span<const std::byte>) { throw std::runtime_error("full"); };
  EXPECT_THROW(client->fetch(server.url("/"), mebibyte, sink, {}), std::runtime_error);
  EXPECT_TRUE(fetch(*client, server.url("/")).result.ok) << "and is as before";
}

TEST(WebClient, ServesManyThreads) {
  LoopbackServer server([](auto& connection) { connection.send(http_answer(connection.target())); });
  const auto client = client_for(server);
  std::vector<std::jthread> threads;
  for (int number = 0; number < 8; ++number) {
    threads.emplace_back([&, target = "/" + std::to_string(number)] {
      for (int round = 0; round < 10; ++round) EXPECT_EQ(fetch(*client, server.url(target)).body, target);
    });
  }
}

}  // namespace
}  // namespace pysandbox::network
