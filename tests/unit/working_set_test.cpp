#include "container/init/working_set.hpp"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>

namespace pysandbox::container::init {
namespace {

constexpr std::size_t page_size = 4096;
constexpr std::size_t pages = 1'000;

// Memory that a parent has written and its children share.
char* shared_pages() {
  void* const place = ::mmap(nullptr, pages * page_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  EXPECT_NE(place, MAP_FAILED);
  ::madvise(place, pages * page_size, MADV_NOHUGEPAGE);
  char* const bytes = static_cast<char*>(place);
  for (std::size_t i = 0; i < pages; ++i) bytes[i * page_size] = 1;
  return bytes;
}

// What a program would do: writes to every tenth page.
void write_some(char* bytes) {
  for (std::size_t i = 0; i < pages; i += 10) bytes[i * page_size] = 2;
}

long faults() {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  return used.ru_minflt;
}

int in_a_fork(const std::function<int()>& what) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(what());
  int status = -1;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

int faults_of_a_program(char* bytes) {
  return in_a_fork([&] {
    populate_working_set();
    const long before = faults();
    write_some(bytes);
    return static_cast<int>(faults() - before);
  });
}

bool send_scout(const std::function<void()>& program) {
  expect_working_set();
  const int status = in_a_fork([&] {
    note_pages_before();
    program();
    note_pages_after();
    return 0;
  });
  take_working_set(status == 0);
  return status == 0;
}

TEST(WorkingSet, IsThereBeforeAProgramTouchesIt) {
  char* const bytes = shared_pages();
  EXPECT_GE(faults_of_a_program(bytes), 100);
  ASSERT_TRUE(send_scout([&] { write_some(bytes); }));
  EXPECT_LE(faults_of_a_program(bytes), 5);
  ::munmap(bytes, pages * page_size);
}

TEST(WorkingSet, ChangesNothingThatAProgramSees) {
  char* const bytes = shared_pages();
  ASSERT_TRUE(send_scout([&] { write_some(bytes); }));
  EXPECT_EQ(in_a_fork([&] {
              populate_working_set();
              for (std::size_t i = 0; i < pages; ++i) {
                if (bytes[i * page_size] != 1) return 1;
              }
              return 0;
            }),
            0);
  ::munmap(bytes, pages * page_size);
}

// Where the memory that it knew of is gone, populating it does nothing.
TEST(WorkingSet, IsHarmlessWhereThereIsNothingAnyMore) {
  char* const bytes = shared_pages();
  ASSERT_TRUE(send_scout([&] { write_some(bytes); }));
  ::munmap(bytes, pages * page_size);
  EXPECT_EQ(in_a_fork([] {
              populate_working_set();
              return 7;
            }),
            7);
}

TEST(WorkingSet, OfAScoutThatDiedIsNotTaken) {
  char* const bytes = shared_pages();
  EXPECT_FALSE(send_scout([&] {
    write_some(bytes);
    ::_exit(1);
  }));
  EXPECT_GE(faults_of_a_program(bytes), 100);
  ::munmap(bytes, pages * page_size);
}

}  // namespace
}  // namespace pysandbox::container::init
