// What the HTTP server serves: an Application, in plain types. Nothing here knows Beast, and nothing in http/ knows jobs.
//
// The life of a request: its head is read and checked (framing.hpp); plan() says how to go on; the body is read as the
// plan says; the handler makes the Response on a handler thread; the session sends it.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <pysandbox/byte_source.hpp>

namespace pysandbox::http {

// Field names in lower case, in the order they came.
using Headers = std::vector<std::pair<std::string, std::string>>;

struct Request {
  std::string method;                 // "GET"
  std::string target;                 // as it came: "/api/jobs?limit=2"
  std::vector<std::string> segments;  // of the path, percent-decoded: {"api", "jobs"}; no "." or "..", and an empty one only last: "/a/" is {"a", ""}
  std::vector<std::pair<std::string, std::string>> query;  // decoded
  Headers headers;
  std::string host;            // the one Host field
  std::string client_address;  // "127.0.0.1"
  std::string id;              // of this request; also sent back as X-Request-Id
  std::string body;            // whole, if the plan asked for that
  ByteSource body_stream;      // else its bytes as they arrive; throws Error if the client breaks off or is too slow, Error{too_large} beyond the plan's bound

  std::optional<std::string_view> header(std::string_view lower_case_name) const;
  std::optional<std::string_view> parameter(std::string_view name) const;  // the first of that name
};

struct Response;

// From any thread, any number of times, also when nobody listens any more.
using Wake = std::function<void()>;

// Calls `wake` whenever it is worth looking again, until what it returned is destroyed.
using Subscribe = std::function<std::shared_ptr<void>(Wake)>;

// A body that comes from somewhere, piece by piece. Read on handler threads.
struct StreamBody {
  ByteSource bytes;
  std::optional<std::uint64_t> size;  // unknown: chunked
};

// Server-sent events. `next` runs on a handler thread: at first, after each wake, and at once again while it says `more`.
struct EventBody {
  struct Piece {
    std::string bytes;  // whole events; empty if there is nothing new
    bool more = false;
    bool end = false;
  };
  Subscribe subscribe;
  std::function<Piece()> next;
};

// An answer that is not there yet. `look` runs on a handler thread: at first, after each wake, and for the last time
// at the deadline, when it must answer.
struct Waiting {
  enum class Turn { early, last };
  Subscribe subscribe;
  std::chrono::steady_clock::time_point deadline;
  std::function<std::optional<Response>(Turn)> look;
};

struct Response {
  int status = 200;
  Headers headers{};  // Content-Length, Transfer-Encoding, Connection, Date and X-Request-Id are the session's
  std::variant<std::string, StreamBody, EventBody, std::shared_ptr<Waiting>> body{};
};

using Handler = std::function<Response(Request&)>;

struct Plan {
  enum class Body { none, whole, stream };
  Body body = Body::none;       // none: a body is refused with 400
  std::uint64_t max_bytes = 0;  // more is answered with 413
  Handler handler;              // on a handler thread; with Body::stream on one that may be busy for long. What it throws is handed to failure()
};

class Application {
 public:
  virtual ~Application() = default;

  // By the head alone (Request without body), on an I/O thread: quick, without waiting for anything. A Response
  // instead of a Plan is sent right away, and the body is not read.
  virtual std::variant<Plan, Response> plan(const Request& head) = 0;

  // How the session's own refusals look (on an I/O thread): `code` is a machine word ("bad_framing"), `sentence` for a person.
  virtual Response refusal(int status, std::string_view code, std::string_view sentence, const std::string& request_id) = 0;

  // How an exception of a handler looks. As with a refusal, its body is a string. On the thread that threw.
  virtual Response failure(const std::exception& error, const Request& request) = 0;

  // After the last byte of an answer (or the connection) is gone: for metrics and the access log. On an I/O thread.
  // Status 499: the client left before there was an answer. An answer that broke off has the status of its failure.
  virtual void answered(const Request& request, int status, std::chrono::microseconds took) = 0;
};

}  // namespace pysandbox::http
