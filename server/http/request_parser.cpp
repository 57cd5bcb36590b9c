#include "http/request_parser.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>

#include <cstdint>
#include <limits>

#include "http/text.hpp"

namespace pysandbox::http {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;

// In all of a body: chunk extensions mean nothing here, and cost (CVE-2023-39326, CVE-2025-55315).
constexpr std::size_t max_extension_bytes = 1024;
// A chunk's header line, and all trailers.
constexpr std::size_t max_unparsed_bytes = 8192;

// A body that is not copied: it only tells where in the parser's input the last piece of it lies.
struct PieceBody {
  using value_type = std::string_view;

  class reader {
   public:
    template <bool is_request, class Fields>
    reader(beast::http::header<is_request, Fields>&, value_type& piece) : piece_(piece) {}

    void init(const boost::optional<std::uint64_t>&, beast::error_code& error) { error = {}; }

    template <class Buffers>
    std::size_t put(const Buffers& buffers, beast::error_code& error) {
      error = {};
      const asio::const_buffer buffer = *asio::buffer_sequence_begin(buffers);
      piece_ = {static_cast<const char*>(buffer.data()), buffer.size()};
      return buffer.size();
    }

    void finish(beast::error_code& error) { error = {}; }

   private:
    value_type& piece_;
  };
};

Refusal bad_body(std::string_view why) {
  return {400, "bad_framing", "The chunks of the body are broken (" + std::string(why) + "); send it again."};
}

}  // namespace

struct RequestParser::Parser : beast::http::request_parser<PieceBody> {
  std::size_t extension_bytes = 0;
  std::function<void(std::uint64_t, beast::string_view, beast::error_code&)> on_chunk;
};

RequestParser::RequestParser() : parser_(std::make_unique<Parser>()) {
  parser_->eager(false);
  parser_->header_limit(std::numeric_limits<std::uint32_t>::max());  // HeadScan counted
  parser_->body_limit(boost::none);                                  // the session counts
  parser_->on_chunk = [this](std::uint64_t, beast::string_view extension, beast::error_code& error) {
    parser_->extension_bytes += extension.size();
    if (parser_->extension_bytes > max_extension_bytes) error = beast::http::error::bad_chunk_extension;
  };
  parser_->on_chunk_header(parser_->on_chunk);
}

RequestParser::~RequestParser() = default;

std::variant<Head, Refusal> RequestParser::parse_head(std::string_view bytes) {
  beast::error_code error;
  parser_->put(asio::buffer(bytes.data(), bytes.size()), error);
  if (error || !parser_->is_header_done())
    return Refusal{400, "bad_request", "The head is no HTTP/1.1 request (" + error.message() + ")."};
  const auto& message = parser_->get();
  Head head{std::string(message.method_string()), std::string(message.target()), static_cast<int>(message.version())};
  for (const auto& field : message) {
    std::string name(field.name_string());
    std::transform(name.begin(), name.end(), name.begin(), to_lower);
    head.headers.emplace_back(std::move(name), field.value());
  }
  return head;
}

RequestParser::Step RequestParser::parse_body(std::string_view bytes) {
  beast::error_code error;
  parser_->get().body() = {};
  const std::size_t used = parser_->put(asio::buffer(bytes.data(), bytes.size()), error);
  if (error && error != beast::http::error::need_more) return {0, {}, bad_body(error.message())};
  if (error && bytes.size() - used > max_unparsed_bytes) return {0, {}, bad_body("a header or trailer is too long")};
  return {used, parser_->get().body()};
}

bool RequestParser::is_done() const { return parser_->is_done(); }

}  // namespace pysandbox::http
