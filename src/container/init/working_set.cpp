#include "container/init/working_set.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace pysandbox::container::init {
namespace {

constexpr std::uint64_t page_size = 4096;
constexpr std::uint64_t largest_area = 1 << 16;  // pages; beyond that nobody looks
constexpr std::uint64_t most_pages = 1 << 18;    // that are looked at
constexpr std::size_t most_areas = 1'500;
constexpr std::size_t most_ranges = 1'000;
constexpr std::uint64_t most_written = 4'096;  // pages, 16 MB; more than that is no gain
// A call for another range takes as long as so many pages do that are made for nothing.
constexpr std::uint64_t gap_between_written = 2;
constexpr std::uint64_t gap_between_mapped = 16;

struct Range {
  std::uint64_t start;
  std::uint32_t pages;
  int advice;
};

struct Ranges {
  std::size_t count;
  Range all[most_ranges];
};

struct Area {
  std::uint64_t start;
  std::uint64_t pages;
  std::uint64_t first;  // of its pages, among all
  bool is_writable;
};

enum class Page : std::uint8_t { absent, shared, own, mapped };

// Of the scout alone.
struct Look {
  std::size_t count;
  std::uint64_t pages;
  Area areas[most_areas];
  Page before[most_pages];
};

// A zygote has one of each, and none that it could be given by its caller: the interpreter's.
Ranges* told = nullptr;  // by the scout
Look* look = nullptr;
Ranges known{};

template <typename What>
What* map_new(int flags) noexcept {
  void* const place = ::mmap(nullptr, sizeof(What), PROT_READ | PROT_WRITE, flags | MAP_ANONYMOUS, -1, 0);
  return place == MAP_FAILED ? nullptr : static_cast<What*>(place);
}

// Bits 63, 61 and 56: Documentation/admin-guide/mm/pagemap.rst.
Page page_of(std::uint64_t entry) noexcept {
  if ((entry >> 63 & 1) == 0) return Page::absent;
  if ((entry >> 61 & 1) != 0) return Page::mapped;
  return (entry >> 56 & 1) != 0 ? Page::own : Page::shared;
}

// Calls `each` with the pages of one area, in their order.
template <typename Each>
void for_each_page(int pagemap, const Area& area, Each&& each) noexcept {
  std::uint64_t entries[512];
  for (std::uint64_t done = 0; done < area.pages;) {
    const std::uint64_t wanted = area.pages - done < 512 ? area.pages - done : 512;
    const ssize_t bytes =
        ::pread(pagemap, entries, wanted * 8, static_cast<off_t>((area.start / page_size + done) * 8));
    if (bytes <= 0) return;
    for (ssize_t i = 0; i < bytes / 8; ++i) each(done + static_cast<std::uint64_t>(i), page_of(entries[i]));
    done += static_cast<std::uint64_t>(bytes) / 8;
  }
}

// One line of /proc/self/maps: "start-end perms ...".
void add_area(char* line) noexcept {
  char* end = nullptr;
  const std::uint64_t start = std::strtoull(line, &end, 16);
  if (*end != '-') return;
  const std::uint64_t pages = (std::strtoull(end + 1, &end, 16) - start) / page_size;
  const bool is_private = end[0] == ' ' && end[1] == 'r' && end[4] == 'p';
  if (!is_private || std::strstr(end, "[v") != nullptr || pages > largest_area) return;
  if (look->count == most_areas || pages > most_pages - look->pages) return;
  look->areas[look->count++] = {start, pages, look->pages, end[2] == 'w'};
  look->pages += pages;
}

void read_areas() noexcept {
  const int maps = ::open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
  if (maps < 0) return;
  char text[8192];
  std::size_t held = 0;
  for (ssize_t count; (count = ::read(maps, text + held, sizeof text - 1 - held)) > 0;) {
    held += static_cast<std::size_t>(count);
    text[held] = '\0';
    char* line = text;
    for (char* end; (end = std::strchr(line, '\n')) != nullptr; line = end + 1) {
      *end = '\0';
      add_area(line);
    }
    held = static_cast<std::size_t>(text + held - line);
    if (held == sizeof text - 1) held = 0;
    std::memmove(text, line, held);
  }
  ::close(maps);
}

// Longer than the last one by what lies close, or another one.
void add(const Area& area, std::uint64_t page, int advice, std::uint64_t gap) noexcept {
  const std::uint64_t address = area.start + page * page_size;
  if (told->count > 0) {
    Range& last = told->all[told->count - 1];
    const std::uint64_t end = last.start + last.pages * page_size;
    if (last.advice == advice && last.start >= area.start && address >= end && address - end <= gap * page_size) {
      last.pages = static_cast<std::uint32_t>((address - last.start) / page_size + 1);
      return;
    }
  }
  if (told->count < most_ranges) told->all[told->count++] = {address, 1, advice};
}

std::uint64_t written_pages() noexcept {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < told->count; ++i) {
    if (told->all[i].advice == MADV_POPULATE_WRITE) sum += told->all[i].pages;
  }
  return sum;
}

}  // namespace

void expect_working_set() noexcept {
  known.count = 0;
  told = map_new<Ranges>(MAP_SHARED);
}

void take_working_set(bool is_whole) noexcept {
  if (told == nullptr) return;
  if (is_whole && told->count <= most_ranges && written_pages() <= most_written) known = *told;
  if (::munmap(told, sizeof(Ranges)) != 0) ::_exit(1);  // what is forked must share nothing that can be written
  told = nullptr;
}

void note_pages_before() noexcept {
  look = map_new<Look>(MAP_PRIVATE | MAP_NORESERVE);
  const int pagemap = ::open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
  if (look == nullptr || told == nullptr || pagemap < 0) ::_exit(1);
  read_areas();
  for (std::size_t i = 0; i < look->count; ++i) {
    const Area& area = look->areas[i];
    for_each_page(pagemap, area, [&](std::uint64_t page, Page state) { look->before[area.first + page] = state; });
  }
  ::close(pagemap);
}

void note_pages_after() noexcept {
  const int pagemap = ::open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
  if (pagemap < 0) ::_exit(1);
  for (std::size_t i = 0; i < look->count; ++i) {
    const Area& area = look->areas[i];
    for_each_page(pagemap, area, [&](std::uint64_t page, Page state) {
      const Page before = look->before[area.first + page];
      if (state == Page::own && before != Page::own && area.is_writable) {
        add(area, page, MADV_POPULATE_WRITE, gap_between_written);
      }
    });
    for_each_page(pagemap, area, [&](std::uint64_t page, Page state) {
      if (state == Page::mapped && look->before[area.first + page] == Page::absent) {
        add(area, page, MADV_POPULATE_READ, gap_between_mapped);
      }
    });
  }
}

void populate_working_set() noexcept {
  for (std::size_t i = 0; i < known.count; ++i) {
    const Range& range = known.all[i];
    ::madvise(reinterpret_cast<void*>(range.start), range.pages * page_size, range.advice);
  }
}

}  // namespace pysandbox::container::init
