#include <pysandbox/error.hpp>
#include <pysandbox/limits.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace pysandbox {
namespace {

using ::testing::HasSubstr;
using Unit = LimitField::Unit;

template <class Call>
std::string refusal(Call call) {
  try {
    call();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::invalid_request);
    return error.what();
  }
  ADD_FAILURE() << "nothing was refused";
  return "";
}

std::string refusal_of(std::string_view name, std::string_view text) {
  Limits limits;
  const std::string message = refusal([&] { set_limit(limits, name, text); });
  EXPECT_EQ(limits, Limits()) << "a refused value changed something";
  return message;
}

TEST(Limits, HaveDefaultsThatAreInRange) { EXPECT_NO_THROW(check_limits(Limits{})); }

TEST(Limits, AreListedInTheOrderOfTheStruct) {
  std::vector<std::string_view> names;
  for (const LimitField& field : limit_fields()) names.push_back(field.name);
  EXPECT_THAT(
      names, ::testing::ElementsAre("time_limit", "cpu_time_limit", "grace_period", "memory_bytes", "cpus", "processes",
                                    "open_files", "file_size_bytes", "workspace_bytes", "workspace_inodes",
                                    "stdout_bytes", "stderr_bytes", "artifact_count", "artifact_bytes"));
}

TEST(Limits, KeepTheirSmallestAndLargestValue) {
  for (const LimitField& field : limit_fields()) {
    for (const double value : {field.minimum, field.maximum}) {
      Limits limits;
      set_limit(limits, field.name, value);
      EXPECT_DOUBLE_EQ(get_limit(limits, field.name), value) << field.name;
      EXPECT_NO_THROW(check_limits(limits)) << field.name;
    }
  }
}

TEST(Limits, ChangeNoOtherField) {
  for (const LimitField& field : limit_fields()) {
    Limits limits;
    set_limit(limits, field.name, field.maximum);
    for (const LimitField& other : limit_fields()) {
      if (other.name == field.name) continue;
      EXPECT_EQ(get_limit(limits, other.name), get_limit(Limits{}, other.name)) << field.name << ", " << other.name;
    }
  }
}

TEST(Limits, RefuseWhatIsOutsideOfTheirRange) {
  for (const LimitField& field : limit_fields()) {
    const double infinity = std::numeric_limits<double>::infinity();
    for (const double value : {field.minimum - 0.0001, field.maximum * 1.01, -1.0, infinity, -infinity, std::nan("")}) {
      Limits limits;
      EXPECT_THAT(refusal([&] { set_limit(limits, field.name, value); }), HasSubstr(std::string(field.name)));
      EXPECT_EQ(limits, Limits()) << field.name << " " << value;
    }
  }
}

TEST(Limits, HaveNoZeroButWhereItSaysSomething) {
  std::vector<std::string_view> names;
  for (const LimitField& field : limit_fields()) {
    if (field.minimum <= 0) names.push_back(field.name);
  }
  EXPECT_THAT(names, ::testing::ElementsAre("grace_period", "artifact_count", "artifact_bytes"));
}

TEST(Limits, RefuseAFractionOfAByteOrOfAPiece) {
  for (const LimitField& field : limit_fields()) {
    if (field.unit != Unit::bytes && field.unit != Unit::count) continue;
    Limits limits;
    EXPECT_THAT(refusal([&] { set_limit(limits, field.name, field.minimum + 0.5); }), HasSubstr("whole number"));
  }
}

TEST(Limits, ReadSecondsAsMilliseconds) {
  Limits limits;
  set_limit(limits, "time_limit", "1.5");
  EXPECT_EQ(limits.time_limit, std::chrono::milliseconds(1500));
  set_limit(limits, "cpu_time_limit", 0.001);
  EXPECT_EQ(limits.cpu_time_limit, std::chrono::milliseconds(1));
  set_limit(limits, "grace_period", "0");
  EXPECT_EQ(limits.grace_period, std::chrono::milliseconds(0));
}

