// environment.json: what an environment is made of. It is written last, so that what has one is whole.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include <pysandbox/environment_store.hpp>

#include "packages/interpreter.hpp"
#include "packages/lock.hpp"
#include "packages/store_layout.hpp"

namespace pysandbox::packages {

struct EnvironmentRecord {
  std::string digest{};
  std::string python{};
  std::uint64_t size_bytes = 0;
  std::uint64_t own_bytes = 0;  // of files that are no wheel's
  std::int64_t created_at = 0;  // seconds since 1970

  struct Part {
    Package package{};
    std::string wheel{};  // its key in the store
    std::uint64_t bytes = 0;
  };
  std::vector<Part> parts{};  // sorted by name
};

std::string to_json(const EnvironmentRecord& record);

// Nothing if there is none, or one that this version cannot read.
std::optional<EnvironmentRecord> read_record(const StoreLayout& layout, const std::string& digest);

// For those who ask the store. `names` is digest_names().
Environment describe(const EnvironmentRecord& record, const StoreLayout& layout,
                     const std::map<std::string, std::string>& names);

// Which digest has which curated name.
std::map<std::string, std::string> digest_names(const StoreLayout& layout);

// The digests of all that are there.
std::vector<std::string> all_digests(const StoreLayout& layout);

}  // namespace pysandbox::packages
