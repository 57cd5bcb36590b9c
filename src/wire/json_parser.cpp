#include <pysandbox/error.hpp>

#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/value_stack.hpp>

#include <fmt/format.h>

#include <set>
#include <vector>

#include "wire/json_document.hpp"
#include "value/text.hpp"

namespace pysandbox {
namespace {

namespace json = boost::json;
using ErrorCodeOut = json::error_code&;

constexpr std::size_t deepest = 32;

// Builds a value from the parser's events. Boost.JSON's own builder keeps the last of two equal keys and says
// nothing: whoever checked the first would be deceived.
class ValueBuilder {
 public:
  static constexpr std::size_t max_object_size = json::object::max_size();
  static constexpr std::size_t max_array_size = json::array::max_size();
  static constexpr std::size_t max_key_size = json::string::max_size();
  static constexpr std::size_t max_string_size = json::string::max_size();

  const std::string& key_given_twice() const { return key_given_twice_; }
  json::value release() { return values_.release(); }

  bool on_document_begin(ErrorCodeOut) {
    values_.reset();
    return true;
  }
  bool on_document_end(ErrorCodeOut) { return true; }

  bool on_object_begin(ErrorCodeOut) {
    open_objects_.emplace_back();
    return true;
  }
  bool on_object_end(std::size_t size, ErrorCodeOut) {
    open_objects_.pop_back();
    values_.push_object(size);
    return true;
  }
  bool on_array_begin(ErrorCodeOut) { return true; }
  bool on_array_end(std::size_t size, ErrorCodeOut) {
    values_.push_array(size);
    return true;
  }

  bool on_key_part(json::string_view part, std::size_t, ErrorCodeOut) {
    key_.append(part.data(), part.size());
    values_.push_chars(part);
    return true;
  }
  bool on_key(json::string_view part, std::size_t, ErrorCodeOut error) {
    key_.append(part.data(), part.size());
    values_.push_key(part);
    const bool is_new = open_objects_.back().insert(key_).second;
    if (!is_new) {
      key_given_twice_ = quoted(key_);
      error = json::make_error_code(json::error::syntax);
    }
    key_.clear();
    return is_new;
  }

  bool on_string_part(json::string_view part, std::size_t, ErrorCodeOut) {
    values_.push_chars(part);
    return true;
  }
  bool on_string(json::string_view part, std::size_t, ErrorCodeOut) {
    values_.push_string(part);
    return true;
  }

  bool on_number_part(json::string_view, ErrorCodeOut) { return true; }
  bool on_int64(std::int64_t value, json::string_view, ErrorCodeOut) {
    values_.push_int64(value);
    return true;
  }
  bool on_uint64(std::uint64_t value, json::string_view, ErrorCodeOut) {
    values_.push_uint64(value);
    return true;
  }
  bool on_double(double value, json::string_view, ErrorCodeOut) {
    values_.push_double(value);
    return true;
  }
  bool on_bool(bool value, ErrorCodeOut) {
    values_.push_bool(value);
    return true;
  }
  bool on_null(ErrorCodeOut) {
    values_.push_null();
    return true;
  }

  bool on_comment_part(json::string_view, ErrorCodeOut) { return true; }
  bool on_comment(json::string_view, ErrorCodeOut) { return true; }

 private:
  json::value_stack values_;
  std::vector<std::set<std::string>> open_objects_;  // the keys so far of each object we are in
  std::string key_;
  std::string key_given_twice_;
};

}  // namespace

json::value parse_json(std::string_view text) {
  json::parse_options options;
  options.max_depth = deepest;
  json::basic_parser<ValueBuilder> parser(options);
  json::error_code error;
  const std::size_t used = parser.write_some(false, text.data(), text.size(), error);
  if (!error && used < text.size()) error = json::make_error_code(json::error::extra_data);
  if (!error) return parser.handler().release();

  const std::string& key = parser.handler().key_given_twice();
  if (!key.empty()) {
    throw Error(ErrorCode::invalid_request,
                fmt::format("the key {} is given twice in one JSON object; give it once", key));
  }
  throw Error(
      ErrorCode::invalid_request,
      fmt::format(
          "the text is not JSON from about byte {} on ({}); send one JSON value in UTF-8, at most {} levels deep", used,
          error.message(), deepest));
}

}  // namespace pysandbox
