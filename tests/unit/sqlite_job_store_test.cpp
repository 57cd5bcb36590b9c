#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <functional>
#include <set>
#include <string>

#include <pysandbox/error.hpp>
#include <pysandbox/job_store.hpp>

#include "../contract/job_store_values.hpp"
#include "../support/temporary_directory.hpp"

namespace pysandbox::testing {
namespace {

using ::testing::HasSubstr;
using namespace std::chrono_literals;

class SqliteJobStore : public ::testing::Test {
 protected:
  std::unique_ptr<JobStore> open() { return open_sqlite_job_store(path); }

  void expect_refused(ErrorCode code, const std::string& part) {
    try {
      open();
      ADD_FAILURE() << "it was opened";
    } catch (const Error& error) {
      EXPECT_EQ(to_string(error.code()), to_string(code)) << error.what();
      EXPECT_THAT(error.what(), HasSubstr(part));
      EXPECT_THAT(error.what(), HasSubstr(path));
    }
  }

  // Runs SQL in the file as somebody else would, and gives the last value of every row.
  std::string sql(const std::string& statements) {
    sqlite3* database = nullptr;
    EXPECT_EQ(sqlite3_open(path.c_str(), &database), SQLITE_OK);
    std::string text;
    const auto append = [](void* to, int columns, char** values, char**) {
      auto& joined = *static_cast<std::string*>(to);
      joined.append(joined.empty() ? "" : "; ").append(values[columns - 1]);
      return 0;
    };
    EXPECT_EQ(sqlite3_exec(database, statements.c_str(), append, &text, nullptr), SQLITE_OK)
        << sqlite3_errmsg(database);
    sqlite3_close(database);
    return text;
  }

  std::string file_bytes() {
    std::ifstream file(path, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(file), {});
  }

  void write_file(const std::string& bytes) { std::ofstream(path, std::ios::binary) << bytes; }

  TemporaryDirectory directory;
  const std::string path = directory / "jobs.sqlite";
};

// A process that does `work` and then dies by `signal`, or ends with status 0. `work` must not use gtest.
pid_t start_process(const std::function<void()>& work, int signal = 0) {
  const pid_t pid = ::fork();
  if (pid != 0) return pid;
  try {
    work();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "child: %s\n", error.what());
    ::_exit(1);
  }
  if (signal != 0) ::kill(::getpid(), signal);
  ::_exit(0);
}

int wait_for(pid_t pid) {
  int status = -1;
  EXPECT_EQ(::waitpid(pid, &status, 0), pid);
  return status;
}

// What children write here, line by line.
class Lines {
 public:
  Lines() { EXPECT_EQ(::pipe(ends_), 0); }
  ~Lines() { ::close(ends_[0]); }

  void write(const std::string& line) const {
    const std::string text = line + "\n";
    if (::write(ends_[1], text.data(), text.size()) != static_cast<ssize_t>(text.size())) ::_exit(2);
  }

  std::vector<std::string> read_all() {
    ::close(ends_[1]);
    std::string text;
    char buffer[4096];
    for (ssize_t count; (count = ::read(ends_[0], buffer, sizeof buffer)) > 0;)
      text.append(buffer, static_cast<std::size_t>(count));
    std::vector<std::string> lines;
    for (std::size_t end; (end = text.find('\n')) != std::string::npos; text.erase(0, end + 1)) {
      lines.push_back(text.substr(0, end));
    }
    return lines;
  }

