#include "remote_files.hpp"

#include <fmt/format.h>

#include <pysandbox/error.hpp>
#include <pysandbox/file_store.hpp>

#include "report.hpp"
#include "wire/json_field.hpp"

namespace pysandbox::cli {
namespace {

int percent(std::uint64_t part, std::uint64_t whole) {
  return whole == 0 ? 100 : static_cast<int>(100.0 * static_cast<double>(part) / static_cast<double>(whole));
}

Error wrong_bytes(const RemoteFile& file, const std::string& what) {
  return {ErrorCode::unavailable,
          fmt::format("the file {} did not arrive as it was kept: {}; fetch it again", printable(file.path), what)};
}

// Throws instead of ending when the size is not the one that was promised: then nothing is kept.
ByteSource body_of(HttpExchange& exchange, const RemoteFile& file, ProgressLine& progress) {
  return [&exchange, &file, &progress, taken = std::uint64_t{0}](std::span<std::byte> buffer) mutable {
    const std::size_t count = exchange.read(buffer);
    taken += count;
    if (taken > file.size || (count == 0 && taken < file.size)) {
      throw wrong_bytes(file, fmt::format("it should have {} bytes", file.size));
    }
    progress.say("fetching " + printable(file.path), fmt::format("{} %", percent(taken, file.size)));
    return count;
  };
}

}  // namespace

std::vector<RemoteFile> read_files(const boost::json::value& answer) {
  std::vector<RemoteFile> files;
  for (const JsonField& field : JsonField(answer, "").at("files").elements()) {
    files.push_back({.id = field.at("id").text(),
                     .path = field.at("path").bytes(),
                     .size = field.at("size").whole_number<std::uint64_t>(),
                     .sha256 = field.at("sha256").text(),
                     .url = field.at("url").text()});
  }
  return files;
}

void fetch_files(ServerApi& api, const std::string& job, const std::vector<RemoteFile>& files,
                 const std::string& directory, ProgressLine& progress) {
  const auto store = open_export_directory(directory);
  for (const RemoteFile& file : files) {
    const auto exchange = api.download(job, file.id);
    const StoredFile stored = store->add(file.path, body_of(*exchange, file, progress));
    if (stored.sha256 == file.sha256) continue;
    store->remove(stored.id);
    throw wrong_bytes(file, "its SHA-256 is another one");
  }
}

}  // namespace pysandbox::cli
