#include "environment/remote_inputs.hpp"

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

#include "environment/spool_file.hpp"
#include "file/digest.hpp"
#include "value/text.hpp"

namespace pysandbox {
namespace {

// What may be secret is left out: user info and the query, in which many a URL is signed.
std::string shown_url(std::string_view url) {
  url = url.substr(0, url.find_first_of("?#"));
  const auto slashes = url.find("//");
  const auto begin = slashes == url.npos ? 0 : slashes + 2;
  const auto end = std::min(url.find_first_of("/\\", begin), url.size());
  const auto at = url.substr(begin, end - begin).rfind('@');
  return at == url.npos ? quoted(url)
                        : quoted(std::string(url.substr(0, begin)) + std::string(url.substr(begin + at + 1)));
}

std::string subject(const InputFile& input) {
  return input.path.empty() ? "The input" : "The input " + quoted(input.path);
}

Missing missing_file(const InputFile& input, std::string_view why) {
  return {subject(input) + " cannot be had from the stored file " + quoted(input.file_id) + ": " + std::string(why)};
}

Missing missing_url(const InputFile& input, std::string_view why) {
  return {subject(input) + " cannot be had from the URL " + shown_url(input.url) + ": " + std::string(why)};
}

std::string lower_case(std::string text) {
  std::ranges::transform(text, text.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return text;
}

// A module in the workspace is imported in place of Python's own of that name. Who asks may bring one; a server that is
// asked for data may not.
std::string name_of(const WebResult& result, std::string_view url) {
  const std::string name = lower_case(result.name);
  const bool is_module = name.ends_with(".py") || name.ends_with(".pyc") || name.ends_with(".so");
  const bool was_asked_for = url.substr(0, url.find_first_of("?#")).ends_with("/" + result.name);
  return is_module && !was_asked_for ? result.name + ".txt" : result.name;
}

}  // namespace

Found find_stored(const InputFile& input, FileStore* files) {
  if (files == nullptr)
    return missing_file(input, "this sandbox has no file store; give it one, or the bytes as content");
  const std::optional<StoredFile> stored = files->find(input.file_id);
  std::optional<ByteSource> bytes = stored ? files->read(stored->id) : std::nullopt;
  if (!bytes) return missing_file(input, "there is no such file (any more); upload it again");
  return RemoteInput{.name = stored->name, .bytes = *std::move(bytes), .size = stored->size};
}

Found fetch(const InputFile& input, const InputSources& sources, std::uint64_t most_bytes) {
  if (sources.web == nullptr)
    return missing_url(input, "this sandbox fetches nothing; upload the file, or give it a web client");
  SpoolFile file(sources.spool_directory);
  Sha256 digest;
  std::uint64_t size = 0;
  const auto take = [&](std::span<const std::byte> piece) {
    size += piece.size();
    file.write(piece);
    if (!input.sha256.empty()) digest.update(piece);
  };
  const WebResult result = sources.web->fetch(input.url, most_bytes, take, sources.stop);
  if (!result.ok) return missing_url(input, result.problem);
  if (!input.sha256.empty() && digest.hex() != lower_case(input.sha256)) {
    return missing_url(input, "its SHA-256 is " + digest.hex() + " and not the one that was given; check both");
  }
  return RemoteInput{.name = name_of(result, input.url), .bytes = std::move(file).read_all(), .size = size};
}

}  // namespace pysandbox