 private:
  int ends_[2];
};

TEST_F(SqliteJobStore, HasItsJobsWhenItIsOpenedAgain) {
  const JobId ended = open()->add({.code = "1"});
  {
    const auto store = open();
    EXPECT_TRUE(store->finish(store->claim("w", 1h).value(), result_with(Outcome::ok, "\xFF")));
  }
  const JobId running = open()->add({.code = "2"});
  const Claim claimed = open()->claim("w", 1h).value();
  const JobId queued = open()->add({.code = "3"});

  const auto store = open();
  EXPECT_EQ(store->find(ended)->result->stdout, "\xFF");
  EXPECT_EQ(store->find(running)->state, JobState::running);
  EXPECT_TRUE(store->finish(claimed, result_with(Outcome::ok))) << "a claim outlives the process that got it";
  EXPECT_EQ(store->claim("w", 1h)->job.id, queued);
}

TEST_F(SqliteJobStore, LetsOnlyItsOwnerReadItsFiles) {
  const auto store = open();
  store->add({.code = "secret"});
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(directory.path())) {
    struct stat status {};
    ASSERT_EQ(::stat(entry.path().c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777U, 0600U) << entry.path();
    ++files;
  }
  EXPECT_EQ(files, 3U) << "the database, its log and its shared memory";
}

TEST_F(SqliteJobStore, WritesAheadAndCallsItselfByItsName) {
  open()->add({.code = "1"});
  EXPECT_EQ(sql("PRAGMA journal_mode"), "wal");
  EXPECT_EQ(sql("PRAGMA application_id"), std::to_string(0x70795362));
  EXPECT_EQ(sql("PRAGMA user_version"), "2");
}

TEST_F(SqliteJobStore, KeepsNoPartOfARemovedJob) {
  const auto store = open();
  const JobId id = store->add({.code = "1"});
  EXPECT_TRUE(store->finish(store->claim("w", 1h).value(), RunResult{}));
  EXPECT_TRUE(store->remove(id));
  EXPECT_EQ(sql("SELECT (SELECT count(*) FROM jobs) + (SELECT count(*) FROM requests) + (SELECT count(*) FROM results)"
                " + (SELECT count(*) FROM events)"),
            "0");
}

TEST_F(SqliteJobStore, FindsTheNextJobByIndexAlone) {
  open();
  for (const char* query :
       {"SELECT sequence FROM jobs WHERE state = 'queued' AND (lapses_at IS NULL OR lapses_at > 5)"
        " ORDER BY priority DESC, sequence LIMIT 1",
        "SELECT sequence FROM jobs WHERE lapses_at <= 5 ORDER BY lapses_at LIMIT 100",
        "SELECT id FROM jobs WHERE completed_at <= 5 ORDER BY completed_at LIMIT 5",
        "SELECT sequence FROM jobs WHERE callback_at <= 5 ORDER BY callback_at LIMIT 1",
        "SELECT count(*) FROM jobs WHERE owner = 'a' AND completed_at IS NULL",
        "SELECT id FROM jobs WHERE owner = 'a' AND idempotency_key = 'b'",
        "SELECT id FROM jobs WHERE sequence < 9 AND owner = 'a' ORDER BY sequence DESC LIMIT 5",
        "SELECT id FROM jobs WHERE sequence < 9 AND state = 'failed' ORDER BY sequence DESC LIMIT 5"}) {
    const std::string plan = sql(std::string("EXPLAIN QUERY PLAN ") + query);
    EXPECT_THAT(plan, HasSubstr("SEARCH jobs USING")) << query;
    EXPECT_THAT(plan, ::testing::Not(HasSubstr("TEMP B-TREE"))) << query;
  }
}

TEST_F(SqliteJobStore, RefusesAFileThatIsNoDatabaseAndLeavesItAsItIs) {
  const std::string garbage(5000, 'g');
  write_file(garbage);
  expect_refused(ErrorCode::unavailable, "name another file");
  EXPECT_EQ(file_bytes(), garbage);
}

TEST_F(SqliteJobStore, RefusesATruncatedDatabase) {
  {
    const auto store = open();
    for (int count = 0; count < 50; ++count) store->add({.code = std::string(2000, 'x')});
  }
  std::filesystem::resize_file(path, 5000);
  EXPECT_THROW(open()->list({}), Error);
}

TEST_F(SqliteJobStore, RefusesTheDatabaseOfAnotherProgramAndLeavesItAsItIs) {
  sql("CREATE TABLE theirs (a); INSERT INTO theirs VALUES (1)");
  const std::string before = file_bytes();
  expect_refused(ErrorCode::unavailable, "another program");
  EXPECT_EQ(file_bytes(), before);
  EXPECT_FALSE(std::filesystem::exists(path + "-wal"));
  sql("DROP TABLE theirs; PRAGMA application_id = 5");
  expect_refused(ErrorCode::unavailable, "another program");
}

TEST_F(SqliteJobStore, RefusesADatabaseOfANewerVersion) {
  open()->add({.code = "1"});
  sql("PRAGMA user_version = 3");
  expect_refused(ErrorCode::conflict, "update this pysandbox");
  sql("PRAGMA user_version = 2");
  EXPECT_EQ(open()->list({}).size(), 1U);
}

// As version 1 made them, with a job of each state that it knew: running, and queued again after a lapse, too.
constexpr const char* version_1 = R"sql(
  CREATE TABLE jobs (
    sequence INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    state TEXT NOT NULL CHECK (state IN ('queued', 'running', 'completed', 'failed')),
    attempt INTEGER NOT NULL DEFAULT 0,
    worker TEXT NOT NULL DEFAULT '',
    token INTEGER NOT NULL DEFAULT 0,
    lease_until INTEGER CHECK ((lease_until IS NOT NULL) = (state = 'running')),
    created_at INTEGER NOT NULL,
    started_at INTEGER,
    completed_at INTEGER CHECK ((completed_at IS NOT NULL) = (state IN ('completed', 'failed'))),
    cancel_requested INTEGER NOT NULL DEFAULT 0
  ) STRICT;
  CREATE INDEX jobs_by_state ON jobs (state);
  CREATE INDEX jobs_by_lease ON jobs (lease_until) WHERE state = 'running';
  CREATE TABLE requests (sequence INTEGER PRIMARY KEY, request TEXT NOT NULL) STRICT;
  CREATE TABLE results (sequence INTEGER PRIMARY KEY, result TEXT NOT NULL, stdout BLOB NOT NULL,
                        stderr BLOB NOT NULL) STRICT;
  INSERT INTO jobs VALUES
    (1, '10000000000000000000000000000001', 'completed', 1, 'w', 1, NULL, 1000, 2000, 3000, 0),
    (2, '10000000000000000000000000000002', 'failed', 0, '', 0, NULL, 1000, NULL, 3000, 1),
    (3, '10000000000000000000000000000003', 'running', 2, 'w', 2, 9000000000000000, 1000, 2000, NULL, 0),
    (5, '10000000000000000000000000000005', 'queued', 1, 'w', 1, NULL, 1000, 2000, NULL, 0),
    (6, '10000000000000000000000000000006', 'queued', 0, '', 0, NULL, 1000, NULL, NULL, 0);
  INSERT INTO requests SELECT sequence, '{"code":"' || sequence || '","entry_point":"main.py"}' FROM jobs;
  INSERT INTO results VALUES (1, '{"outcome":"ok","warnings":["w"]}', x'6f7574ff', x''), (2, '{"outcome":"cancelled"}', x'', x'');
  PRAGMA application_id = 0x70795362;
  PRAGMA user_version = 1;
)sql";

