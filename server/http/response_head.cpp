#include "http/response_head.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>

#include <pysandbox/error.hpp>

#include "http/text.hpp"

namespace pysandbox::http {
namespace {

std::string_view reason(int status) {
  switch (status) {
    case 100:
      return "Continue";
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 206:
      return "Partial Content";
    case 301:
      return "Moved Permanently";
    case 302:
      return "Found";
    case 303:
      return "See Other";
    case 304:
      return "Not Modified";
    case 307:
      return "Temporary Redirect";
    case 308:
      return "Permanent Redirect";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 406:
      return "Not Acceptable";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 410:
      return "Gone";
    case 411:
      return "Length Required";
    case 412:
      return "Precondition Failed";
    case 413:
      return "Content Too Large";
    case 415:
      return "Unsupported Media Type";
    case 416:
      return "Range Not Satisfiable";
    case 417:
      return "Expectation Failed";
    case 422:
      return "Unprocessable Content";
    case 428:
      return "Precondition Required";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    case 507:
      return "Insufficient Storage";
    default:
      return "";
  }
}

// RFC 9110, 5.6.7; in English whatever the locale.
std::string date_now() {
  constexpr std::array days{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr std::array months{"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::time_t now = std::time(nullptr);
  std::tm utc{};
  ::gmtime_r(&now, &utc);
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%s, %02d %s %d %02d:%02d:%02d GMT",
                days[static_cast<std::size_t>(utc.tm_wday)], utc.tm_mday, months[static_cast<std::size_t>(utc.tm_mon)],
                utc.tm_year + 1900, utc.tm_hour, utc.tm_min, utc.tm_sec);
  return text.data();
}

bool belongs_to_session(std::string_view name) {
  constexpr std::array names{"content-length", "transfer-encoding", "connection", "date", "x-request-id"};
  return std::any_of(names.begin(), names.end(), [&](std::string_view own) { return equal_ignoring_case(name, own); });
}

void add(std::string& head, std::string_view name, std::string_view value) {
  const auto breaks_line = [](char byte) {
    return (static_cast<unsigned char>(byte) < 0x20 && byte != '\t') || byte == 0x7f;
  };
  if (!is_token(name) || std::any_of(value.begin(), value.end(), breaks_line))
    throw Error(ErrorCode::internal, "an answer has a header field that is none");
  head.append(name).append(": ").append(value).append("\r\n");
}

}  // namespace

bool may_have_body(int status) noexcept { return status >= 200 && status != 204 && status != 304; }

std::string response_head(const Response& response, const ResponseFraming& framing, std::string_view request_id) {
  std::string head = "HTTP/1.1 " + std::to_string(response.status) + ' ';
  head.append(reason(response.status)).append("\r\n");
  add(head, "Date", date_now());
  add(head, "X-Request-Id", request_id);
  for (const auto& [name, value] : response.headers)
    if (!belongs_to_session(name)) add(head, name, value);
  using Body = ResponseFraming::Body;
  if (framing.body == Body::sized) add(head, "Content-Length", std::to_string(framing.size));
  if (framing.body == Body::chunked) add(head, "Transfer-Encoding", "chunked");
  using Then = ResponseFraming::Then;
  if (framing.then == Then::close) add(head, "Connection", "close");
  if (framing.then == Then::keep_alive_said) add(head, "Connection", "keep-alive");
  return head += "\r\n";
}

}  // namespace pysandbox::http
