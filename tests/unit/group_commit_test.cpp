#include "job/group_commit.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <pysandbox/error.hpp>

namespace pysandbox {
namespace {

class NoSession final : public SqlSession {
 public:
  using SqlSession::run;
  std::vector<SqlRow> run(std::string_view, std::span<const SqlParameter>) override { return {}; }
};

// Counts commits. Holds the first one back until it is let go, so that others come together meanwhile.
class CountingDatabase final : public SqlDatabase {
 public:
  void change(const Work& work) override {
    ++begun;
    if (begun == 1) gate.wait(false);
    if (is_gone) throw Error(ErrorCode::unavailable, "gone");
    NoSession session;
    work(session);
    ++committed;
  }

  void look(const Work&) override {}
  std::unique_ptr<JobSubscription> subscribe(JobListener) override { return nullptr; }

  std::atomic<int> begun = 0, committed = 0;
  std::atomic<bool> gate = false, is_gone = false;
};

// Calls that come together while a first one is being committed.
class GroupCommitTest : public ::testing::Test {
 protected:
  static constexpr int callers = 20;

  // What each of them throws; empty if nothing.
  std::vector<std::string> call_together(const std::function<void(int)>& work) {
    std::vector<std::string> thrown(callers);
    std::atomic<int> started = 0;
    {
      std::jthread first([&] { message_of_change([](SqlJobs&) {}); });
      while (database.begun == 0) std::this_thread::yield();
      std::vector<std::jthread> threads;
      for (int number = 0; number < callers; ++number) {
        threads.emplace_back([&, number] {
          ++started;
          thrown[static_cast<std::size_t>(number)] = message_of_change([&](SqlJobs&) { work(number); });
        });
      }
      while (started < callers) std::this_thread::yield();
      std::this_thread::sleep_for(
          std::chrono::milliseconds(50));  // until they wait; who does not makes one commit more
      database.gate = true;
      database.gate.notify_all();
    }
    return thrown;
  }

  std::string message_of_change(const GroupCommit::Work& work) {
    try {
      commits.change(work);
    } catch (const std::exception& error) {
      return error.what();
    }
    return {};
  }

  const JobStoreOptions options;
  CountingDatabase database;
  GroupCommit commits{database, options};
};

TEST_F(GroupCommitTest, LetsThoseWhoComeTogetherShareACommit) {
  std::atomic<int> done = 0;
  EXPECT_EQ(call_together([&](int) { ++done; }), std::vector<std::string>(callers));
  EXPECT_EQ(done, callers);
  EXPECT_LT(database.committed, callers / 2);
}

TEST_F(GroupCommitTest, CommitsOneAfterTheOtherForWhoIsAlone) {
  database.gate = true;
  for (int count = 1; count <= 3; ++count) {
    commits.change([](SqlJobs&) {});
    EXPECT_EQ(database.committed, count);
  }
}

TEST_F(GroupCommitTest, FailsOnlyThoseWhoseOwnWorkFails) {
  std::vector<int> done(callers);
  const auto thrown = call_together([&](int number) {
    if (number % 10 == 3) throw Error(ErrorCode::internal, "number " + std::to_string(number));
    ++done[static_cast<std::size_t>(number)];
  });
  for (int number = 0; number < callers; ++number) {
    EXPECT_EQ(thrown[static_cast<std::size_t>(number)], number % 10 == 3 ? "number " + std::to_string(number) : "");
    EXPECT_EQ(done[static_cast<std::size_t>(number)] > 0, number % 10 != 3);
  }
}

TEST_F(GroupCommitTest, AsksADatabaseThatHasGoneNotAgainForEachOfThem) {
  database.is_gone = true;
  EXPECT_EQ(call_together([](int) {}), std::vector<std::string>(callers, "gone"));
  EXPECT_LT(database.begun, callers / 2);
  database.is_gone = false;
  EXPECT_EQ(message_of_change([](SqlJobs&) {}), "") << "it works again when the database does";
}

}  // namespace
}  // namespace pysandbox
