#include "container/steward.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <string>

namespace pysandbox::container {
namespace {

class ReportSieveTest : public ::testing::Test {
 protected:
  std::string frame(Event event, std::int32_t status = 0) const {
    StewardReport whole{mark_, {}};
    whole.report.event = event;
    whole.report.wait_status = status;
    return {reinterpret_cast<const char*>(&whole), sizeof whole};
  }

  std::string mark_text() const { return {mark_.data(), mark_.size()}; }

  ReportMark mark_ = new_mark();
  std::string seen_;
  ReportSieve sieve_{mark_, [this](std::string_view text) { seen_ += text; }};
};

TEST_F(ReportSieveTest, PartsReportsFromWhatTheProgramAndTheRuntimePrint) {
  sieve_.add("runtime: careful\n" + frame(Event::ready) + "from the program" + frame(Event::exited, 7) + "removed");
  sieve_.finish();
  Report report{};
  ASSERT_TRUE(sieve_.take(report));
  EXPECT_EQ(report.event, Event::ready);
  ASSERT_TRUE(sieve_.take(report));
  EXPECT_EQ(report.wait_status, 7);
  EXPECT_FALSE(sieve_.take(report));
  EXPECT_EQ(seen_, "from the program");
  EXPECT_EQ(sieve_.complaint(), "runtime: careful\n");
}

TEST_F(ReportSieveTest, FindsThemHoweverTheyAreCut) {
  const std::string text = frame(Event::ready) + "one" + mark_text().substr(0, 9) + "two" + frame(Event::exited, 3);
  for (const char byte : text) sieve_.add({&byte, 1});
  sieve_.finish();
  Report report{};
  ASSERT_TRUE(sieve_.take(report));
  ASSERT_TRUE(sieve_.take(report));
  EXPECT_EQ(report.wait_status, 3);
  EXPECT_EQ(seen_, "one" + mark_text().substr(0, 9) + "two");
}

TEST_F(ReportSieveTest, HoldsBackOnlyWhatMayBecomeAReport) {
  sieve_.add(frame(Event::ready) + "a line\n");
  EXPECT_EQ(seen_, "a line\n");
  sieve_.add(mark_text().substr(0, 5));
  EXPECT_EQ(seen_, "a line\n");
  sieve_.finish();
  EXPECT_EQ(seen_, "a line\n" + mark_text().substr(0, 5));
}

TEST_F(ReportSieveTest, TakesNoReportWithAnotherMark) {
  StewardReport forged{new_mark(), {}};
  forged.report.event = Event::exited;
  const std::string bytes(reinterpret_cast<const char*>(&forged), sizeof forged);
  sieve_.add(frame(Event::ready) + bytes);
  sieve_.finish();
  Report report{};
  ASSERT_TRUE(sieve_.take(report));
  EXPECT_FALSE(sieve_.take(report));
  EXPECT_EQ(seen_, bytes);
}

TEST(StewardInput, HoldsStartWordsAndStandardInputInThisOrder) {
  Words words{};
  words.bytes = std::string("python3\0", 8);
  words.plan.argument_count = 1;
  words.plan.words_size = words.bytes.size();
  const ReportMark mark = new_mark();
  const std::string input = steward_input(mark, words, "typed");
  ASSERT_EQ(input.size(), sizeof(StewardStart) + 8 + 5);
  StewardStart start{};
  std::memcpy(&start, input.data(), sizeof start);
  EXPECT_EQ(start.mark, mark);
  EXPECT_EQ(start.stdin_size, 5u);
  EXPECT_EQ(start.program.words_size, 8u);
  EXPECT_TRUE(input.ends_with(words.bytes + "typed"));
}

}  // namespace
}  // namespace pysandbox::container
