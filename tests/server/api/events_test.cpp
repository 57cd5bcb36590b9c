// The log of a job as a stream of events.
#include <boost/json/object.hpp>

#include <gmock/gmock.h>

#include <string>
#include <vector>

#include "api_fixture.hpp"
#include "wire/json_document.hpp"

namespace pysandbox::testing {
namespace {

using namespace std::string_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

struct Event {
  std::string id;
  std::string name;
  boost::json::value data;
};

// As a browser reads it: fields on lines, an empty line behind each event.
std::vector<Event> events_in(std::string_view text) {
  std::vector<Event> events;
  Event event;
  while (!text.empty()) {
    const std::string line(text.substr(0, text.find('\n')));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    if (line.empty()) {
      events.push_back(std::exchange(event, {}));
    } else if (line.starts_with("id: ")) {
      event.id = line.substr(4);
    } else if (line.starts_with("event: ")) {
      event.name = line.substr(7);
    } else if (line.starts_with("data: ")) {
      event.data = parse_json(line.substr(6));
    } else {
      ADD_FAILURE() << "an unknown line: " << line;
    }
  }
  EXPECT_EQ(event.id, "") << "an event is not complete";
  return events;
}

std::vector<std::string> names_of(const std::vector<Event>& events) {
  std::vector<std::string> names;
  for (const Event& event : events) names.push_back(event.id + " " + event.name);
  return names;
}

class Events : public ApiTest {
 protected:
  Events() { start_idle(); }

  http::Response open(const std::string& id, const std::string& query = "", http::Headers headers = {}) {
    return respond({.target = "/api/jobs/" + id + "/events" + query, .headers = std::move(headers)});
  }

  // What there is now, and whether the stream has ended.
  static std::pair<std::vector<Event>, bool> read(http::Response& response) {
    auto& body = std::get<http::EventBody>(response.body);
    std::string text;
    for (;;) {
      const http::EventBody::Piece piece = body.next();
      text += piece.bytes;
      if (!piece.more) return {events_in(text), piece.end};
    }
  }

  std::vector<Event> all(const std::string& id, const std::string& query = "", http::Headers headers = {}) {
    http::Response response = open(id, query, std::move(headers));
    EXPECT_EQ(response.status, 200);
    return read(response).first;
  }