std::string old_id(int number) { return "1000000000000000000000000000000" + std::to_string(number); }

TEST_F(SqliteJobStore, TakesTheJobsOfVersion1Over) {
  sql(version_1);
  const auto store = open();
  EXPECT_EQ(sql("PRAGMA user_version"), "2");
  EXPECT_EQ(sql("PRAGMA integrity_check"), "ok");
  EXPECT_EQ(sql("SELECT count(*) FROM sqlite_schema WHERE name = 'jobs_1'"), "0");

  const Job completed = store->find(old_id(1)).value();
  EXPECT_EQ(completed.state, JobState::completed);
  EXPECT_EQ(completed.request.code, "1");
  EXPECT_EQ(completed.result->stdout, "out\xFF");
  EXPECT_EQ(completed.result->warnings, std::vector<std::string>{"w"});
  EXPECT_EQ(completed.submission, Submission{});
  EXPECT_EQ(completed.completed_at, Job::TimePoint(3000us));
  EXPECT_EQ(store->list({.outcome = Outcome::cancelled}).at(0).id, old_id(2));
  const auto log = store->events(old_id(1), 0, 10);
  ASSERT_EQ(log.size(), 4U);
  EXPECT_EQ(log[1].state, JobState::running);
  EXPECT_EQ(log[1].at, Job::TimePoint(2000us));
  EXPECT_EQ(log[2].text, "out\xFF");
  EXPECT_EQ(log[3].kind, JobEvent::Kind::end);

  Claim running;
  running.job.id = old_id(3);
  running.token = 2;
  EXPECT_EQ(store->heartbeat(running, 1h), JobStore::Heartbeat::held) << "the claim is kept";
  EXPECT_TRUE(store->finish(running, RunResult{}));
  EXPECT_EQ(store->events(old_id(5), 0, 10).back().state, JobState::queued);
  EXPECT_EQ(store->claim("w", 1h)->job.attempt, 2U);
  EXPECT_EQ(store->claim("w", 1h)->job.id, old_id(6));
  const JobId added = store->add({.code = "7"});
  EXPECT_EQ(store->list({.limit = 1}).at(0).id, added);
}

