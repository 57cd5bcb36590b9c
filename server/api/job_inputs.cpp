#include "api/job_inputs.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <initializer_list>
#include <map>
#include <utility>

#include "api/wire_id.hpp"
#include "http/text.hpp"
#include "value/text.hpp"
#include "wire/base64.hpp"

namespace pysandbox::api {
namespace {

constexpr std::string_view upload_path = "/api/files/";

using Members = std::map<std::string, BodyField>;

// The members that are not null; a warning for each that is not one of `known`.
Members known_members(const BodyField& element, std::initializer_list<std::string_view> known, JobBody& body) {
  Members members;
  for (const auto& [key, field] : element.members()) {
    if (std::ranges::find(known, key) == known.end()) {
      warn_unknown(field, body);
    } else if (!field.value().is_null()) {
      members.emplace(key, field);
    }
  }
  return members;
}

std::string text_of(const Members& members, const std::string& key) {
  const auto found = members.find(key);
  return found == members.end() ? "" : found->second.text();
}

// 64 hexadecimal digits, in lower case.
std::string sha256_of(const Members& members) {
  const auto found = members.find("sha256");
  if (found == members.end() || found->second.is_absent()) return {};
  std::string text = found->second.text();
  for (char& digit : text) {
    if (!http::is_hex_digit(digit)) found->second.refuse("64 hexadecimal digits");
    digit = http::to_lower(digit);
  }
  if (text.size() != 64) found->second.refuse("64 hexadecimal digits");
  return text;
}

void add_upload(const BodyField& field, std::string_view id, InputFile input, JobBody& body) {
  const auto file_id = parse_wire_id(id);
  if (!file_id) field.refuse("the id or the url of an uploaded file, as its upload was answered");
  input.file_id = *file_id;
  body.uploads.push_back({field.name(), *file_id, std::exchange(input.sha256, {})});
  body.request.inputs.push_back(std::move(input));
}

void add_url(const BodyField& field, const std::string& url, InputFile input, JobBody& body) {
  if (url.starts_with(upload_path)) {
    return add_upload(field, std::string_view(url).substr(upload_path.size()), std::move(input), body);
  }
  const std::string_view scheme = std::string_view(url).substr(0, url.find(':') + 1);
  const bool is_web = http::equal_ignoring_case(scheme, "http:") || http::equal_ignoring_case(scheme, "https:");
  if (!is_web || !url.substr(scheme.size()).starts_with("//")) {
    field.refuse("a URL that begins with http:// or https://, or the url of an uploaded file (/api/files/...)");
  }
  if (find_invalid_utf8(url) || url.find('\0') != std::string::npos) field.refuse("text without NUL");
  input.url = url;
  body.request.inputs.push_back(std::move(input));
}

std::string content_of(const BodyField& content, std::string_view encoding, const Members& members) {
  if (encoding.empty() || encoding == "utf-8" || encoding == "utf8" || encoding == "text") return content.text();
  if (encoding != "base64") members.at("encoding").refuse("utf-8 or base64");
  auto bytes = parse_base64(content.text());
  if (!bytes) content.refuse("base64 with padding and without blanks");
  return *std::move(bytes);
}

}  // namespace

void warn_unknown(const BodyField& field, JobBody& body) {
  constexpr std::size_t most = 20;
  if (body.warnings.size() < most) {
    body.warnings.push_back(fmt::format("The field {} is not known here and was ignored.", field.name()));
  }
}

void read_data_url(const BodyField& element, JobBody& body) {
  const bool is_object = element.value().is_object() || (element.is_text() && element.text().starts_with('{'));
  if (!is_object) return add_url(element, element.text(), {.path = ""}, body);
  const Members members = known_members(element, {"url", "filename", "sha256"}, body);
  const auto url = members.find("url");
  if (url == members.end() || url->second.is_absent())
    throw wrong_field(element.name() + ".url", "is missing; give it");
  add_url(url->second, url->second.text(), {.path = text_of(members, "filename"), .sha256 = sha256_of(members)}, body);
}

void read_file(const BodyField& element, JobBody& body) {
  const Members members = known_members(element, {"path", "content", "encoding", "file_id"}, body);
  const std::string path = text_of(members, "path");
  const auto file_id = members.find("file_id");
  const auto content = members.find("content");
  if (file_id != members.end() && !file_id->second.is_absent()) {
    if (content != members.end() && !content->second.is_absent()) {
      throw wrong_field(element.name(), "has both content and file_id; give one of them");
    }
    return add_upload(file_id->second, file_id->second.text(), {.path = path}, body);
  }
  if (path.empty()) throw wrong_field(element.name() + ".path", "is missing; give it");
  // An empty file has an empty content; none at all is a slip.
  if (content == members.end()) throw wrong_field(element.name(), "has no content and no file_id; give one of them");
  InputFile input{.path = path, .content = content_of(content->second, text_of(members, "encoding"), members)};
  body.request.inputs.push_back(std::move(input));
}

}  // namespace pysandbox::api
