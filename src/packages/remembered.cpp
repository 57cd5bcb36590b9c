#include "packages/remembered.hpp"

#include <sys/stat.h>

#include <charconv>
#include <exception>
#include <sstream>

#include "packages/credentials.hpp"
#include "support/syscall.hpp"

namespace pysandbox::packages {
namespace {

constexpr std::size_t most_bytes = 4U << 20;
constexpr std::string_view failed = "failed ";

// What tells that the interpreter is another one now; empty if it cannot be seen from here.
std::string file_identity(const EnvironmentStoreOptions& options) {
  struct stat status {};
  const std::string path = options.rootfs + options.python;
  if (::stat(path.c_str(), &status) != 0) return {};
  std::ostringstream text;
  text << path << ' ' << status.st_dev << ' ' << status.st_ino << ' ' << status.st_size << ' ' << status.st_mtim.tv_sec
       << ' ' << status.st_mtim.tv_nsec;
  return text.str();
}

std::string to_text(const Interpreter& one) {
  return one.version + "\n" + one.cache_tag + "\n" + one.abi + "\n" + one.machine + "\n" + one.libc + "\n" +
         one.libc_version + "\nend\n";
}

std::optional<Interpreter> from_text(const std::string& text) {
  std::istringstream lines(text);
  Interpreter one;
  std::string end;
  lines >> one.version >> one.cache_tag >> one.abi >> one.machine >> one.libc >> one.libc_version >> end;
  return end == "end" ? std::optional(one) : std::nullopt;
}

}  // namespace

std::string request_key(const std::vector<std::string>& requirements, const Interpreter& interpreter,
                        const EnvironmentStoreOptions& options) {
  std::string all = "request 1\n" + interpreter.identity() + "\n" + (options.no_index ? "no index\n" : "") +
                    (options.require_hashes ? "hashes\n" : "") + (options.allow_source_builds ? "sources\n" : "");
  for (const auto& requirement : requirements) all += "needs " + requirement + "\n";
  for (const auto& url : options.index_urls) all += "index " + without_credentials(url) + "\n";
  for (const auto& place : options.find_links) all += "links " + without_credentials(place) + "\n";
  return sha256_of(all);
}

std::optional<Lock> remembered_lock(const std::string& path, std::optional<std::chrono::seconds> most_age) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return std::nullopt;
  const auto age = std::chrono::system_clock::now() - std::chrono::system_clock::from_time_t(status.st_mtim.tv_sec);
  if (most_age && age >= *most_age) return std::nullopt;
  try {
    return lock_from_json(read_small_file(path, most_bytes));
  } catch (const std::exception&) {
    return std::nullopt;  // of another version, or damaged: the index is asked again
  }
}

Interpreter remembered_interpreter(const StoreLayout& layout, ContainerRunner& runner,
                                   const EnvironmentStoreOptions& options) {
  const std::string identity = file_identity(options);
  if (identity.empty()) return ask_interpreter(runner);
  const std::string path = layout.interpreter(sha256_of(identity));
  if (auto known = from_text(read_small_file(path, 4096))) return *known;
  const Interpreter answer = ask_interpreter(runner);
  layout.write_whole(path, to_text(answer));
  return answer;
}

MakersTurn::MakersTurn(const std::string& path, const EnvironmentProgress& progress, const std::stop_token& stop)
    : progress_(progress), lock_(wait(path, stop)) {
  const std::string said = waited_ ? lock_.said() : "";
  if (!said.starts_with(failed)) return;
  int code = 0;
  const auto [end, failure] = std::from_chars(said.data() + failed.size(), said.data() + said.size(), code);
  if (failure == std::errc() && code >= 0 && code <= static_cast<int>(ErrorCode::internal)) {
    throw Error(static_cast<ErrorCode>(code), said.substr(std::min(said.find(' ', failed.size()) + 1, said.size())));
  }
}

FileLock MakersTurn::wait(const std::string& path, const std::stop_token& stop) {
  std::string heard;
  const auto on_wait = [&](std::string_view said) {
    waited_ = true;
    if (!progress_ || said.empty() || said == heard || said.starts_with(failed)) return;
    heard = said;
    progress_(said);
  };
  return FileLock::take(path, Hold::exclusive, on_wait, stop);
}

EnvironmentProgress MakersTurn::teller() {
  return [this](std::string_view sentence) {
    lock_.say(sentence);
    if (progress_) progress_(sentence);
  };
}

void MakersTurn::tell_failure(const Error& error) {
  // Who was stopped says nothing about the set: the next one makes it.
  if (error.code() == ErrorCode::conflict) return lock_.say("");
  lock_.say(std::string(failed) + std::to_string(static_cast<int>(error.code())) + " " + error.what());
}

}  // namespace pysandbox::packages
