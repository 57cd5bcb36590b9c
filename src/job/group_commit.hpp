// GroupCommit: changes that are asked for at the same time share one commit.
//
// A commit costs a write to the disk, whatever is in it. So whoever comes while one is under way waits, and the first
// of those who wait commits for all of them. Whoever comes alone does not wait.
#pragma once

#include <mutex>
#include <span>
#include <vector>

#include "job/sql_database.hpp"

namespace pysandbox {

class GroupCommit {
 public:
  explicit GroupCommit(SqlDatabase& database) : database_(database) {}

  // Returns when `work` is durable, or throws what it threw; then nothing of it is done. Work is undone and done again
  // if that of somebody else fails beside it. So refuse by a value: what is thrown costs others.
  void change(const SqlDatabase::Work& work);

 private:
  struct Call;
  using Group = std::vector<Call*>;

  void lead(std::unique_lock<std::mutex>& lock);
  void commit(const Group& group);
  bool commit_together(std::span<Call* const> calls);

  SqlDatabase& database_;
  std::mutex mutex_;  // guards all below
  Group waiting_;
  bool is_led_ = false;
};

}  // namespace pysandbox
