#include "docker/input_archive.hpp"

#include <archive.h>
#include <archive_entry.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <exception>
#include <memory>
#include <string>

#include <pysandbox/error.hpp>

#include "container/input_bytes.hpp"
#include "support/syscall.hpp"

namespace pysandbox::docker {
namespace {

constexpr int block_bytes = 64 << 10;

class ArchiveWriter {
 public:
  explicit ArchiveWriter(const std::function<void(std::string_view)>& take)
      : take_(take), archive_(::archive_write_new()) {
    if (!archive_) throw Error(ErrorCode::unavailable, "no memory for an archive of inputs; try again");
    must(::archive_write_set_format_gnutar(archive_.get()));
    must(::archive_write_set_bytes_per_block(archive_.get(), block_bytes));
    must(::archive_write_set_bytes_in_last_block(archive_.get(), 1));  // no padding
    must(::archive_write_open(archive_.get(), this, nullptr, &ArchiveWriter::give, nullptr));
  }

  void begin(const std::string& path, std::uint64_t size) {
    const Entry entry = make_entry(path);
    ::archive_entry_set_filetype(entry.get(), AE_IFREG);
    ::archive_entry_set_size(entry.get(), static_cast<la_int64_t>(size));
    must(::archive_write_header(archive_.get(), entry.get()));
  }

  void add(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto count = ::archive_write_data(archive_.get(), bytes.data(), bytes.size());
      if (count <= 0) must(ARCHIVE_FATAL);
      bytes.remove_prefix(static_cast<std::size_t>(count));
    }
  }

  void add_file(const std::string& path, std::string_view content) {
    begin(path, content.size());
    add(content);
  }

  void add_link(const std::string& path, const std::string& target) {
    const Entry entry = make_entry(path);
    ::archive_entry_set_filetype(entry.get(), AE_IFLNK);
    ::archive_entry_set_symlink(entry.get(), target.c_str());
    must(::archive_write_header(archive_.get(), entry.get()));
  }

  void finish() { must(::archive_write_close(archive_.get())); }

 private:
  struct FreeArchive {
    void operator()(archive* one) const noexcept {
      ::archive_write_fail(one);  // what is not finished gets no end
      ::archive_write_free(one);
    }
  };
  struct FreeEntry {
    void operator()(archive_entry* one) const noexcept { ::archive_entry_free(one); }
  };
  using Entry = std::unique_ptr<archive_entry, FreeEntry>;

  static Entry make_entry(const std::string& path) {
    Entry entry(::archive_entry_new());
    if (!entry) throw Error(ErrorCode::unavailable, "no memory for an archive of inputs; try again");
    ::archive_entry_set_pathname(entry.get(), path.c_str());
    ::archive_entry_set_perm(entry.get(), 0644);
    return entry;
  }

  // C code calls it, which no exception may cross.
  static la_ssize_t give(archive*, void* self, const void* bytes, std::size_t count) noexcept {
    auto& writer = *static_cast<ArchiveWriter*>(self);
    try {
      writer.take_({static_cast<const char*>(bytes), count});
      return static_cast<la_ssize_t>(count);
    } catch (...) {
      writer.thrown_ = std::current_exception();
      return -1;
    }
  }

  void must(int code) {
    if (thrown_) std::rethrow_exception(std::exchange(thrown_, nullptr));
    if (code >= ARCHIVE_WARN) return;
    const char* text = ::archive_error_string(archive_.get());
    throw Error(ErrorCode::internal, std::string("cannot pack the inputs: ") + (text != nullptr ? text : "no reason"));
  }

  const std::function<void(std::string_view)>& take_;
  std::unique_ptr<archive, FreeArchive> archive_;
  std::exception_ptr thrown_{};
};

// Exactly as many as the archive's head says, which was written before.
void add_source(ArchiveWriter& archive, const ProgramInput& input, const std::string& place) {
  const UniqueFd file = container::open_source(input.source);
  struct stat status {};
  check(::fstat(file.get(), &status), "looking at the input " + input.source);
  auto left = static_cast<std::uint64_t>(status.st_size);
  archive.begin(place, left);
  std::array<char, 65536> buffer;
  while (left > 0) {
    const ssize_t count = ::read(file.get(), buffer.data(), std::min<std::uint64_t>(buffer.size(), left));
    if (count < 0 && errno == EINTR) continue;
    check(count, "reading the input " + input.source);
    if (count == 0) {
      throw Error(ErrorCode::unavailable, "the input " + input.source + " became shorter while it was read; try again");
    }
    archive.add({buffer.data(), static_cast<std::size_t>(count)});
    left -= static_cast<std::uint64_t>(count);
  }
}

void add_input(ArchiveWriter& archive, const ProgramInput& input) {
  const std::string place = "workspace/" + input.path;
  if (input.bytes) {
    archive.begin(place, input.size);
    container::read_bytes(input, [&](std::string_view part) { archive.add(part); });
  } else if (!input.source.empty()) {
    add_source(archive, input, place);
  } else {
    archive.add_file(place, input.content);
  }
}

}  // namespace

void write_inputs(const Program& program, const container::PackageAids& aids,
                  const std::function<void(std::string_view)>& take) {
  ArchiveWriter archive(take);
  for (const auto& input : program.inputs) add_input(archive, input);
  archive.add_file("workspace/" + program.entry_point, program.code);
  for (const auto& aid : aids.files) {
    if (aid.link_target.empty()) {
      archive.add_file("tmp/" + aid.path, aid.content);
    } else {
      archive.add_link("tmp/" + aid.path, aid.link_target);
    }
  }
  if (!program.stdin.empty()) archive.add_file("stdin", program.stdin);
  archive.finish();
}

}  // namespace pysandbox::docker
