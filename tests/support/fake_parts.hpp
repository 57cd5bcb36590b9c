// Parts of a Sandbox that do what a test says: a runner that runs a function, a way out to nowhere, a store that fails.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include <pysandbox/container_runner.hpp>
#include <pysandbox/environment_store.hpp>
#include <pysandbox/error.hpp>
#include <pysandbox/job_store.hpp>
#include <pysandbox/web_client.hpp>

namespace pysandbox::testing {

// What stands for a run: gets the program, where it prints, and when it is to stop.
using FakeRun = std::function<RunResult(const Program&, const OutputSink&, std::stop_token)>;

inline RunResult ok_result() { return RunResult{.outcome = Outcome::ok, .exit_code = 0}; }

// Waits until `stop`, as a program does that only a kill ends.
inline RunResult run_until_stopped(const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any stopped;
  std::unique_lock lock(mutex);
  stopped.wait(lock, stop, [] { return false; });
  return RunResult{.outcome = Outcome::cancelled};
}

class FakeRunner final : public ContainerRunner {
 public:
  explicit FakeRunner(FakeRun run) : run_(std::move(run)) {}

  std::string_view name() const override { return "fake"; }
  std::unique_ptr<Container> open(const ContainerSpec& spec) override {
    const std::lock_guard lock(mutex_);
    environments_.push_back(spec.environment_directory);
    return std::make_unique<FakeContainer>(run_);
  }
  std::vector<HostFinding> check() override { return {}; }

  // What each container was opened with.
  std::vector<std::string> environments() {
    const std::lock_guard lock(mutex_);
    return environments_;
  }

 private:
  class FakeContainer final : public Container {
   public:
    explicit FakeContainer(FakeRun run) : run_(std::move(run)) {}

    RunResult run(const Program& program, const OutputSink& sink) override {
      RunResult result = run_(program, sink, stop_.get_token());
      files_ = std::exchange(result.artifacts, {});
      return result;
    }
    // Artifacts of the fake result, each with its own path as content.
    void collect(RunResult&, const std::function<void(OutputFile&)>& take) override {
      for (const Artifact& artifact : files_) {
        FakeFile file(artifact.path);
        take(file);
      }
    }
    void stop() noexcept override { stop_.request_stop(); }

   private:
    FakeRun run_;
    std::stop_source stop_;
    std::vector<Artifact> files_;
  };

  class FakeFile final : public OutputFile {
   public:
    explicit FakeFile(std::string path) : path_(std::move(path)) {}
    const std::string& path() const override { return path_; }
    std::uint64_t size() const override { return path_.size(); }
    std::size_t read(std::span<std::byte> buffer) override {
      const std::size_t count = std::min(buffer.size(), path_.size() - read_);
      std::memcpy(buffer.data(), path_.data() + read_, count);
      read_ += count;
      return count;
    }

   private:
    std::string path_;
    std::size_t read_ = 0;
  };

  FakeRun run_;
  std::mutex mutex_;  // guards the environments
  std::vector<std::string> environments_;
};

// What stands for making an environment ready; what it throws, prepare() throws.
using FakePreparation =
    std::function<Environment(const EnvironmentRequest&, const EnvironmentProgress&, std::stop_token)>;

class FakeEnvironmentStore final : public EnvironmentStore {
 public:
  explicit FakeEnvironmentStore(FakePreparation prepare) : prepare_(std::move(prepare)) {}

  std::shared_ptr<const Environment> prepare(const EnvironmentRequest& request, const EnvironmentProgress& progress,
                                             std::stop_token stop) override {
    auto environment = std::make_shared<const Environment>(prepare_(request, progress, stop));
    const std::lock_guard lock(mutex_);
    last_ = environment;
    return environment;
  }
  std::vector<Environment> list() override { return {}; }
  std::optional<Environment> find(const std::string&) override { return std::nullopt; }
  std::uint64_t prune(std::uint64_t) override { return 0; }

  // True while somebody holds the environment that was made last.
  bool in_use() {
    const std::lock_guard lock(mutex_);
    return !last_.expired();
  }

 private:
  FakePreparation prepare_;
  std::mutex mutex_;  // guards the last one
  std::weak_ptr<const Environment> last_;
};

// Remembers what is posted and answers what the test says. What it fetches never comes.
class FakeWebClient final : public WebClient {
 public:
  struct Post {
    std::string url;
    std::map<std::string, std::string> headers;
    std::string body;
  };

