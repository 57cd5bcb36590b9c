#include "container/launch_plan.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace pysandbox::container {
namespace {

struct Split {
  bool valid;
  std::vector<char*> slots;
};

Split split(std::string& bytes, std::uint32_t arguments, std::uint32_t variables) {
  ProgramPlan plan{};
  plan.argument_count = arguments;
  plan.variable_count = variables;
  plan.words_size = bytes.size();
  std::vector<char*> slots(std::size_t{arguments} + variables + 2);
  const bool valid = split_words(plan, bytes, slots);
  return {valid, slots};
}

TEST(LaunchPlan, SplitsWordsIntoArgumentsAndVariables) {
  std::string bytes("python\0-c\0\0A=1\0", 15);
  const auto [valid, slots] = split(bytes, 3, 1);
  ASSERT_TRUE(valid);
  EXPECT_STREQ(slots[0], "python");
  EXPECT_STREQ(slots[1], "-c");
  EXPECT_STREQ(slots[2], "");
  EXPECT_EQ(slots[3], nullptr);
  EXPECT_STREQ(slots[4], "A=1");
  EXPECT_EQ(slots[5], nullptr);
}

TEST(LaunchPlan, TakesNoVariables) {
  std::string bytes("python\0", 7);
  const auto [valid, slots] = split(bytes, 1, 0);
  ASSERT_TRUE(valid);
  EXPECT_EQ(slots[1], nullptr);
  EXPECT_EQ(slots[2], nullptr);
}

TEST(LaunchPlan, RefusesCountsThatDoNotFitTheBytes) {
  std::string bytes("a\0b\0", 4);
  EXPECT_FALSE(split(bytes, 3, 0).valid);
  EXPECT_FALSE(split(bytes, 1, 0).valid);
  EXPECT_FALSE(split(bytes, 0, 2).valid);
  EXPECT_FALSE(split(bytes, 1, 2).valid);
}

TEST(LaunchPlan, RefusesWordsThatDoNotEnd) {
  std::string open("a\0b", 3);
  EXPECT_FALSE(split(open, 2, 0).valid);
  std::string empty;
  EXPECT_FALSE(split(empty, 1, 0).valid);
}

}  // namespace
}  // namespace pysandbox::container
