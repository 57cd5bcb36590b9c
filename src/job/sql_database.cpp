#include "job/sql_database.hpp"

namespace pysandbox {

std::int64_t SqlRow::integer() { return std::get<std::int64_t>(values_.at(taken_++)); }

std::optional<std::int64_t> SqlRow::optional_integer() {
  const Value& value = values_.at(taken_++);
  return value.index() == 0 ? std::nullopt : std::optional(std::get<std::int64_t>(value));
}

std::string SqlRow::bytes() { return std::get<std::string>(std::move(values_.at(taken_++))); }

std::optional<std::string> SqlRow::optional_bytes() {
  Value& value = values_.at(taken_++);
  return value.index() == 0 ? std::nullopt : std::optional(std::get<std::string>(std::move(value)));
}

}  // namespace pysandbox
