#include "serve.hpp"

#include <fmt/format.h>

#include <memory>
#include <string>

#include <pysandbox/sandbox.hpp>

#include "access/gate.hpp"
#include "access/key_access.hpp"
#include "api/application.hpp"
#include "data_dir.hpp"
#include "http/listener.hpp"
#include "keys/key_store.hpp"
#include "log.hpp"
#include "metrics/metrics.hpp"
#include "parts.hpp"
#include "private_file.hpp"
#include "service_manager.hpp"
#include "service_operations.hpp"
#include "stop_signals.hpp"

namespace pysandbox::server {
namespace {

// Requests get so long to end once no job runs any more.
constexpr std::chrono::seconds last_answers{5};

void refuse_open_door(const Settings& settings, KeyStore& keys) {
  if (is_loopback(settings.listen) || keys.in_use() || settings.no_key == NoKey::anywhere) return;
  throw Error(
      ErrorCode::invalid_request,
      fmt::format("at {} whoever reaches it could run programs, since there is no key: make one with pysandbox-server "
                  "key create --name NAME (and the same --data-dir), or say --insecure-no-key",
                  to_string(settings.listen)));
}

std::string who_is_let_in(KeyStore& keys) {
  if (!keys.in_use()) return "without a key: whoever reaches the port";
  return fmt::format("{} with a key", keys.list().size());
}

}  // namespace

int serve(const Settings& settings) {
  StopSignals signals;
  Log log(settings.log_format, settings.log_level);
  const DataDir place(settings.data_dir);
  KeyStore keys(place.keys());
  refuse_open_door(settings, keys);
  const Isolation isolation = prove_isolation(settings.runner);

  Metrics metrics;
  Sandbox sandbox(make_parts(settings, place, metrics, log));
  KeyAccess access(keys, limits_without_key_of(settings));
  ServiceOperations operations({.sandbox = sandbox,
                                .metrics = metrics,
                                .log = log,
                                .limits = limits_of(settings),
                                .isolation = isolation,
                                .workers = workers_of(settings),
                                .files_directory = place.files()});
  const auto application = api::make_application({sandbox, access, operations, api_limits_of(settings)});
  Gate gate(gate_options_of(settings), *application);
  const auto listener = http::Listener::open(listener_options_of(settings), gate);
  gate.listening_on(listener->port());
  operations.listening(*listener);

  const ListenAddress address{settings.listen.address, listener->port()};
  log.write(LogLevel::info, "serving",
            {{"url", "http://" + to_string(address)},
             {"jobs_in", database_text(settings, place)},
             {"isolation", isolation_text(isolation)},
             {"workers", std::int64_t{workers_of(settings)}},
             {"let_in", who_is_let_in(keys)}});
  if (!settings.port_file.empty()) replace_private_file(settings.port_file, std::to_string(address.port) + "\n");
  tell_service_manager("READY=1");

  signals.wait();
  log.write(LogLevel::info, "draining", {{"at_most_s", std::int64_t{settings.drain_time.count()}}});
  tell_service_manager("STOPPING=1");
  operations.draining();
  sandbox.drain(settings.drain_time);
  listener->close(last_answers);
  log.write(LogLevel::info, "ended");
  return 0;
}

}  // namespace pysandbox::server
