#include "container/guest_report.hpp"

#include <gtest/gtest.h>

using std::string_literals::operator""s;

namespace pysandbox::container {
namespace {

TEST(GuestReport, ReadsAnException) {
  const auto report = parse_guest_report(
      "exception\0ValueError\0"
      "12\0bad value\0Traceback ...\n\0"s);
  ASSERT_TRUE(report);
  EXPECT_FALSE(report->stopped);
  EXPECT_EQ(report->error.name, "ValueError");
  EXPECT_EQ(report->error.line, 12);
  EXPECT_EQ(report->error.value, "bad value");
  EXPECT_EQ(report->error.traceback, "Traceback ...\n");
}

TEST(GuestReport, ReadsTheErrorNumberOfAnOSError) {
  EXPECT_EQ(parse_guest_report("exception 28\0OSError\0\0\0\0"s)->error_number, 28);
  EXPECT_EQ(parse_guest_report("exception x\0OSError\0\0\0\0"s)->error_number, 0);
}

TEST(GuestReport, ReadsHowFullTheDiskWas) {
  const auto report = parse_guest_report("exception 28 4096 17\0OSError\0\0\0\0"s);
  EXPECT_EQ(report->error_number, 28);
  EXPECT_EQ(report->used_bytes, 4096u);
  EXPECT_EQ(report->used_inodes, 17u);
}

TEST(GuestReport, ReadsAStop) {
  const auto report = parse_guest_report(
      "stopped\0\0"
      "3\0\0place\0"s);
  ASSERT_TRUE(report);
  EXPECT_TRUE(report->stopped);
}

TEST(GuestReport, IsNotFooledByWhatIsNoReport) {
  EXPECT_FALSE(parse_guest_report(""));
  EXPECT_FALSE(parse_guest_report(std::string(32768, '\0')));
  EXPECT_FALSE(parse_guest_report("exception\0ValueError\0"s));
  EXPECT_FALSE(
      parse_guest_report("completed\0a\0"
                         "1\0b\0c\0"s));
  EXPECT_FALSE(parse_guest_report("exception\0a\0"
                                  "999999999999999999999\0b\0c\0"s)
                   ->error.line);
}

TEST(GuestReport, FindsWhatFaulthandlerPrinted) {
  EXPECT_EQ(faulthandler_traceback("x\nFatal Python error: Aborted\n\nplace"), "Fatal Python error: Aborted\n\nplace");
  EXPECT_EQ(faulthandler_traceback("nothing"), "");
  EXPECT_EQ(faulthandler_traceback("Fatal Python error: Aborted\n  File \"/workspace/main.py\", line 1 in f\n"
                                   "  File \"<string>\", line 9 in start\n"),
            "Fatal Python error: Aborted\n  File \"/workspace/main.py\", line 1 in f\n");
}

}  // namespace
}  // namespace pysandbox::container
