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

// What an environment's digest says of a wheel.
std::string identity_of(const LockedWheel& wheel) {
  if (!wheel.source) return "sha256:" + wheel.sha256;
  return "source-sha256:" + wheel.source->sha256 + " built-in:" + wheel.source->environment;
}

json::object to_json(const LockedWheel& wheel) {
  json::object object{{"name", wheel.name},     {"version", wheel.version}, {"file", wheel.file},
                      {"sha256", wheel.sha256}, {"url", wheel.url},         {"size", wheel.size}};
  if (const auto& source = wheel.source) {
    object["source"] = json::object{{"file", source->file},
                                    {"sha256", source->sha256},
                                    {"url", source->url},
                                    {"environment", source->environment},
                                    {"key", source->key}};
  }
  return object;
}

LockedWheel wheel_of(const json::object& object) {
  LockedWheel wheel{text_at(object, "name"), text_at(object, "version"),
                    text_at(object, "file"), text_at(object, "sha256"),
                    text_at(object, "url"),  object.at("size").to_number<std::uint64_t>()};
  if (const json::value* value = object.if_contains("source")) {
    const json::object& source = value->as_object();
    wheel.source = BuiltFrom{text_at(source, "file"), text_at(source, "sha256"), text_at(source, "url"),
                             text_at(source, "environment"), text_at(source, "key")};
  }
  return wheel;
}

}  // namespace

std::string sha256_of(std::string_view text) {
  Sha256 digest;
  digest.update(std::as_bytes(std::span(text)));
  return digest.hex();
}

std::string Lock::digest(const Interpreter& interpreter) const {
  std::string all = "pysandbox environment " + std::string(layout) + "\n" + interpreter.identity() + "\n";
  for (const auto& wheel : wheels) all += wheel.name + "==" + wheel.version + " " + identity_of(wheel) + "\n";
  return sha256_of(all);
}

std::string lock_to_json(const Lock& lock) {
  json::array wheels;
  for (const auto& wheel : lock.wheels) wheels.push_back(to_json(wheel));
  return write_json(json::object{{"wheels", std::move(wheels)}}, JsonStyle::indented) + "\n";
}

Lock lock_from_json(std::string_view text) {
  Lock lock;
  const json::value all = parse_json(text);
  for (const auto& value : all.as_object().at("wheels").as_array()) lock.wheels.push_back(wheel_of(value.as_object()));
  return lock;
}

}  // namespace pysandbox::packages