TEST_F(SqliteJobStore, TakesVersion1OverOnceForManyProcesses) {
  sql(version_1);
  std::vector<pid_t> children;
  for (int number = 0; number < 4; ++number) {
    children.push_back(start_process([&] {
      if (open()->list({}).size() != 5) ::_exit(5);
    }));
  }
  for (const pid_t child : children) EXPECT_EQ(wait_for(child), 0);
}

TEST_F(SqliteJobStore, LeavesVersion1AsItIsIfItCannotBeTakenOver) {
  sql(version_1);
  sql("UPDATE results SET result = '{\"outcome\"' WHERE sequence = 1");
  EXPECT_THROW(open(), Error);
  EXPECT_EQ(sql("PRAGMA user_version"), "1");
  EXPECT_EQ(sql("SELECT count(*) FROM jobs WHERE lease_until > 0"), "1");
}

TEST_F(SqliteJobStore, RefusesAPathThatCannotBeAFile) {
  EXPECT_THROW(open_sqlite_job_store(""), Error);
  EXPECT_THROW(open_sqlite_job_store(std::string("a\0b", 3)), Error);
  EXPECT_THROW(open_sqlite_job_store(directory.path()), Error);
  EXPECT_THROW(open_sqlite_job_store(directory / "missing/jobs.sqlite"), Error);
}

TEST_F(SqliteJobStore, SeesNoSpecialNamesInAPath) {
  const auto start = std::filesystem::current_path();
  std::filesystem::current_path(directory.path());
  const JobId id = open_sqlite_job_store(":memory:")->add({.code = "1"});
  EXPECT_TRUE(open_sqlite_job_store(":memory:")->find(id).has_value());
  EXPECT_TRUE(std::filesystem::is_regular_file(directory / ":memory:"));
  std::filesystem::current_path(start);
}

// Permissions stop only ordinary users, so these processes become one.
int status_as_nobody(const std::function<void()>& work) {
  return wait_for(start_process([&] {
    if (::geteuid() == 0 && (::setgid(65534) != 0 || ::setuid(65534) != 0)) ::_exit(3);
    work();
  }));
}

TEST_F(SqliteJobStore, SaysThatADirectoryIsNotWritable) {
  std::filesystem::permissions(directory.path(), std::filesystem::perms{0555});
  Lines lines;
  EXPECT_EQ(status_as_nobody([&] {
              try {
                open();
              } catch (const Error& error) {
                lines.write(std::string(to_string(error.code())) + " " + error.what());
              }
            }),
            0);
  EXPECT_THAT(lines.read_all(),
              ::testing::ElementsAre(::testing::AllOf(HasSubstr("unavailable "), HasSubstr("Permission denied"))));
  std::filesystem::permissions(directory.path(), std::filesystem::perms{0700});
}

