#include <pysandbox/error.hpp>
#include <pysandbox/job_store.hpp>

#include <mutex>
#include <optional>
#include <utility>

#include "job/listeners.hpp"
#include "job/postgres_pool.hpp"
#include "job/postgres_schema.hpp"
#include "job/postgres_watch.hpp"
#include "job/sql_job_store.hpp"
#include "support/random_id.hpp"

namespace pysandbox {
namespace {

class PostgresDatabase final : public SqlDatabase {
 public:
  PostgresDatabase(const std::string& url, std::size_t connections)
      : url_(url), tag_(random_id().substr(0, 8)), pool_(url_, connections) {
    PostgresPool::Lease lease = pool_.take();
    prepare_schema(lease.connection(), url_);
    lease.keep();
  }

  void change(const Work& work) override {
    std::vector<JobId> noted;
    with_connection([&](PostgresConnection& connection) {
      pqxx::work transaction(connection.raw());
      PostgresSession session(connection, transaction);
      work(session);
      send_notes(session, tag_);
      transaction.commit();
      noted = session.noted();
    });
    listeners_.call(noted);
  }

  void look(const Work& work) override {
    with_connection([&](PostgresConnection& connection) {
      pqxx::nontransaction query(connection.raw());
      PostgresSession session(connection, query);
      work(session);
    });
  }

  std::unique_ptr<JobSubscription> subscribe(JobListener listener) override {
    auto subscription = listeners_.subscribe(std::move(listener));
    const std::lock_guard lock(watching_);
    if (!watch_) watch_.emplace(url_, listeners_, tag_);
    return subscription;
  }

 private:
  template <class Use>
  void with_connection(const Use& use) {
    if (try_with_connection(use, LastTry::no)) return;
    pool_.clear();
    try_with_connection(use, LastTry::yes);
  }

  enum class LastTry { no, yes };

  // False if it is worth another try: after a deadlock, and with a connection that waited, since the server may have
  // closed that and come back since.
  template <class Use>
  bool try_with_connection(const Use& use, LastTry last) {
    PostgresPool::Lease lease = pool_.take();
    try {
      use(lease.connection());
    } catch (...) {
      const auto error = std::current_exception();
      const PostgresFailure failure = failure_of(error);
      const bool is_stale = failure == PostgresFailure::connection_lost && !lease.is_fresh();
      if (last == LastTry::no && (is_stale || failure == PostgresFailure::undone)) return false;
      throw_postgres_error(error, url_);
    }
    lease.keep();
    return true;
  }

  const PostgresUrl url_;
  const std::string tag_;
  const Listeners listeners_;
  PostgresPool pool_;
  std::mutex watching_;                 // guards the next one
  std::optional<PostgresWatch> watch_;  // uses all above
};

}  // namespace

std::unique_ptr<JobStore> open_postgres_job_store(const std::string& url, const PostgresJobStoreOptions& options) {
  if (options.connections == 0) {
    throw Error(ErrorCode::invalid_request, "no connection to the job database is allowed; allow 1 or more");
  }
  return make_sql_job_store(std::make_unique<PostgresDatabase>(url, options.connections),
                            {.max_attempts = options.max_attempts});
}

}  // namespace pysandbox
