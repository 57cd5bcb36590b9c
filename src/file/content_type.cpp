#include "file/content_type.hpp"

#include <dlfcn.h>
#include <magic.h>

#include <algorithm>
#include <utility>

namespace pysandbox {
namespace {

struct Extension {
  std::string_view extension;
  std::string_view content_type;
};

// Formats that carry their own encoding (HTML apart, which is served more often than it is declared) get no charset.
constexpr Extension extensions[] = {
    {"7z", "application/x-7z-compressed"},
    {"arrow", "application/vnd.apache.arrow.file"},
    {"avi", "video/x-msvideo"},
    {"avif", "image/avif"},
    {"avro", "application/vnd.apache.avro"},
    {"bmp", "image/bmp"},
    {"bz2", "application/x-bzip2"},
    {"c", "text/x-c; charset=utf-8"},
    {"cpp", "text/x-c++; charset=utf-8"},
    {"css", "text/css; charset=utf-8"},
    {"csv", "text/csv; charset=utf-8"},
    {"db", "application/vnd.sqlite3"},
    {"doc", "application/msword"},
    {"docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"},
    {"eps", "application/postscript"},
    {"epub", "application/epub+zip"},
    {"feather", "application/vnd.apache.arrow.file"},
    {"flac", "audio/flac"},
    {"geojson", "application/geo+json"},
    {"gif", "image/gif"},
    {"gz", "application/gzip"},
    {"h5", "application/x-hdf5"},
    {"hdf5", "application/x-hdf5"},
    {"htm", "text/html; charset=utf-8"},
    {"html", "text/html; charset=utf-8"},
    {"ico", "image/vnd.microsoft.icon"},
    {"ics", "text/calendar; charset=utf-8"},
    {"ini", "text/plain; charset=utf-8"},
    {"ipynb", "application/x-ipynb+json"},
    {"jpeg", "image/jpeg"},
    {"jpg", "image/jpeg"},
    {"js", "text/javascript; charset=utf-8"},
    {"json", "application/json"},
    {"jsonl", "application/jsonl"},
    {"log", "text/plain; charset=utf-8"},
    {"m4a", "audio/mp4"},
    {"markdown", "text/markdown; charset=utf-8"},
    {"md", "text/markdown; charset=utf-8"},
    {"mkv", "video/x-matroska"},
    {"mov", "video/quicktime"},
    {"mp3", "audio/mpeg"},
    {"mp4", "video/mp4"},
    {"ndjson", "application/x-ndjson"},
    {"npy", "application/x-npy"},
    {"npz", "application/x-npz"},
    {"odp", "application/vnd.oasis.opendocument.presentation"},
    {"ods", "application/vnd.oasis.opendocument.spreadsheet"},
    {"odt", "application/vnd.oasis.opendocument.text"},
    {"ogg", "audio/ogg"},
    {"orc", "application/vnd.apache.orc"},
    {"parquet", "application/vnd.apache.parquet"},
    {"pdf", "application/pdf"},
    {"pickle", "application/x-python-pickle"},
    {"pkl", "application/x-python-pickle"},
    {"png", "image/png"},
    {"ppt", "application/vnd.ms-powerpoint"},
    {"pptx", "application/vnd.openxmlformats-officedocument.presentationml.presentation"},
    {"ps", "application/postscript"},
    {"py", "text/x-python; charset=utf-8"},
    {"rst", "text/x-rst; charset=utf-8"},
    {"rtf", "application/rtf"},
    {"sh", "text/x-shellscript; charset=utf-8"},
    {"sql", "application/sql"},
    {"sqlite", "application/vnd.sqlite3"},
    {"svg", "image/svg+xml"},
    {"tar", "application/x-tar"},
    {"tex", "text/x-tex; charset=utf-8"},
    {"tgz", "application/gzip"},
    {"tif", "image/tiff"},
    {"tiff", "image/tiff"},
    {"toml", "application/toml"},
    {"tsv", "text/tab-separated-values; charset=utf-8"},
    {"ttf", "font/ttf"},
    {"txt", "text/plain; charset=utf-8"},
    {"wasm", "application/wasm"},
    {"wav", "audio/wav"},
    {"webm", "video/webm"},
    {"webp", "image/webp"},
    {"woff2", "font/woff2"},
    {"xls", "application/vnd.ms-excel"},
    {"xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"},
    {"xml", "application/xml"},
    {"xz", "application/x-xz"},
    {"yaml", "application/yaml"},
    {"yml", "application/yaml"},
    {"zip", "application/zip"},
    {"zst", "application/zstd"},
};

// ".csv" has no extension: it is a hidden file of that name.
std::string extension_of(std::string_view name) {
  name.remove_prefix(std::min(name.size(), name.rfind('/') + 1));
  const std::size_t dot = name.rfind('.');
  if (dot == 0 || dot == std::string_view::npos) return {};
  std::string extension(name.substr(dot + 1));
  for (char& c : extension) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return extension;
}

std::string_view content_type_of_extension(std::string_view extension) {
  const auto* found = std::ranges::find(extensions, extension, &Extension::extension);
  return found == std::end(extensions) ? std::string_view() : found->content_type;
}

bool is_content_type(std::string_view text) {
  constexpr std::string_view allowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$&^_.+-/";
  return text.find_first_not_of(allowed) == std::string_view::npos && std::ranges::count(text, '/') == 1 &&
         text.front() != '/' && text.back() != '/';
}

// "text/plain; charset=us-ascii" as libmagic says it, "text/plain; charset=utf-8" as it is told on: any
// other charset is a guess.
std::string tidied(std::string_view answer) {
  const std::size_t semicolon = answer.find(';');
  const std::string_view type = answer.substr(0, semicolon);
  if (!is_content_type(type)) return std::string(unknown_content_type);
  const bool utf_8 = answer.ends_with("charset=us-ascii") || answer.ends_with("charset=utf-8");
  return std::string(type) + (utf_8 && type.starts_with("text/") ? "; charset=utf-8" : "");
}

}  // namespace

// libmagic with its database. It is loaded when it is first needed: linking it would cost every program
// start-up time, and most never need it.
class ContentSniffer::Magic {
 public:
  explicit Magic(const char* library) : library_(::dlopen(library, RTLD_NOW | RTLD_LOCAL)) {
    const auto open = symbol<decltype(&magic_open)>("magic_open");
    const auto load = symbol<decltype(&magic_load)>("magic_load");
    buffer_ = symbol<decltype(&magic_buffer)>("magic_buffer");
    close_ = symbol<decltype(&magic_close)>("magic_close");
    if (open == nullptr || load == nullptr || buffer_ == nullptr || close_ == nullptr) return;
    cookie_ = open(flags);
    if (cookie_ != nullptr && load(cookie_, nullptr) != 0) close_(std::exchange(cookie_, nullptr));
  }

