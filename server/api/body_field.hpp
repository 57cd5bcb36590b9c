// BodyField: one value in a request's JSON, read as generously as workflow tools need it.
//
// Tools that fill in forms send text in place of values: a JSON text in place of an array or object, a number or a
// truth value in quotes, an empty text in place of nothing. All of that is understood here, and nowhere else.
//
// Every reader throws a Refusal that names the field ("files[2].path") for a value of a wrong type.
#pragma once

#include <boost/json/value.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/refusal.hpp"

namespace pysandbox::api {

// Throws a Refusal invalid_json for what is none.
boost::json::value parse_body(std::string_view text);

class BodyField {
 public:
  // The document, which must outlive the field and those taken from it.
  explicit BodyField(const boost::json::value& document) : value_(&document) {}

  const std::string& name() const { return name_; }

  // null, or an empty text.
  bool is_absent() const;

  // Of an object: one member, if it is there, or all.
  std::optional<BodyField> find(std::string_view key) const;
  std::vector<std::pair<std::string, BodyField>> members() const;
  std::vector<BodyField> elements() const;

  bool is_text() const { return value_->is_string(); }
  std::string text() const;
  std::vector<std::string> texts() const;  // an array of them
  double number() const;
  std::int64_t whole_number(std::int64_t minimum, std::int64_t maximum) const;
  std::optional<bool> flag() const;  // nothing if it is no truth value

  const boost::json::value& value() const { return *value_; }

  // Throws "<name> must be <expected>".
  [[noreturn]] void refuse(std::string_view expected) const;

 private:
  BodyField(const boost::json::value& value, std::string name, std::shared_ptr<const boost::json::value> owner)
      : value_(&value), name_(std::move(name)), owner_(std::move(owner)) {}

  BodyField member(std::string_view key, const boost::json::value& value) const;

  // The same field with what its text says, if it is one.
  BodyField decoded(std::string_view expected) const;

  const boost::json::value* value_;
  std::string name_{};                                 // empty for the document
  std::shared_ptr<const boost::json::value> owner_{};  // of `value_`, if that was a text
};

// The wrong fields of one request, so that its author hears of all of them at once.
class FieldProblems {
 public:
  // Calls `read`, and keeps the details of the Refusal that it may throw.
  template <class Read>
  void collect(const Read& read) {
    try {
      read();
    } catch (const Refusal& refusal) {
      add(refusal);
    }
  }

  void add(const Refusal& refusal);

  // One Refusal with the details of all. Its status and code are theirs if all agree, else 400 invalid_request.
  void throw_if_any() const;

 private:
  std::optional<Refusal> first_;
  boost::json::array details_;
  std::size_t count_ = 0;
  bool agree_ = true;
};

}  // namespace pysandbox::api
