// What an operator can set, as plain values that make sense. setting_table.hpp has their names.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include <pysandbox/container_runner.hpp>
#include <pysandbox/limits.hpp>

#include "keys/key_store.hpp"
#include "log.hpp"
#include "runners/choice.hpp"

namespace pysandbox::server {

struct ListenAddress {
  std::string address = "127.0.0.1";  // numeric, without brackets
  std::uint16_t port = 3004;          // zero: any that is free

  bool operator==(const ListenAddress&) const = default;
};

enum class NoKey {
  on_loopback,  // without a key, only programs of this machine are served
  anywhere,     // --insecure-no-key
};

struct Settings {
  ListenAddress listen{};
  std::string port_file{};
  std::string data_dir{};  // never empty once parsed

  std::string
      database_url{};    // empty: jobs.sqlite in the data directory; "sqlite:PATH"; or that of a PostgreSQL database
  unsigned workers = 0;  // zero: one for each processor
  std::chrono::milliseconds lease{30'000};
  std::uint32_t max_attempts = 3;
  std::uint64_t max_queued = 100'000;  // waiting jobs, of all callers together; beyond it submissions are refused
  std::chrono::seconds drain_time{30};
  std::chrono::seconds file_retention{24 * 3600};
  std::chrono::seconds job_retention{7 * 24 * 3600};

  std::uint64_t max_body_bytes = 64ULL << 20;
  std::uint64_t max_upload_bytes = 4ULL << 30;  // as maximum_input_bytes: a larger one could never be a job's input
  std::uint64_t storage_quota_bytes = 0;
  std::uint64_t owner_quota_bytes = 0;
  std::uint64_t max_connections = 1024;

  std::uint32_t rate = 0;        // requests a minute; zero: see key_limits_of() and limits_without_key_of()
  std::uint64_t max_active = 0;  // jobs queued or running; zero: the same
  NoKey no_key = NoKey::on_loopback;
  std::vector<std::string> allow_hosts{};
  std::vector<std::string> allow_origins{};

  std::vector<std::string> default_limits{};  // as given, "NAME=VALUE"; limits_of() reads them
  std::vector<std::string> max_limits{};

  std::vector<std::string> allow_addresses{};
  std::string callback_secret{};
  std::string callback_secret_file{};

  std::string environment_dir{};  // empty: "environments" in the data directory
  std::vector<std::string> index_urls{};
  std::vector<std::string> find_links{};
  bool no_index = false;
  bool require_hashes = false;
  bool allow_source_builds = false;
  std::uint64_t environment_budget_bytes = 20ULL << 30;

  RunnerChoice runner{.native = {.pool = {.maximum = 64}}};  // it runs many programs, so it parks interpreters for them

  LogFormat log_format = LogFormat::text;
  LogLevel log_level = LogLevel::info;
};

// What a job gets that says nothing of a limit, and the most that it may ask for.
struct JobLimits {
  Limits defaults;
  Limits maxima;
};

// Throws Error{invalid_request} for a name or value that makes no sense, and for a default beyond its maximum. Defaults
// that nobody has set are lowered to the maximum.
JobLimits limits_of(const Settings& settings);

// What a new key gets, and what callers get while no keys are in use: the first is bounded whether anybody said so or
// not, the second (they are on this machine) only if somebody did.
KeyLimits key_limits_of(const Settings& settings);
KeyLimits limits_without_key_of(const Settings& settings);

// The secret that signs callbacks, from wherever it was given; empty if there is none. Throws Error{invalid_request}
// if its file cannot be read.
std::string callback_secret_of(const Settings& settings);

// True if only this machine can connect to it.
bool is_loopback(const ListenAddress& listen);

// "127.0.0.1:3004", "[::1]:3004".
std::string to_string(const ListenAddress& listen);

// Where data lies unless somebody says otherwise: $XDG_DATA_HOME/pysandbox, or ~/.local/share/pysandbox. Throws
// Error{invalid_request} if neither is known.
std::string default_data_dir();

}  // namespace pysandbox::server
