#include "packages/source_resolver.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <optional>
#include <utility>

#include <pysandbox/error.hpp>

#include "packages/built_wheels.hpp"
#include "packages/fetch.hpp"
#include "packages/tree.hpp"
#include "packages/unpack.hpp"
#include "packages/wheel_shelf.hpp"
#include "support/failpoint.hpp"
#include "support/in_quotes.hpp"

namespace pysandbox::packages {
namespace {

constexpr std::size_t deepest = 4;  // sources that are built to build others

// Those that the installer took from what was built here, with what is known of them.
std::vector<LockedWheel> with_builds(std::vector<LockedWheel> wheels, const std::vector<LockedWheel>& built) {
  for (auto& wheel : wheels) {
    const auto from = std::ranges::find_if(built, [&](const LockedWheel& one) {
      return one.file == wheel.file && wheel.url.find("/built/" + one.source->key + "/") != std::string::npos;
    });
    if (from != built.end()) wheel = *from;
  }
  return wheels;
}

}  // namespace

std::vector<LockedWheel> SourceResolver::resolve(const std::vector<std::string>& requirements) {
  for (;;) {
    const WorkPlace own(tools_.layout);
    std::vector<std::string> folders;
    for (const auto& wheel : built_) folders.push_back(tools_.layout.built(wheel.source->key));
    Resolution answer = tools_.installer.resolve(
        {requirements, tools_.interpreter, own.path(), tools_.layout.cache(), std::move(folders)}, stop_);
    if (auto* wheels = std::get_if<std::vector<LockedWheel>>(&answer)) return with_builds(std::move(*wheels), built_);
    const auto& [why, missing] = std::get<Unresolved>(answer);
    if (!tools_.options.allow_source_builds || missing.empty()) throw why;
    if (!build_one_of(missing)) {
      throw Error(why.code(), std::string(why.what()) + "; nor is there a source of it that fits");
    }
  }
}

bool SourceResolver::build_one_of(const std::vector<MissingWheel>& missing) {
  for (const auto& package : missing) {
    const auto source = choose_source(sources_of(package.name), package.specifiers, tools_.interpreter, tried_);
    if (!source) continue;
    check_chain(*source);
    if (++*chain_.begun > tools_.options.max_source_builds) {
      throw Error(
          ErrorCode::environment_failed,
          about_source(*source) + fmt::format("{} others were needed before it, and no more are built for one request",
                                              tools_.options.max_source_builds));
    }
    tried_.insert(source->title());
    built_.push_back(build(*source));
    return true;
  }
  return false;
}

const std::vector<SourceFile>& SourceResolver::sources_of(const std::string& name) {
  if (const auto known = sources_.find(name); known != sources_.end()) return known->second;
  const WorkPlace own(tools_.layout);
  const FetchTask task = make_fetch_task(tools_.options, tools_.installer, own.path());
  const IndexPlaces places = tools_.installer.places(own.path());
  return sources_[name] = list_sources(name, places, task, tools_.launcher, stop_);
}

// Whoever can publish packages can make two that need each other.
void SourceResolver::check_chain(const SourceFile& source) const {
  std::vector<std::string> chain = chain_.titles;
  chain.push_back(source.title());
  const std::string way = fmt::format("{}", fmt::join(chain, ", which needs "));
  if (std::ranges::find(chain_.titles, source.title()) != chain_.titles.end()) {
    throw Error(ErrorCode::environment_failed,
                about_source(source) + "it is needed to build itself: " + in_quotes(way));
  }
  if (chain_.titles.size() >= deepest) {
    throw Error(ErrorCode::environment_failed,
                about_source(source) + "too many sources are needed to build each other: " + in_quotes(way));
  }
}

LockedWheel SourceResolver::build(SourceFile source) {
  const WorkPlace work(tools_.layout);
  fetch(source, work.path());
  failpoint("after_source_fetch");
  const SourceBuildTask task{source, work.path() + "/" + source.file, tools_.options.build_timeout,
                             tools_.options.max_environment_bytes};
  std::vector<std::string> needs = build_requirements(task, tools_.runner, stop_);
  auto environment = prepare(source, needs);
  BuiltFrom from{source.file, source.sha256, source.url, environment ? environment->info.digest : "", ""};
  from.key = key_of(source, from.environment);
  if (auto known = read_built(tools_.layout, from.key)) return *known;

  // Locks are taken in the order of the chain, so that two who build for each other never wait for each other.
  const std::string lock = tools_.layout.lock(fmt::format("build-{}-{}", from.key, chain_.titles.size()));
  const auto on_wait = [&, told = false](std::string_view) mutable {
    if (!std::exchange(told, true))
      tell("waiting for " + source.title() + ", which is being built for another environment");
  };
  const FileLock turn = FileLock::take(lock, Hold::exclusive, on_wait, stop_);
  if (auto known = read_built(tools_.layout, from.key)) return *known;
  return build_in(task, std::move(needs), std::move(from), std::move(environment), work);
}

// Into `directory`, and makes sure that it is what the index names.
void SourceResolver::fetch(SourceFile& source, const std::string& directory) {
  if (source.sha256.empty() && tools_.options.require_hashes) {
    throw Error(ErrorCode::environment_failed, "The index tells no SHA-256 of the source of " +
                                                   in_quotes(source.title()) + ", and one is required here");
  }
  LockedWheel file{source.name, source.version, source.file, source.sha256, source.url, source.size};
  fetch_wheels({&file}, make_fetch_task(tools_.options, tools_.installer, directory), tools_.launcher, progress_,
               stop_);
  if (sha256_of_file(directory + "/" + source.file) != file.sha256) {
    throw Error(ErrorCode::environment_failed,
                about_source(source) + "it is not the file that the index names; try again");
  }
  source.sha256 = file.sha256;
}

// Empty for a source that needs nothing.
std::shared_ptr<const Environment> SourceResolver::prepare(const SourceFile& source,
                                                           const std::vector<std::string>& requirements) {
  if (requirements.empty()) return nullptr;
  BuildChain chain = chain_;
  chain.titles.push_back(source.title());
  try {
    return tools_.prepare(requirements, chain);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::environment_failed) throw;
    throw Error(error.code(), about_source(source) + "what it needs to be built cannot be had: " + error.what());
  }
}

