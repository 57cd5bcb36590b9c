#include "container/pool_size.hpp"

#include <gtest/gtest.h>

namespace pysandbox::container {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr PoolBounds bounds{.minimum = 4, .maximum = 64, .idle_time = milliseconds(30'000)};
constexpr PoolSize::Time start{std::chrono::hours(1)};

// So many at one moment, and then all are made again.
void burst(PoolSize& size, std::uint32_t count, PoolSize::Time at) {
  for (std::uint32_t i = 0; i < count; ++i) size.note_arrival(at);
  size.note_parked(count, milliseconds(2) * count);
  size.note_full();
}

TEST(PoolSizeTest, IsTheMinimumWhereNobodyAsks) { EXPECT_EQ(PoolSize(bounds).wanted(start), 4u); }

TEST(PoolSizeTest, IsTheMinimumForProgramsOneByOne) {
  PoolSize size(bounds);
  for (int i = 0; i < 1'000; ++i) burst(size, 1, start + milliseconds(20) * i);
  EXPECT_EQ(size.wanted(start + seconds(20)), 4u);
}

TEST(PoolSizeTest, IsWhatTheLargestBurstAskedFor) {
  PoolSize size(bounds);
  burst(size, 7, start);
  burst(size, 17, start + seconds(1));
  burst(size, 5, start + seconds(2));
  EXPECT_EQ(size.wanted(start + seconds(3)), 17u);
}

TEST(PoolSizeTest, ForgetsABurstByHalves) {
  PoolSize size(bounds);
  burst(size, 32, start);
  EXPECT_EQ(size.wanted(start + seconds(29)), 32u);
  EXPECT_EQ(size.wanted(start + seconds(31)), 16u);
  EXPECT_EQ(size.wanted(start + seconds(61)), 8u);
  EXPECT_EQ(size.wanted(start + seconds(121)), 4u);
  EXPECT_EQ(size.wanted(start + std::chrono::hours(1'000)), 4u);
}

TEST(PoolSizeTest, RemembersABurstForAsLongAsItComesAgain) {
  PoolSize size(bounds);
  for (int i = 0; i < 20; ++i) burst(size, 16, start + seconds(20) * i);
  EXPECT_EQ(size.wanted(start + seconds(20) * 20), 16u);
}

// A hundred a second that take 50 ms each to make: five come meanwhile, and as many again for what is not even.
TEST(PoolSizeTest, IsTwiceWhatComesWhileOneIsMade) {
  PoolSize size(bounds);
  for (int i = 0; i < 2'000; ++i) {
    const auto now = start + milliseconds(10) * i;
    size.note_arrival(now);
    size.note_parked(1, milliseconds(50));
    size.note_full();
  }
  const auto now = start + seconds(20);
  EXPECT_NEAR(size.arrivals_per_second(now), 100, 2);
  EXPECT_NEAR(size.wanted(now), 10, 1);
  EXPECT_EQ(size.wanted(now + seconds(10)), 4u);  // they have stopped coming
}

TEST(PoolSizeTest, IsNeverOverTheMaximum) {
  PoolSize size(bounds);
  for (int i = 0; i < 10'000; ++i) size.note_arrival(start + milliseconds(i));
  EXPECT_EQ(size.wanted(start + seconds(10)), 64u);
  PoolSize small({.minimum = 8, .maximum = 2});
  EXPECT_EQ(small.wanted(start), 2u);
}

TEST(PoolSizeTest, IsNothingWhereNothingMayBe) {
  PoolSize size({.minimum = 0, .maximum = 0});
  size.note_arrival(start);
  EXPECT_EQ(size.wanted(start), 0u);
}

}  // namespace
}  // namespace pysandbox::container
