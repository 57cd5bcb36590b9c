// The EnvironmentStore: THE RECIPE. A set is resolved, its wheels are fetched and unpacked, and put together.
#include <pysandbox/environment_store.hpp>

#include <sys/stat.h>

#include <algorithm>
#include <charconv>
#include <mutex>

#include <pysandbox/error.hpp>

#include "packages/assemble.hpp"
#include "packages/environment_record.hpp"
#include "packages/installer.hpp"
#include "process/launcher.hpp"
#include "packages/prune.hpp"
#include "packages/remembered.hpp"
#include "packages/source_resolver.hpp"
#include "packages/store_layout.hpp"
#include "packages/wheel_shelf.hpp"
#include "support/failpoint.hpp"
#include "support/in_quotes.hpp"
#include "support/syscall.hpp"
#include "value/curated.hpp"
#include "value/requirement.hpp"
#include "value/text.hpp"

namespace pysandbox {
namespace packages {
namespace {

constexpr std::size_t fewest_digits = 8;  // of a digest that is not written out

// An environment that somebody uses, and what says so to those who remove.
struct Leased {
  Environment environment;
  FileLock lease;
};

std::vector<std::string> wanted_requirements(const EnvironmentRequest& request) {
  check_environment_request(request);
  std::vector<std::string> all = request.packages;
  if (const auto curated = curated_packages(request.name)) all.insert(all.end(), curated->begin(), curated->end());
  if (all.empty()) {
    throw Error(ErrorCode::invalid_request, "No package is asked for; name one, or run without an environment");
  }
  return canonical_requirements(all);
}

class LocalEnvironmentStore final : public EnvironmentStore {
 public:
  LocalEnvironmentStore(const std::string& directory, ContainerRunner& runner, const EnvironmentStoreOptions& options)
      : options_(options), runner_(runner), layout_(directory), shelf_(layout_, runner_, launcher_, options_) {}

  std::shared_ptr<const Environment> prepare(const EnvironmentRequest& request, const EnvironmentProgress& progress,
                                             std::stop_token stop) override {
    check_environment_request(request);
    if (!request.name.empty() && !curated_packages(request.name)) return find_by_digest(request.name);
    const Wish wish{wanted_requirements(request), request.packages.empty() ? request.name : std::string()};
    return prepare_set(wish, progress, stop);
  }

  std::vector<Environment> list() override {
    const auto names = digest_names(layout_);
    std::vector<Environment> all;
    for (const auto& digest : all_digests(layout_)) {
      if (const auto record = read_record(layout_, digest)) all.push_back(describe(*record, layout_, names));
    }
    std::ranges::stable_sort(all, std::ranges::greater(), &Environment::last_used_at);
    return all;
  }

  std::optional<Environment> find(const std::string& digest_or_name) override {
    std::optional<Environment> found;
    for (auto& environment : list()) {
      const bool by_name = !environment.name.empty() && environment.name == digest_or_name;
      const bool by_digest =
          digest_or_name.size() >= fewest_digits && environment.info.digest.starts_with(digest_or_name);
      if (by_name || environment.info.digest == digest_or_name) return environment;
      if (!by_digest) continue;
      if (found) return std::nullopt;  // the beginning of two
      found = std::move(environment);
    }
    return found;
  }

  std::uint64_t prune(std::uint64_t budget_bytes) override { return prune_store(layout_, budget_bytes); }

 private:
  struct Wish {
    std::vector<std::string> requirements;  // canonical
    std::string name{};                     // of the curated set that they are, or empty
    BuildChain chain{};                     // the sources that it is to build; empty for a set that somebody asked for
  };

  std::shared_ptr<const Environment> prepare_set(const Wish& wish, const EnvironmentProgress& progress,
                                                 const std::stop_token& stop) {
    const Interpreter& interpreter = find_interpreter();
    const std::string key = request_key(wish.requirements, interpreter, options_);
    if (auto ready = find_remembered(key, wish)) return ready;

    // Others wait for this one, and hear what it does. Who waits for an environment to build in has a lock already:
    // with the place in the chain in their names, locks are always taken in one order.
    const std::string place = wish.chain.titles.empty() ? "" : "-" + std::to_string(wish.chain.titles.size());
    MakersTurn turn(layout_.lock("set-" + key + place), progress, stop);
    if (auto ready = find_remembered(key, wish)) return ready;
    turn.begin();
    try {
      return make(wish, key, interpreter, turn.teller(), stop);
    } catch (const Error& error) {
      turn.tell_failure(error);
      throw;
    }
  }

  // THE RECIPE.
  std::shared_ptr<const Environment> make(const Wish& wish, const std::string& key, const Interpreter& interpreter,
                                          const EnvironmentProgress& progress, const std::stop_token& stop) {
    std::shared_ptr<const Environment> made;
    {
      const FileLock making = FileLock::take(layout_.making(), Hold::shared, {}, stop);
      const WorkPlace work(layout_);
      const auto installer = make_installer(options_, launcher_);
      const Lock lock = find_wheels(wish, key, interpreter, *installer, work, progress, stop);
      failpoint("after_wheels");
      if (!read_record(layout_, lock.digest(interpreter))) {
        assemble_environment({lock, interpreter, layout_, runner_, options_.max_environment_bytes}, work, progress);
      }
      layout_.write_whole(layout_.request(key), lock_to_json(lock));
      made = lease(lock.digest(interpreter), wish.name);
    }
    if (!made)
      throw Error(ErrorCode::unavailable, "The environment was removed at once; raise the budget of the store");
    prune_store(layout_, options_.budget_bytes);
    return made;
  }