  ~Magic() {
    if (cookie_ != nullptr) close_(cookie_);
    if (library_ != nullptr) ::dlclose(library_);
  }

  Magic(const Magic&) = delete;
  Magic& operator=(const Magic&) = delete;

  const char* describe(std::span<const std::byte> bytes) {
    return cookie_ == nullptr ? nullptr : buffer_(cookie_, bytes.data(), bytes.size());
  }

 private:
  // The bytes come from programs that nobody trusts: its decompressors and its parsers of whole formats stay off.
  static constexpr int flags = MAGIC_MIME | MAGIC_NO_CHECK_COMPRESS | MAGIC_NO_CHECK_ELF | MAGIC_NO_CHECK_CDF;

  template <typename Function>
  Function symbol(const char* name) const {
    return library_ == nullptr ? nullptr : reinterpret_cast<Function>(::dlsym(library_, name));
  }

  void* library_;
  magic_t cookie_ = nullptr;
  decltype(&magic_buffer) buffer_ = nullptr;
  decltype(&magic_close) close_ = nullptr;
};

ContentSniffer::ContentSniffer(const char* library) : magic_(std::make_unique<Magic>(library)) {}
ContentSniffer::~ContentSniffer() = default;

std::string ContentSniffer::sniff(std::span<const std::byte> beginning) {
  if (beginning.empty()) return std::string(unknown_content_type);
  const std::lock_guard lock(mutex_);
  const char* answer = magic_->describe(beginning.first(std::min(beginning.size(), content_type_bytes)));
  return answer == nullptr ? std::string(unknown_content_type) : tidied(answer);
}

std::string content_type(std::string_view name, std::span<const std::byte> beginning) {
  if (const std::string_view known = content_type_of_extension(extension_of(name)); !known.empty()) {
    return std::string(known);
  }
  if (beginning.empty()) return std::string(unknown_content_type);
  static ContentSniffer sniffer;  // its database takes longer to load than to ask
  return sniffer.sniff(beginning);
}

}  // namespace pysandbox