TEST(Limits, ReadBinarySuffixesOfBytes) {
  Limits limits;
  set_limit(limits, "memory_bytes", "512M");
  EXPECT_EQ(limits.memory_bytes, 512ULL << 20);
  set_limit(limits, "memory_bytes", "2G");
  EXPECT_EQ(limits.memory_bytes, 2ULL << 30);
  set_limit(limits, "stdout_bytes", "64K");
  EXPECT_EQ(limits.stdout_bytes, 64ULL << 10);
  set_limit(limits, "stdout_bytes", "1000");
  EXPECT_EQ(limits.stdout_bytes, 1000U);
}

TEST(Limits, ReadShareOfProcessors) {
  Limits limits;
  set_limit(limits, "cpus", "1.25");
  EXPECT_EQ(limits.cpus, 1.25);
}

TEST(Limits, RefuseTextThatIsNoNumber) {
  for (const char* text : {"",
                           " ",
                           "abc",
                           "-5",
                           "+5",
                           " 5",
                           "5 ",
                           "5s",
                           "nan",
                           "inf",
                           "-inf",
                           "0x10",
                           "1,5",
                           "5\n",
                           "99999999999999999999999999",
                           "1e400",
                           "M",
                           "1.5M",
                           "1MM",
                           "1m",
                           "1T",
                           "17179869184G",
                           "18446744073709551615K"}) {
    EXPECT_THAT(refusal_of("memory_bytes", text), HasSubstr("from 16M to 1024G")) << text;
    if (std::string_view(text) != "99999999999999999999999999") {
      EXPECT_THAT(refusal_of("time_limit", text), HasSubstr("from 0.001 to 86400")) << text;
    }
  }
  EXPECT_THAT(refusal_of("processes", "1K"), HasSubstr("from 1 to 100000"));
  EXPECT_THAT(refusal_of("processes", "1.0"), HasSubstr("whole number"));
}

TEST(Limits, RefuseTextWithANulBehindTheNumber) {
  EXPECT_THAT(refusal_of("processes", std::string_view("5\0", 2)), HasSubstr("'5\\x00'"));
}

TEST(Limits, SayFieldRangeAndValueInOneLine) {
  EXPECT_EQ(refusal_of("memory_bytes", "5"), "memory_bytes must be a whole number of bytes from 16M to 1024G, not '5'");
  EXPECT_EQ(refusal_of("time_limit", "a\nb"),
            "time_limit must be a number of seconds from 0.001 to 86400, not 'a\\x0ab'");
}

TEST(Limits, ListTheNamesThatThereAreForOneThatIsNot) {
  Limits limits;
  for (const char* name : {"", "memory", "TIME_LIMIT", "time_limit "}) {
    EXPECT_THAT(refusal([&] { set_limit(limits, name, 1.0); }), HasSubstr("time_limit, cpu_time_limit"));
    EXPECT_THAT(refusal([&] { get_limit(limits, name); }), HasSubstr("artifact_bytes"));
    EXPECT_THAT(refusal_of(name, "1"), HasSubstr("there is no limit called"));
  }
}

TEST(Limits, AreCheckedInTheStruct) {
  Limits limits;
  limits.time_limit = std::chrono::milliseconds(0);
  EXPECT_THAT(refusal([&] { check_limits(limits); }), HasSubstr("time_limit"));
  limits = {};
  limits.cpus = std::nan("");
  EXPECT_THAT(refusal([&] { check_limits(limits); }), HasSubstr("cpus"));
  limits = {};
  limits.grace_period = std::chrono::milliseconds(-1);
  EXPECT_THAT(refusal([&] { check_limits(limits); }), HasSubstr("grace_period"));
  limits = {};
  limits.artifact_bytes = std::numeric_limits<std::uint64_t>::max();
  EXPECT_THAT(refusal([&] { check_limits(limits); }), HasSubstr("artifact_bytes"));
}

}  // namespace
}  // namespace pysandbox