LockedWheel SourceResolver::build_in(const SourceBuildTask& task, std::vector<std::string> needs, BuiltFrom from,
                                     std::shared_ptr<const Environment> environment, const WorkPlace& work) {
  const std::string directory = work.make_directory("wheel");
  const auto attempt = [&](Needs needed) {
    tell("building " + task.source.title() + " from source");
    return build_source(task, environment ? environment->directory : "", needed, tools_.interpreter, directory,
                        tools_.runner, stop_);
  };
  auto made = attempt(Needs::may_ask_for_more);
  if (auto* more = std::get_if<MoreRequirements>(&made)) {
    needs.insert(needs.end(), more->requirements.begin(), more->requirements.end());
    environment = prepare(task.source, needs);
    from.environment = environment ? environment->info.digest : "";
    made = attempt(Needs::all_is_there);
  }
  const auto& fresh = std::get<FreshWheel>(made);
  LockedWheel wheel{task.source.name, task.source.version, fresh.file, fresh.sha256, "", fresh.size, std::move(from)};
  failpoint("after_build");
  unpack(wheel, directory, work);
  keep_built(wheel, directory, tools_.layout);
  return wheel;
}

// At once, before any installer looks into it: what cannot be used is not kept.
void SourceResolver::unpack(const LockedWheel& wheel, const std::string& directory, const WorkPlace& work) const {
  const std::string key = WheelShelf::key_of(wheel, tools_.interpreter);
  const UnpackTask task{directory + "/" + wheel.file, work.make_directory(key), tools_.options.build_timeout,
                        tools_.options.max_environment_bytes};
  unpack_wheel(wheel, task, tools_.runner, stop_);
  flush_to_disk(task.directory);
  move_into_place(task.directory, tools_.layout.wheel(key));
}

// What one source gives depends on these, and on nothing else that is known before it is built.
std::string SourceResolver::key_of(const SourceFile& source, const std::string& environment) const {
  return sha256_of("build 1\n" + source.sha256 + "\n" + environment + "\n" + tools_.interpreter.identity() + "\n");
}

void SourceResolver::tell(const std::string& sentence) const {
  if (progress_) progress_(sentence);
}

}  // namespace pysandbox::packages
