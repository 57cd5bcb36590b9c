#include "packages/lock.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value_to.hpp>

#include <span>

#include "file/digest.hpp"
#include "wire/json_document.hpp"

namespace pysandbox::packages {
namespace {

namespace json = boost::json;

// Another number for another way to unpack or compile, so that what older versions made is left alone.
constexpr std::string_view layout = "1";

std::string text_at(const json::object& object, std::string_view key) {
  const json::string& text = object.at(key).as_string();
  return {text.data(), text.size()};
}

}  // namespace

std::string sha256_of(std::string_view text) {
  Sha256 digest;
  digest.update(std::as_bytes(std::span(text)));
  return digest.hex();
}

std::string Lock::digest(const Interpreter& interpreter) const {
  std::string all = "pysandbox environment " + std::string(layout) + "\n" + interpreter.identity() + "\n";
  for (const auto& wheel : wheels) all += wheel.name + "==" + wheel.version + " sha256:" + wheel.sha256 + "\n";
  return sha256_of(all);
}

std::string lock_to_json(const Lock& lock) {
  json::array wheels;
  for (const auto& wheel : lock.wheels) {
    wheels.push_back(json::object{{"name", wheel.name},
                                  {"version", wheel.version},
                                  {"file", wheel.file},
                                  {"sha256", wheel.sha256},
                                  {"url", wheel.url},
                                  {"size", wheel.size}});
  }
  return write_json(json::object{{"wheels", std::move(wheels)}}, JsonStyle::indented) + "\n";
}

Lock lock_from_json(std::string_view text) {
  Lock lock;
  const json::value all = parse_json(text);
  for (const auto& value : all.as_object().at("wheels").as_array()) {
    const json::object& wheel = value.as_object();
    lock.wheels.push_back({text_at(wheel, "name"), text_at(wheel, "version"), text_at(wheel, "file"),
                           text_at(wheel, "sha256"), text_at(wheel, "url"),
                           wheel.at("size").to_number<std::uint64_t>()});
  }
  return lock;
}

}  // namespace pysandbox::packages