  // The lock of the wish, with all its wheels on the shelf. What an earlier resolution gave is good, as long as the
  // index still has it.
  Lock find_wheels(const Wish& wish, const std::string& key, const Interpreter& interpreter, Installer& installer,
                   const WorkPlace& work, const EnvironmentProgress& progress, const std::stop_token& stop) {
    if (auto lock = remembered_lock(layout_.request(key), options_.resolution_age)) {
      try {
        shelf_.fill(*lock, interpreter, installer, work, progress, stop);
        return std::move(*lock);
      } catch (const Error& error) {
        if (error.code() != ErrorCode::environment_failed) throw;
        if (progress) progress("asking the index again, since what it said before is not to be had any more");
      }
    }
    if (progress) progress("resolving " + summary(wish));
    const auto prepare_needs = [&](const std::vector<std::string>& requirements, const BuildChain& chain) {
      return prepare_set({requirements, "", chain}, progress, stop);
    };
    const SourceTools tools{layout_, runner_, launcher_, options_, installer, interpreter, prepare_needs};
    Lock lock{SourceResolver(tools, wish.chain, progress, stop).resolve(wish.requirements)};
    const WorkPlace own(layout_);
    if (options_.require_hashes) shelf_.check_hashes(lock, installer, own, stop);
    shelf_.fill(lock, interpreter, installer, own, progress, stop);
    return lock;
  }

  static std::string summary(const Wish& wish) {
    if (!wish.name.empty()) return wish.name;
    std::string text;
    for (const auto& requirement : wish.requirements) text += (text.empty() ? "" : ", ") + requirement;
    return text.size() <= 200 ? text : text.substr(0, 200) + "...";
  }

  std::shared_ptr<const Environment> find_remembered(const std::string& key, const Wish& wish) {
    const auto lock = remembered_lock(layout_.request(key), options_.resolution_age);
    return lock ? lease(lock->digest(find_interpreter()), wish.name) : nullptr;
  }

  // Empty if there is none. What is made for a name has that name from then on.
  std::shared_ptr<const Environment> lease(const std::string& digest, const std::string& name) {
    if (!read_record(layout_, digest)) return nullptr;
    FileLock lock = FileLock::take(layout_.lease(digest), Hold::shared, {}, {});
    const auto record = read_record(layout_, digest);
    if (!record) {
      lock.remove();
      return nullptr;
    }
    lock.touch();
    if (!name.empty() && read_small_file(layout_.name(name), 100) != digest) {
      layout_.write_whole(layout_.name(name), digest);
    }
    auto leased = std::make_shared<Leased>(Leased{describe(*record, layout_, digest_names(layout_)), std::move(lock)});
    return {leased, &leased->environment};
  }

  std::shared_ptr<const Environment> find_by_digest(const std::string& digest) {
    const auto found = find(digest);
    auto ready = found ? lease(found->info.digest, "") : nullptr;
    if (ready) return ready;
    throw Error(ErrorCode::environment_failed, "There is no environment " + quoted(digest) +
                                                   ", or more than one whose digest begins so; name packages instead");
  }

  const Interpreter& find_interpreter() {
    const std::lock_guard lock(mutex_);
    if (!interpreter_) interpreter_ = remembered_interpreter(layout_, runner_, options_);
    return *interpreter_;
  }

  const EnvironmentStoreOptions options_;
  ContainerRunner& runner_;
  const StoreLayout layout_;
  HostLauncher launcher_;
  WheelShelf shelf_;
  std::mutex mutex_;  // guards the next; its value never changes again
  std::optional<Interpreter> interpreter_;
};

void check_options(const EnvironmentStoreOptions& options) {
  if (options.no_index && options.find_links.empty()) {
    throw Error(ErrorCode::invalid_request, "no_index leaves no place for packages; name a folder in find_links");
  }
  if (options.no_index && !options.index_urls.empty()) {
    throw Error(ErrorCode::invalid_request, "index_urls and no_index exclude each other; leave one of them out");
  }
  if (options.resolve_timeout.count() <= 0 || options.build_timeout.count() <= 0) {
    throw Error(ErrorCode::invalid_request, "resolve_timeout and build_timeout must be a second at least");
  }
  for (const auto* places : {&options.index_urls, &options.find_links}) {
    for (const auto& place : *places) {
      const bool control = std::ranges::any_of(place, [](char c) { return static_cast<unsigned char>(c) <= 0x20; });
      if (place.empty() || control || place.front() == '-') {
        throw Error(ErrorCode::invalid_request,
                    "The place " + quoted(without_credentials(place)) +
                        " for packages is none; name an address or a folder, without spaces");
      }
    }
  }
}

}  // namespace
}  // namespace packages

std::unique_ptr<EnvironmentStore> open_environment_store(const std::string& directory, ContainerRunner& runner,
                                                         const EnvironmentStoreOptions& options) {
  packages::check_options(options);
  return std::make_unique<packages::LocalEnvironmentStore>(directory, runner, options);
}

}  // namespace pysandbox