  explicit FakeWebClient(std::vector<int> statuses) : statuses_(std::move(statuses)) {}

  WebResult fetch(const std::string&, std::uint64_t, const BodySink&, std::stop_token stop) override {
    run_until_stopped(stop);
    return {.problem = "it was stopped; ask again if it is still wanted", .retryable = true};
  }

  // The statuses in turn; the last one for all that follow.
  WebResult post(const std::string& url, const std::map<std::string, std::string>& headers, std::string_view body,
                 std::stop_token) override {
    const std::lock_guard lock(mutex_);
    const int status = statuses_[std::min(posts_.size(), statuses_.size() - 1)];
    posts_.push_back({url, headers, std::string(body)});
    return {.ok = status / 100 == 2, .status = status};
  }

  std::string objection_to(const std::string& url) const override {
    return url.starts_with("http") ? "" : "the scheme must be http or https";
  }

  std::vector<Post> posts() {
    const std::lock_guard lock(mutex_);
    return posts_;
  }

 private:
  std::mutex mutex_;  // guards the posts
  const std::vector<int> statuses_;
  std::vector<Post> posts_;
};

// Passes everything on to another store, but fails while `down` is set, and the first `fail_finish` calls of finish().
// The first `doubt_finish` calls are done, and yet fail: as when a connection is lost while it commits.
class FailingJobStore final : public JobStore {
 public:
  explicit FailingJobStore(std::unique_ptr<JobStore> store) : store_(std::move(store)) {}

  // The store itself, as another process sees it.
  JobStore& inner() { return *store_; }

  std::atomic<bool> down = false;
  std::atomic<int> fail_finish = 0;
  std::atomic<int> doubt_finish = 0;
  std::atomic<int> fail_append = 0;
  std::atomic<int> fail_progress = 0;
  std::atomic<int> break_append = 0;  // with an exception that is not ours

  using JobStore::add;
  Added add(const JobRequest& request, const Submission& submission) override { return up().add(request, submission); }
  std::optional<Job> find(const JobId& id) override { return up().find(id); }
  std::vector<Job> list(const JobFilter& filter) override { return up().list(filter); }
  std::optional<Claim> claim(std::string_view worker, std::chrono::milliseconds lease) override {
    return up().claim(worker, lease);
  }
  Heartbeat heartbeat(const Claim& claim, std::chrono::milliseconds lease) override {
    return up().heartbeat(claim, lease);
  }
  bool append_output(const Claim& claim, Stream stream, std::string_view text) override {
    if (fail_append > 0 && fail_append-- > 0) refuse();
    if (break_append > 0 && break_append-- > 0) throw std::runtime_error("the test broke the store");
    return up().append_output(claim, stream, text);
  }
  bool append_progress(const Claim& claim, std::string_view sentence) override {
    if (fail_progress > 0 && fail_progress-- > 0) refuse();
    return up().append_progress(claim, sentence);
  }
  bool finish(const Claim& claim, const RunResult& result) override {
    if (fail_finish > 0 && fail_finish-- > 0) refuse();
    const bool finished = up().finish(claim, result);
    if (doubt_finish > 0 && doubt_finish-- > 0) refuse();
    return finished;
  }
  bool release(const Claim& claim) override { return up().release(claim); }
  bool cancel(const JobId& id) override { return up().cancel(id); }
  bool remove(const JobId& id) override { return up().remove(id); }
  std::vector<JobEvent> events(const JobId& id, std::uint64_t after, std::size_t limit) override {
    return up().events(id, after, limit);
  }
  std::optional<std::uint64_t> position(const JobId& id) override { return up().position(id); }
  JobCounts counts() override { return up().counts(); }
  std::vector<JobId> ended_before(std::chrono::seconds age, std::size_t limit) override {
    return up().ended_before(age, limit);
  }
  std::optional<Job> claim_callback(std::chrono::milliseconds lease) override { return up().claim_callback(lease); }
  void finish_callback(const JobId& id, CallbackState state, std::chrono::milliseconds retry_in) override {
    up().finish_callback(id, state, retry_in);
  }
  std::unique_ptr<JobSubscription> subscribe(JobListener listener) override {
    return store_->subscribe(std::move(listener));
  }

 private:
  [[noreturn]] static void refuse() { throw Error(ErrorCode::unavailable, "the test took the store away; try again"); }

  JobStore& up() {
    if (down) refuse();
    return *store_;
  }

  std::unique_ptr<JobStore> store_;
};

}  // namespace pysandbox::testing
