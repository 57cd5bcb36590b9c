#include "docker/output_archive.hpp"

#include <archive.h>
#include <archive_entry.h>

#include <algorithm>
#include <array>
#include <exception>
#include <memory>
#include <string>
#include <utility>

#include <pysandbox/error.hpp>

#include "support/in_quotes.hpp"

namespace pysandbox::docker {
namespace {

class ArchiveReader {
 public:
  explicit ArchiveReader(const ArchiveSource& source) : source_(source), archive_(::archive_read_new()) {
    if (!archive_) throw Error(ErrorCode::unavailable, "no memory for an archive of files; try again");
    must(::archive_read_support_format_tar(archive_.get()));  // and no filter: nothing unpacks to more than it is
    must(::archive_read_open(archive_.get(), this, nullptr, &ArchiveReader::give, nullptr));
  }

  // Null at the end.
  archive_entry* next() {
    archive_entry* entry = nullptr;
    const int code = ::archive_read_next_header(archive_.get(), &entry);
    if (code == ARCHIVE_EOF && !thrown_) return nullptr;
    must(code);
    return entry;
  }

  std::size_t read(std::span<std::byte> buffer) {
    const auto count = ::archive_read_data(archive_.get(), buffer.data(), buffer.size());
    if (count < 0) must(ARCHIVE_FATAL);
    return static_cast<std::size_t>(count);
  }

 private:
  struct Free {
    void operator()(archive* one) const noexcept { ::archive_read_free(one); }
  };

  // C code calls it, which no exception may cross.
  static la_ssize_t give(archive*, void* self, const void** bytes) noexcept {
    auto& reader = *static_cast<ArchiveReader*>(self);
    try {
      *bytes = reader.buffer_.data();
      return static_cast<la_ssize_t>(reader.source_(reader.buffer_));
    } catch (...) {
      reader.thrown_ = std::current_exception();
      return -1;
    }
  }

  void must(int code) {
    if (thrown_) std::rethrow_exception(std::exchange(thrown_, nullptr));
    if (code >= ARCHIVE_WARN) return;
    const char* text = ::archive_error_string(archive_.get());
    throw Error(ErrorCode::unavailable, std::string("cannot read the files that came out of a container (") +
                                            (text != nullptr ? text : "no reason") + "); try again");
  }

  const ArchiveSource& source_;
  std::unique_ptr<archive, Free> archive_;
  std::array<char, 65536> buffer_;
  std::exception_ptr thrown_{};
};

class ArchivedFile final : public OutputFile {
 public:
  ArchivedFile(ArchiveReader& archive, const std::string& path, std::uint64_t size)
      : archive_(archive), path_(path), size_(size), left_(size) {}

  const std::string& path() const override { return path_; }
  std::uint64_t size() const override { return size_; }

  std::size_t read(std::span<std::byte> buffer) override {
    buffer = buffer.first(static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), left_)));
    const std::size_t count = buffer.empty() ? 0 : archive_.read(buffer);
    left_ -= count;
    return count;
  }

 private:
  ArchiveReader& archive_;
  const std::string& path_;
  std::uint64_t size_;
  std::uint64_t left_;
};

[[noreturn]] void refuse(const char* path) {
  throw Error(ErrorCode::unavailable, "a container sent the file " + in_quotes(path != nullptr ? path : "") +
                                          ", which is none that it was asked for: nothing more of it is taken");
}

}  // namespace

std::size_t read_outputs(const std::vector<ListedFile>& wanted, const ArchiveSource& source,
                         const std::function<void(OutputFile&)>& take) {
  ArchiveReader archive(source);
  std::size_t missing = 0;
  auto next = wanted.begin();
  while (archive_entry* entry = archive.next()) {
    const char* path = ::archive_entry_pathname(entry);
    const auto found =
        std::find_if(next, wanted.end(), [&](const ListedFile& file) { return path != nullptr && file.path == path; });
    const bool regular = ::archive_entry_filetype(entry) == AE_IFREG && ::archive_entry_hardlink(entry) == nullptr;
    if (found == wanted.end() || !regular || ::archive_entry_size(entry) < 0 ||
        static_cast<std::uint64_t>(::archive_entry_size(entry)) > found->size) {
      refuse(path);
    }
    missing += static_cast<std::size_t>(found - next);
    ArchivedFile file(archive, found->path, static_cast<std::uint64_t>(::archive_entry_size(entry)));
    take(file);
    next = found + 1;
  }
  return missing + static_cast<std::size_t>(wanted.end() - next);
}

}  // namespace pysandbox::docker
