#include "api/zip_stream.hpp"

#include <archive.h>
#include <archive_entry.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <span>
#include <utility>

#include <pysandbox/error.hpp>

namespace pysandbox::api {
namespace {

struct FreeArchive {
  void operator()(struct archive* archive) const { ::archive_write_free(archive); }
};
struct FreeEntry {
  void operator()(struct archive_entry* entry) const { ::archive_entry_free(entry); }
};

constexpr std::size_t piece_bytes = 64 << 10;

class ZipWriter {
 public:
  explicit ZipWriter(std::vector<ZipEntry> entries) : entries_(std::move(entries)), archive_(::archive_write_new()) {
    if (!archive_) throw Error(ErrorCode::unavailable, "There is no memory for a ZIP archive; try again");
    check(::archive_write_set_format_zip(archive_.get()));
    // Names are given in UTF-8 whatever the locale; speed matters more than the last percent of size.
    check(::archive_write_set_options(archive_.get(), "zip:hdrcharset=UTF-8,zip:compression-level=3"));
    check(::archive_write_set_bytes_per_block(archive_.get(), 0));  // what is ready is handed out at once
    check(::archive_write_open(archive_.get(), this, nullptr, take, nullptr));
  }

  std::size_t read(std::span<std::byte> buffer) {
    while (begin_ == ready_.size() && !is_complete_) {
      ready_.clear();
      begin_ = 0;
      step();
    }
    const std::size_t count = std::min(buffer.size(), ready_.size() - begin_);
    std::memcpy(buffer.data(), ready_.data() + begin_, count);
    begin_ += count;
    return count;
  }

 private:
  static la_ssize_t take(struct archive*, void* self, const void* bytes, size_t count) {
    static_cast<ZipWriter*>(self)->ready_.append(static_cast<const char*>(bytes), count);
    return static_cast<la_ssize_t>(count);
  }

  void check(la_ssize_t result) {
    if (result >= ARCHIVE_OK || result == ARCHIVE_WARN) return;
    const char* const reason = archive_ ? ::archive_error_string(archive_.get()) : nullptr;
    throw Error(ErrorCode::unavailable, std::string("A ZIP archive cannot be made: ") +
                                            (reason == nullptr ? "no reason was given" : reason) + "; try again");
  }

  // The next piece of the file in hand, or the next file, or the archive's end.
  void step() {
    if (source_) return add_piece();
    if (next_ == entries_.size()) {
      check(::archive_write_close(archive_.get()));
      is_complete_ = true;
      return;
    }
    begin(entries_[next_++]);
  }

  void begin(const ZipEntry& entry) {
    source_ = entry.open();
    if (!source_) return;
    const std::unique_ptr<struct archive_entry, FreeEntry> header(::archive_entry_new());
    ::archive_entry_set_pathname_utf8(header.get(), entry.name.c_str());
    ::archive_entry_set_filetype(header.get(), AE_IFREG);
    ::archive_entry_set_perm(header.get(), 0644);
    ::archive_entry_set_size(header.get(), static_cast<la_int64_t>(entry.size));
    ::archive_entry_set_mtime(header.get(), std::chrono::system_clock::to_time_t(entry.modified_at), 0);
    check(::archive_write_header(archive_.get(), header.get()));
  }

  void add_piece() {
    const std::size_t count = (*source_)(piece_);
    if (count > 0) return check(::archive_write_data(archive_.get(), piece_.data(), count));
    check(::archive_write_finish_entry(archive_.get()));
    source_.reset();
  }

  std::vector<ZipEntry> entries_;
  std::size_t next_ = 0;
  std::optional<ByteSource> source_;
  std::vector<std::byte> piece_ = std::vector<std::byte>(piece_bytes);
  std::string ready_;
  std::size_t begin_ = 0;  // of what is left in `ready_`
  bool is_complete_ = false;
  std::unique_ptr<struct archive, FreeArchive> archive_;  // the first to go: it may call take() once more
};

}  // namespace

ByteSource zip_stream(std::vector<ZipEntry> entries) {
  const auto writer = std::make_shared<ZipWriter>(std::move(entries));
  return [writer](std::span<std::byte> buffer) { return writer->read(buffer); };
}

}  // namespace pysandbox::api
