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
  // A connection that waited may have been closed by a server that has come back since, so another one is tried then.
  template <class Use>
  void with_connection(const Use& use) {
    if (try_with_connection(use)) return;
    pool_.clear();
    try_with_connection(use);
  }

  // False if it is worth another try.
  template <class Use>
  bool try_with_connection(const Use& use) {
    PostgresPool::Lease lease = pool_.take();
    try {
      use(lease.connection());
    } catch (...) {
      if (!lease.is_fresh() && is_lost_connection(std::current_exception())) return false;
      throw_postgres_error(std::current_exception(), url_);
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
