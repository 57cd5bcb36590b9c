// POST and PUT /api/files, and what is below it.
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <string>
#include <utility>
#include <vector>

#include "api/downloads.hpp"
#include "api/handlers.hpp"
#include "api/json_response.hpp"
#include "api/own.hpp"
#include "api/refusal.hpp"
#include "api/time_text.hpp"
#include "api/wire_id.hpp"
#include "http/multipart.hpp"
#include "value/text.hpp"

namespace pysandbox::api {
namespace {

namespace json = boost::json;

// What is behind the last separator: some clients send the whole path.
std::string base_name(std::string_view name) {
  name.remove_prefix(name.find_last_of("/\\") + 1);
  return std::string(name == "." || name == ".." ? std::string_view() : name);
}

json::object upload_answer(const StoredFile& file, std::chrono::seconds retention) {
  const std::string id = to_wire_id(file.id);
  const bool expires = retention.count() > 0;
  return json::object{
      {"file_id", id},
      {"filename", repair_utf8(file.name)},
      {"size", file.size},
      {"url", "/api/files/" + id},
      {"content_type", repair_utf8(file.content_type)},
      {"sha256", file.sha256},
      {"expires_at", expires ? json::value(time_text(file.created_at + retention)) : json::value()},
  };
}

// The files of one upload: all of them stay, or none.
class Upload {
 public:
  explicit Upload(FileStore& files) : files_(files) {}

  ~Upload() {
    if (is_kept_) return;
    for (const StoredFile& file : stored_) try_remove(file.id);
  }

  Upload(const Upload&) = delete;
  Upload& operator=(const Upload&) = delete;

  void add(std::string_view name, const ByteSource& bytes, std::string_view owner) {
    stored_.push_back(files_.add(name, bytes, owner));
  }

  const std::vector<StoredFile>& keep() {
    is_kept_ = true;
    return stored_;
  }

 private:
  // What cannot be removed now is removed when its time is over.
  void try_remove(const FileId& id) noexcept {
    try {
      files_.remove(id);
    } catch (const Error&) {
    }
  }

  FileStore& files_;
  std::vector<StoredFile> stored_;
  bool is_kept_ = false;
};

// curl -F file=text sends a part without a file's name.
std::string name_of(const http::Part& part) {
  if (!part.filename) return "file";
  std::string name = base_name(*part.filename);
  if (name.empty()) throw wrong_field("file", "has no filename; choose a file, or name it");
  return name;
}

}  // namespace

http::Response upload_parts(Call& call) {
  const Context& context = call.context;
  http::Multipart multipart(call.request.header("content-type").value_or(""), std::move(call.request.body_stream));
  Upload upload(context.files);
  while (const auto part = multipart.next_part()) {
    if (part->name.empty()) throw Refusal(400, "invalid_request", "A part has an empty name; name it file");
    if (part->name == "file") upload.add(name_of(*part), part->bytes, call.caller.owner);
  }
  const std::vector<StoredFile>& files = upload.keep();
  if (files.empty()) throw wrong_field("file", "is missing; send the file as a part of that name");
  json::object answer = upload_answer(files.front(), context.limits.file_retention);
  if (files.size() > 1) {
    json::array all;
    for (const StoredFile& file : files) all.push_back(upload_answer(file, context.limits.file_retention));
    answer["files"] = std::move(all);
  }
  return json_response(201, answer);
}

http::Response upload_body(Call& call) {
  const std::string name = base_name(call.request.parameter("filename").value_or(""));
  if (name.empty()) throw wrong_field("filename", "is missing in the query; name the file: /api/files?filename=NAME");
  const StoredFile file = call.context.files.add(name, call.request.body_stream, call.caller.owner);
  return json_response(201, upload_answer(file, call.context.limits.file_retention));
}

http::Response get_upload(Call& call) {
  const StoredFile file = own_upload(call);
  return file_response(call.request, call.context.files, file, file.name);
}

http::Response delete_upload(Call& call) {
  const StoredFile file = own_upload(call);
  if (!call.context.files.remove(file.id)) throw file_not_found();
  return json_response(200, json::object{{"file_id", to_wire_id(file.id)}, {"message", "File deleted"}});
}

}  // namespace pysandbox::api
