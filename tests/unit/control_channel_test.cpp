#include "container/control_channel.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>

#include "support/unique_fd.hpp"

namespace pysandbox::container {
namespace {

struct Pair {
  Pair() {
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) throw std::runtime_error("socketpair");
    left.reset(ends[0]);
    right.reset(ends[1]);
  }
  UniqueFd left;
  UniqueFd right;
};

std::size_t open_descriptors() {
  std::size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) count += entry.exists() || true;
  return count;
}

TEST(ControlChannel, CarriesAMessageWithItsDescriptors) {
  const Pair pair;
  const UniqueFd null(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  ASSERT_TRUE(send(pair.left.get(), 42L, {{null.get()}}));
  long number = 0;
  int fd = -1;
  ASSERT_TRUE(receive(pair.right.get(), number, {&fd, 1}));
  const UniqueFd received(fd);
  EXPECT_EQ(number, 42);
  EXPECT_NE(::fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
}

TEST(ControlChannel, RefusesAMessageOfAnotherSize) {
  const Pair pair;
  ASSERT_TRUE(send(pair.left.get(), char{1}));
  long number = 0;
  EXPECT_FALSE(receive(pair.right.get(), number));
  EXPECT_EQ(errno, EPROTO);
  struct Large {
    char bytes[100];
  };
  ASSERT_TRUE(send(pair.left.get(), Large{}));
  EXPECT_FALSE(receive(pair.right.get(), number));
  EXPECT_EQ(errno, EPROTO);
}

TEST(ControlChannel, KeepsNoDescriptorThatWasNotExpected) {
  const Pair pair;
  const UniqueFd null(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  const auto before = open_descriptors();
  ASSERT_TRUE(send(pair.left.get(), 1L, {{null.get(), null.get()}}));
  long number = 0;
  EXPECT_FALSE(receive(pair.right.get(), number));
  ASSERT_TRUE(send(pair.left.get(), 1L, {{null.get(), null.get()}}));
  int fd = -1;
  EXPECT_FALSE(receive(pair.right.get(), number, {&fd, 1}));
  EXPECT_EQ(open_descriptors(), before);
}

TEST(ControlChannel, TellsThatTheOtherSideIsGone) {
  Pair pair;
  pair.left.reset();
  long number = 0;
  EXPECT_FALSE(receive(pair.right.get(), number));
  EXPECT_EQ(errno, 0);
  EXPECT_FALSE(send(pair.right.get(), number)) << "and raises no SIGPIPE";
}

TEST(ControlChannel, WaitsNoLongerThanAsked) {
  const Pair pair;
  long number = 0;
  EXPECT_FALSE(receive(pair.right.get(), number, {}, 1));
  EXPECT_EQ(errno, ETIMEDOUT);
}

}  // namespace
}  // namespace pysandbox::container