TEST_F(SqliteJobStore, SaysThatAFileIsReadOnly) {
  open();
  std::filesystem::permissions(path, std::filesystem::perms{0444});
  std::filesystem::permissions(directory.path(), std::filesystem::perms{0755});
  Lines lines;
  EXPECT_EQ(status_as_nobody([&] {
              try {
                open();
              } catch (const Error& error) {
                lines.write(std::string(to_string(error.code())) + " " + error.what());
              }
            }),
            0);
  EXPECT_THAT(lines.read_all(),
              ::testing::ElementsAre(::testing::AllOf(HasSubstr("unavailable "), HasSubstr("writable for this user"))));
}

TEST_F(SqliteJobStore, IsMadeOnceByManyProcesses) {
  for (int round = 0; round < 10; ++round) {
    Lines lines;
    std::vector<pid_t> children;
    for (int number = 0; number < 4; ++number) {
      children.push_back(start_process([&] { lines.write(open()->add({.code = "1"})); }));
    }
    for (const pid_t child : children) EXPECT_EQ(wait_for(child), 0);
    const auto store = open();
    for (const JobId& id : lines.read_all()) EXPECT_TRUE(store->find(id).has_value());
    EXPECT_EQ(store->list({}).size(), 4U);
    for (const char* suffix : {"", "-wal", "-shm"}) std::filesystem::remove(path + suffix);
  }
}

TEST_F(SqliteJobStore, GivesAJobToOneProcessOnly) {
  constexpr std::size_t jobs = 100;
  {
    const auto store = open();
    for (std::size_t count = 0; count < jobs; ++count) store->add({.code = "1"});
  }
  Lines lines;
  std::vector<pid_t> children;
  for (int number = 0; number < 3; ++number) {
    children.push_back(start_process([&] {
      const auto store = open();
      while (const auto claimed = store->claim("w", 1h)) {
        if (!store->finish(*claimed, RunResult{})) ::_exit(4);
        lines.write(claimed->job.id);
      }
    }));
  }
  for (const pid_t child : children) EXPECT_EQ(wait_for(child), 0);
  const auto ids = lines.read_all();
  EXPECT_EQ(ids.size(), jobs);
  EXPECT_EQ(std::set<std::string>(ids.begin(), ids.end()).size(), jobs);
}

TEST_F(SqliteJobStore, HasAnAddedJobAfterItsProcessWasKilled) {
  for (int round = 0; round < 10; ++round) {
    Lines lines;
    const int status = wait_for(start_process([&] { lines.write(open()->add({.code = "print(1)"})); }, SIGKILL));
    EXPECT_TRUE(WIFSIGNALED(status));
    const auto ids = lines.read_all();
    ASSERT_EQ(ids.size(), 1U);
    const auto found = open()->find(ids.front());
    ASSERT_TRUE(found.has_value());
    EXPECT_EQ(found->request.code, "print(1)");
  }
}

TEST_F(SqliteJobStore, HasAWholeStateAfterItsProcessWasKilledInTheMiddle) {
  for (int round = 0; round < 10; ++round) {
    Lines lines;
    const pid_t child = start_process([&] {
      const auto store = open();
      while (true) {
        lines.write(store->add({.code = std::string(10'000, 'x')}));
        store->finish(store->claim("w", 1h).value(), result_with(Outcome::ok, std::string(10'000, 'y')));
      }
    });
    ::usleep(static_cast<useconds_t>(20'000 + round * 1'700));
    ::kill(child, SIGKILL);
    wait_for(child);
    const auto store = open();
    for (const JobId& id : lines.read_all()) EXPECT_TRUE(store->find(id).has_value());
    for (const Job& job : store->list({.limit = 100'000})) {
      EXPECT_EQ(job.result.has_value(), job.state == JobState::completed);
      EXPECT_EQ(store->find(job.id).value().request.code.size(), 10'000U);
    }
    EXPECT_EQ(sql("PRAGMA integrity_check"), "ok");
  }
}

}  // namespace
}  // namespace pysandbox::testing
