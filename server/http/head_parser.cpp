#include "http/head_parser.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>

#include <algorithm>
#include <limits>
#include <string>

#include "http/text.hpp"

namespace pysandbox::http {

namespace asio = boost::asio;
namespace beast = boost::beast;

std::variant<Head, Refusal> parse_head(std::string_view bytes) {
  beast::http::request_parser<beast::http::empty_body> parser;
  parser.header_limit(std::numeric_limits<std::uint32_t>::max());  // HeadScan counted
  parser.body_limit(boost::none);
  beast::error_code error;
  const std::size_t used = parser.put(asio::buffer(bytes.data(), bytes.size()), error);
  if (error || !parser.is_header_done() || used != bytes.size())
    return Refusal{400, "bad_request", "The head is no HTTP/1.1 request (" + error.message() + ")."};
  const auto& message = parser.get();
  Head head{std::string(message.method_string()), std::string(message.target()), static_cast<int>(message.version())};
  for (const auto& field : message) {
    std::string name(field.name_string());
    std::transform(name.begin(), name.end(), name.begin(), to_lower);
    head.headers.emplace_back(std::move(name), field.value());
  }
  return head;
}

}  // namespace pysandbox::http
