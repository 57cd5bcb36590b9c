#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include <pysandbox/error.hpp>

#include "../../cli/sse_parser.hpp"

namespace pysandbox::cli {
namespace {

// All events of a text that comes in pieces of `size` bytes.
std::vector<ServerEvent> parse(std::string_view text, std::size_t size = std::string_view::npos) {
  SseParser parser;
  std::vector<ServerEvent> events;
  for (std::size_t at = 0; at < text.size(); at += std::min(size, text.size())) {
    parser.feed(text.substr(at, size), [&](const ServerEvent& event) { events.push_back(event); });
  }
  return events;
}

TEST(SseParser, ReadsIdNameAndData) {
  EXPECT_EQ(parse("id: 7\nevent: stdout\ndata: {\"text\":\"a\"}\n\n"),
            (std::vector<ServerEvent>{{"7", "stdout", "{\"text\":\"a\"}"}}));
}

TEST(SseParser, IsTheSameWhereverTheBytesAreCut) {
  const std::string text =
      "\xEF\xBB\xBF: hello\r\nid: 1\r\nevent: a\r\ndata: one\r\ndata:two\r\n\r\n"
      "data\rdata\r\r"
      "event: b\ndata:  two blanks\n\n";
  const std::vector<ServerEvent> expected = {{"1", "a", "one\ntwo"}, {"1", "message", "\n"}, {"1", "b", " two blanks"}};
  for (std::size_t size = 1; size <= text.size(); ++size) EXPECT_EQ(parse(text, size), expected) << size;
}

TEST(SseParser, DropsEventsWithoutDataAndThoseThatAreNotComplete) {
  EXPECT_TRUE(parse("event: a\n\n: comment\n\n").empty());
  EXPECT_TRUE(parse("event: a\ndata: 1\n").empty());
}

TEST(SseParser, ForgetsTheNameAndKeepsTheId) {
  EXPECT_EQ(parse("id: 3\nevent: a\ndata: 1\n\ndata: 2\n\n"),
            (std::vector<ServerEvent>{{"3", "a", "1"}, {"3", "message", "2"}}));
}

TEST(SseParser, IgnoresFieldsItDoesNotKnowAndIdsWithNul) {
  using namespace std::string_view_literals;
  EXPECT_EQ(parse("retry: 5\nid: 4\nid: 5\0\nwhat: x\nDATA: y\ndata: 1\n\n"sv),
            (std::vector<ServerEvent>{{"4", "message", "1"}}));
}

TEST(SseParser, RefusesAnEventWithoutEnd) {
  SseParser parser;
  const std::string piece(1 << 20, 'x');
  const auto feed_much = [&] {
    for (int count = 0; count < 65; ++count) parser.feed(piece, [](const ServerEvent&) {});
  };
  EXPECT_THROW(feed_much(), Error);
}

}  // namespace
}  // namespace pysandbox::cli
