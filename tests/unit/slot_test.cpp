#include "container/slot.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>

#include <pysandbox/error.hpp>

#include "support/temporary_directory.hpp"

namespace pysandbox::container {
namespace {

NativeRunnerOptions options_in(const std::filesystem::path& directory) {
  NativeRunnerOptions options;
  options.state_directory = (directory / "state").string();
  options.uid_count = 3;
  return options;
}

class SlotTableTest : public ::testing::Test {
 protected:
  testing::TemporaryDirectory directory_;
  NativeRunnerOptions options_ = options_in(directory_.path());
};

TEST_F(SlotTableTest, GivesEachHolderAnotherSlot) {
  const SlotTable table(options_);
  const SlotTable same_file_elsewhere(options_);
  const Slot first = table.claim();
  const Slot second = same_file_elsewhere.claim();
  EXPECT_NE(first.uid(), second.uid());
  EXPECT_NE(first.name(), second.name());
}

TEST_F(SlotTableTest, GivesASlotAgainOnceItIsFree) {
  const SlotTable table(options_);
  const auto uid = table.claim().uid();
  EXPECT_EQ(table.claim().uid(), uid);
}

TEST_F(SlotTableTest, SaysWhenAllAreTaken) {
  const SlotTable table(options_);
  const Slot a = table.claim(), b = table.claim(), c = table.claim();
  try {
    table.claim();
    FAIL();
  } catch (const Error& error) {
    EXPECT_TRUE(error.retryable());
  }
}

TEST_F(SlotTableTest, TakesOnlyTheDeadFromTheDead) {
  const SlotTable table(options_);
  const Slot alive = table.claim();
  EXPECT_FALSE(table.claim_dead(alive.name()));
  EXPECT_TRUE(table.claim_dead("job-" + std::to_string(alive.uid() + 1)));
  for (const char* name : {"job-", "job-x", "job-1", "other", "job-99999999999", "job-1900000001x"}) {
    EXPECT_FALSE(table.claim_dead(name)) << name;
  }
}

// It shares the descriptor of its parent's locks, which so would not exclude it.
TEST_F(SlotTableTest, GivesAForkedProcessOtherSlotsThanItsParent) {
  const SlotTable table(options_);
  const Slot held = table.claim();
  const pid_t child = ::fork();
  if (child == 0) {
    const bool other = table.claim().uid() != held.uid();
    ::_exit(other ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  EXPECT_NE(table.claim().uid(), held.uid());
}

TEST_F(SlotTableTest, GoesOnInANewFileWhenSomebodyRemovesTheOldOne) {
  const SlotTable table(options_);
  const Slot before = table.claim();
  std::filesystem::remove(options_.state_directory + "/slots");
  const Slot after = table.claim();
  EXPECT_NE(SlotTable(options_).claim().uid(), after.uid());
}

TEST_F(SlotTableTest, RefusesADirectoryThatOthersCanWrite) {
  std::filesystem::create_directory(options_.state_directory);
  ::chmod(options_.state_directory.c_str(), 0777);
  EXPECT_THROW(SlotTable{options_}, Error);
}

}  // namespace
}  // namespace pysandbox::container
