// Bytes that two programs could take for different requests. Each is followed by one more request, which nobody may
// see.
#include "server/http/support.hpp"

namespace pysandbox::http {
namespace {

using namespace std::string_literals;

struct Case {
  std::string name;
  std::string bytes;
  int status;
};

void PrintTo(const Case& one, std::ostream* out) { *out << one.name; }

const std::string head = "POST / HTTP/1.1\r\nHost: a\r\n";
const std::string chunked_head = head + "Transfer-Encoding: chunked\r\n\r\n";

std::string many_headers(int count) {
  std::string text = "GET / HTTP/1.1\r\nHost: a\r\n";
  for (int i = 0; i < count; ++i) text += "a: b\r\n";
  return text + "\r\n";
}

const std::vector<Case>& cases() {
  static const std::vector<Case> all{
      {"LengthThenChunked", head + "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
      {"ChunkedThenLength", head + "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n", 400},
      {"TwoLengths", head + "Content-Length: 4\r\nContent-Length: 5\r\n\r\nabcde", 400},
      {"TwoEqualLengths", head + "Content-Length: 4\r\nContent-Length: 4\r\n\r\nabcd", 400},
      {"ListOfLengths", head + "Content-Length: 4, 4\r\n\r\nabcd", 400},
      {"LengthWithPlus", head + "Content-Length: +4\r\n\r\nabcd", 400},
      {"LengthBelowZero", head + "Content-Length: -1\r\n\r\n", 400},
      {"LengthInHex", head + "Content-Length: 0x4\r\n\r\nabcd", 400},
      {"LengthOf2To64", head + "Content-Length: 18446744073709551616\r\n\r\n", 400},
      {"OtherEncoding", head + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 400},
      {"ChunkedThenIdentity", head + "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n", 400},
      {"GzipThenChunked", head + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 400},
      {"Identity", head + "Transfer-Encoding: identity\r\n\r\n", 400},
      {"TwoEncodings", head + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
      {"ChunkedInHttp10", "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
      {"SpaceBeforeColon", head + "Content-Length : 4\r\n\r\nabcd", 400},
      {"FoldedLine", head + "X: a\r\n b\r\nContent-Length: 0\r\n\r\n", 400},
      {"FoldedEncoding", head + "Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n", 400},
      {"BareLineFeeds", "POST / HTTP/1.1\nHost: a\nContent-Length: 0\n\n", 400},
      {"BareReturn", head + "X: a\rb\r\nContent-Length: 0\r\n\r\n", 400},
      {"NulInValue", head + "X: a\0b\r\nContent-Length: 0\r\n\r\n"s, 400},
      {"NoHost", "GET / HTTP/1.1\r\n\r\n", 400},
      {"NoHostInHttp10", "GET / HTTP/1.0\r\n\r\n", 400},
      {"TwoHosts", head + "Host: b\r\nContent-Length: 0\r\n\r\n", 400},
      {"StrangeHost", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400},
      {"ChunkSizeOverflow", chunked_head + "10000000000000000\r\nx\r\n0\r\n\r\n", 400},
      {"ChunkSizeBelowZero", chunked_head + "-1\r\nx\r\n0\r\n\r\n", 400},
      {"ChunkSizeInC", chunked_head + "0x1\r\nx\r\n0\r\n\r\n", 400},
      {"ChunkLongerThanItSays", chunked_head + "1\r\nxy\r\n0\r\n\r\n", 400},
      {"LineFeedInExtension", chunked_head + "1;a\nb\r\nx\r\n0\r\n\r\n", 400},
      {"OpenQuoteInExtension", chunked_head + "1;a=\"b\r\nx\r\n0\r\n\r\n", 400},
      {"LongExtension", chunked_head + "1;a=" + std::string(16000, 'b') + "\r\nx\r\n0\r\n\r\n", 400},
      {"EndlessTrailer", chunked_head + "0\r\nX: " + std::string(100'000, 'x'), 400},
      {"AbsoluteTarget", "GET http://evil/ HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"AsteriskTarget", "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"Connect", "CONNECT evil:443 HTTP/1.1\r\nHost: evil:443\r\n\r\n", 501},
      {"Trace", "TRACE / HTTP/1.1\r\nHost: a\r\n\r\n", 501},
      {"UnknownMethod", "BREW / HTTP/1.1\r\nHost: a\r\n\r\n", 501},
      {"NulInTarget", "GET /a\0b HTTP/1.1\r\nHost: a\r\n\r\n"s, 400},
      {"EncodedNul", "GET /a%00b HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"EncodedDots", "GET /a/%2e%2e/b HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"EmptySegment", "GET //a HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"Http2", "GET / HTTP/2.0\r\nHost: a\r\n\r\n", 400},
      {"Http2Preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400},
      {"Http12", "GET / HTTP/1.2\r\nHost: a\r\n\r\n", 400},
      {"Http09", "GET /\r\n\r\n", 400},
      {"LeadingSpace", " GET / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"LeadingEmptyLine", "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"Tls", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"s, 400},
      {"LargeHead", "GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(20'000, 'x') + "\r\n\r\n", 431},
      {"ManyHeaders", many_headers(1000), 431},
      {"BodyWhereNoneIs", "GET /bodiless HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc", 400},
      {"ChunksWhereNoneAre", "GET /bodiless HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
      {"LargeBody", head + "Content-Length: 1048577\r\n\r\n", 413},
      {"LargeChunkedBody", chunked_head + chunked(std::string(2000, 'x'), 100), 413},
      {"OtherExpectation", head + "Expect: the-unexpected\r\nContent-Length: 0\r\n\r\n", 417},
  };
  return all;
}

enum class Sent { at_once, byte_by_byte };

class Smuggling : public HttpTest, public testing::WithParamInterface<Case> {
 protected:
  void expect_refusal(Plan::Body kind, Sent sent) {
    app.on("/", kind, 1000, [](Request& request) {
      if (request.body_stream) read_all(request.body_stream);
      return text("served");
    });
    app.on("/bodiless", [](Request&) { return text("served"); });
    app.on("/smuggled", [](Request&) { return text("smuggled"); });
    Client client(open());
    const std::string bytes = GetParam().bytes + get("/smuggled");
    const std::size_t piece = sent == Sent::at_once || bytes.size() > 1000 ? bytes.size() : 1;
    for (std::size_t i = 0; i < bytes.size(); i += piece) client.send(std::string_view(bytes).substr(i, piece));
    Answer answer = client.read_answer();
    EXPECT_EQ(answer.status, GetParam().status) << answer.body;
    EXPECT_TRUE(answer.headers.contains("refused")) << "the application did not make it";
    EXPECT_EQ(answer.headers["connection"], "close");
    client.end_sending();
    EXPECT_TRUE(client.is_closed());
    for (const std::string& planned : app.planned()) EXPECT_EQ(planned.find("smuggled"), std::string::npos) << planned;
  }
};

TEST_P(Smuggling, IsRefusedAndNothingAfterItIsServed) { expect_refusal(Plan::Body::whole, Sent::at_once); }

TEST_P(Smuggling, IsRefusedInAStreamedBody) { expect_refusal(Plan::Body::stream, Sent::at_once); }

TEST_P(Smuggling, IsRefusedWhenItComesByteByByte) { expect_refusal(Plan::Body::whole, Sent::byte_by_byte); }

INSTANTIATE_TEST_SUITE_P(Bytes, Smuggling, testing::ValuesIn(cases()), [](const auto& one) { return one.param.name; });

TEST_F(HttpTest, TrailersChangeNothing) {
  std::string seen;
  app.on("/", Plan::Body::whole, 1000, [&](Request& request) {
    for (const auto& [name, value] : request.headers) seen += name + "=" + value + ";";
    return text(request.body);
  });
  Client client(open());
  const std::string body = "3\r\nabc\r\n0\r\nContent-Length: 9\r\nHost: evil\r\nAuthorization: x\r\n\r\n";
  EXPECT_EQ(client.ask(chunked_head + body + get("/")).body, "abc");
  EXPECT_EQ(client.read_answer().status, 200) << "what follows is the next request";
  EXPECT_EQ(seen, "host=a;transfer-encoding=chunked;host=test;");
}

TEST_F(HttpTest, AHostThatOnlyLooksStrangeIsServed) {
  app.on("/", [](Request& request) { return text(request.host); });
  Client client(open());
  EXPECT_EQ(client.ask("GET / HTTP/1.1\r\nHost: [::1]:3004\r\n\r\n").body, "[::1]:3004");
}

}  // namespace
}  // namespace pysandbox::http
