#include "key_command.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <cstdio>

#include <pysandbox/error.hpp>

#include "data_dir.hpp"
#include "keys/key_store.hpp"

namespace pysandbox::server {

int create_key(const CreateKeyCommand& command) {
  const DataDir place(command.data_dir);
  KeyStore keys(place.keys());
  const bool first = !keys.in_use();
  const std::string text = keys.create(command.name, command.limits);
  // The key alone on standard output: key=$(pysandbox-server key create --name ci)
  fmt::print("{}\n", text);
  fmt::print(stderr, "The key \"{}\", shown this once.{}\n", command.name,
             first ? " From now on every request to this server needs a key." : "");
  return 0;
}

int list_keys(const ListKeysCommand& command) {
  const DataDir place(command.data_dir);
  fmt::print("{:<16}  {:<20}  {:>12}  {:>11}  {}\n", "ID", "MADE", "REQUESTS/MIN", "ACTIVE JOBS", "NAME");
  for (const Key& key : KeyStore(place.keys()).list()) {
    fmt::print("{}  {:%Y-%m-%dT%H:%M:%SZ}  {:>12}  {:>11}  {}\n", key.id,
               fmt::gmtime(std::chrono::system_clock::to_time_t(key.created_at)), key.limits.requests_per_minute,
               key.limits.max_active_jobs, key.name);
  }
  return 0;
}

int revoke_key(const RevokeKeyCommand& command) {
  const DataDir place(command.data_dir);
  if (!KeyStore(place.keys()).revoke(command.name_or_id)) {
    throw Error(
        ErrorCode::not_found,
        fmt::format("there is no key \"{}\"; pysandbox-server key list names those there are", command.name_or_id));
  }
  return 0;
}

}  // namespace pysandbox::server