  // A job that printed three pieces and left a file.
  std::string ended_job() {
    const std::string id = submit();
    const Claim held = claim(id);
    jobs->append_output(held, Stream::stdout_stream, "a\n");
    jobs->append_output(held, Stream::stderr_stream, "b\r\n\r\nevent: end\ndata: {}\n\n");
    jobs->append_output(held, Stream::stdout_stream, "c\xff");
    const StoredFile file = files->add(
        "d/e.txt", [](std::span<std::byte>) { return std::size_t{0}; }, "alice");
    jobs->finish(held, {.outcome = Outcome::nonzero_exit,
                        .exit_code = 3,
                        .stdout = "a\nc\xff",
                        .stderr = "b\r\n\r\nevent: end\ndata: {}\n\n",
                        .artifacts = {{"d/e.txt", file.size, file.content_type, file.sha256, file.id}}});
    return id;
  }
};

TEST_F(Events, TellTheWholeStory) {
  const std::string id = ended_job();
  http::Response response = open(id);
  EXPECT_THAT(response.headers,
              ::testing::IsSupersetOf(http::Headers{{"Content-Type", "text/event-stream; charset=utf-8"},
                                                    {"Cache-Control", "no-store"},
                                                    {"X-Accel-Buffering", "no"},
                                                    {"X-Content-Type-Options", "nosniff"}}));
  const auto [events, is_end] = read(response);
  EXPECT_TRUE(is_end);
  EXPECT_THAT(names_of(events),
              ElementsAre("1 status", "2 status", "3 stdout", "4 stderr", "5 stdout", "6 file", "7 end"));
  EXPECT_EQ(events[0].data.at("status"), "queued");
  EXPECT_EQ(events[1].data.at("status"), "running");
  EXPECT_EQ(events[1].data.at("attempt"), 1);
  EXPECT_EQ(events[2].data.at("text"), "a\n");
  EXPECT_EQ(events[2].data.at("attempt"), 1);
  EXPECT_EQ(events[3].data.at("text"), "b\r\n\r\nevent: end\ndata: {}\n\n");
  EXPECT_EQ(events[4].data.at("text"), "c\xef\xbf\xbd");
  EXPECT_EQ(events[5].data.at("path"), "d/e.txt");
  EXPECT_EQ(events[5].data.at("filename"), "e.txt");
  EXPECT_EQ(events[5].data.at("size"), 0);
  EXPECT_EQ(get(std::string(events[5].data.at("url").as_string())).status, 200);
  EXPECT_EQ(events[6].data.at("status"), "failed");
  EXPECT_EQ(events[6].data.at("outcome"), "nonzero_exit");
  EXPECT_EQ(events[6].data.at("exit_code"), 3);
  for (const Event& event : events) EXPECT_TRUE(event.data.at("at").is_string());
}

TEST_F(Events, GoOnBehindTheLastOneThatCame) {
  const std::string id = ended_job();
  EXPECT_THAT(names_of(all(id, "?after=5")), ElementsAre("6 file", "7 end"));
  EXPECT_THAT(names_of(all(id, "", {{"last-event-id", "6"}})), ElementsAre("7 end"));
  EXPECT_THAT(names_of(all(id, "?after=2", {{"last-event-id", "6"}})), ElementsAre("7 end"));
  EXPECT_THAT(names_of(all(id, "?after=5", {{"last-event-id", ""}})), ElementsAre("6 file", "7 end"));
}

TEST_F(Events, TellWhoHasThemAllNotToComeAgain) {
  const std::string id = ended_job();
  for (const std::string query : {"?after=7", "?after=8", "?after=9223372036854775807"}) {
    const http::Response response = open(id, query);
    EXPECT_EQ(response.status, 204);
    EXPECT_EQ(std::get<std::string>(response.body), "");
  }
}

TEST_F(Events, RefuseNumbersThatAreNone) {
  const std::string id = submit();
  for (const std::string after : {"x", "-1", "1.5", "18446744073709551616", "9223372036854775808", "%27", "1%20"}) {
    const Answer answer = get("/api/jobs/" + id + "/events?after=" + after);
    EXPECT_EQ(answer.status, 400) << after;
    EXPECT_EQ(answer.text("/details/0/field"), "after");
  }
  EXPECT_EQ(settle(open(id, "", {{"last-event-id", "x"}})).text("/details/0/field"), "Last-Event-ID");
}

TEST_F(Events, ComeWhileTheJobRuns) {
  const std::string id = submit();
  http::Response response = open(id);
  int wakes = 0;
  auto subscription = std::get<http::EventBody>(response.body).subscribe([&] { ++wakes; });
  EXPECT_THAT(names_of(read(response).first), ElementsAre("1 status"));
  EXPECT_THAT(read(response).first, IsEmpty());

  const Claim held = claim(id);
  EXPECT_GT(std::exchange(wakes, 0), 0);
  EXPECT_THAT(names_of(read(response).first), ElementsAre("2 status"));
  jobs->append_output(held, Stream::stdout_stream, "x");
  EXPECT_GT(std::exchange(wakes, 0), 0);
  EXPECT_THAT(names_of(read(response).first), ElementsAre("3 stdout"));
  jobs->finish(held, {.outcome = Outcome::ok, .stdout = "x"});
  EXPECT_GT(std::exchange(wakes, 0), 0);
  const auto [events, is_end] = read(response);
  EXPECT_THAT(names_of(events), ElementsAre("4 end"));
  EXPECT_TRUE(is_end);

  subscription.reset();
  submit();
  EXPECT_EQ(wakes, 0);
}

TEST_F(Events, EndWhenTheirJobIsDeleted) {
  const std::string id = submit();
  http::Response response = open(id);
  read(response);
  jobs->cancel(inside(id));
  jobs->remove(inside(id));
  EXPECT_TRUE(read(response).second);
}

TEST_F(Events, OfALongLogComeInPieces) {
  const std::string id = submit();
  const Claim held = claim(id);
  for (int count = 0; count < 500; ++count) jobs->append_output(held, Stream::stdout_stream, "line\n");
  http::Response response = open(id);
  const http::EventBody::Piece first = std::get<http::EventBody>(response.body).next();
  EXPECT_TRUE(first.more);
  EXPECT_FALSE(first.end);
  const std::size_t seen = events_in(first.bytes).size();
  const auto [rest, is_end] = read(response);
  EXPECT_EQ(seen + rest.size(), 502U);
  EXPECT_EQ(rest.back().id, "502");
  EXPECT_FALSE(is_end);
}

}  // namespace
}  // namespace pysandbox::testing
