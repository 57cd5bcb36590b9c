// GroupCommit: changes that are asked for at the same time share one commit.
//
// A commit costs a write to the disk, whatever is in it. So whoever comes while one is under way waits, and the first
// of those who wait commits for all of them. Whoever comes alone does not wait.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string_view>
#include <vector>

#include "job/sql_database.hpp"
#include "job/sql_jobs.hpp"

namespace pysandbox {

class GroupCommit {
 public:
  using Work = std::function<void(SqlJobs&)>;

  // Both must outlive this object.
  GroupCommit(SqlDatabase& database, const JobStoreOptions& options) : database_(database), options_(options) {}

  // Returns when `work` is durable, or throws what it threw; then nothing of it is done. Work is undone and done again
  // if that of somebody else fails beside it. So refuse by a value: what is thrown costs others.
  // Those of one commit are done in the order of `turn`, the empty ones last: who takes locks that other processes
  // take, too, names them by it, so that no two wait for each other.
  void change(const Work& work, std::string_view turn = {});

 private:
  struct Call;
  using Group = std::vector<std::shared_ptr<Call>>;

  void lead();
  void commit(const Group& group);
  bool commit_together(std::span<const std::shared_ptr<Call>> calls);

  SqlDatabase& database_;
  const JobStoreOptions& options_;
  std::mutex mutex_;  // guards all below
  Group waiting_;
  bool is_led_ = false;
};

}  // namespace pysandbox
