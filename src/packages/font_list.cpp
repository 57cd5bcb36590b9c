#include "packages/font_list.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <span>

#include <pysandbox/error.hpp>

#include "support/syscall.hpp"
#include "support/unique_fd.hpp"
#include "value/text.hpp"
#include "wire/json_document.hpp"

namespace pysandbox::packages {
namespace {

constexpr const char* program_text = R"(import glob, os, shutil
os.environ["MPLCONFIGDIR"] = "/workspace/made"
import matplotlib.font_manager
for path in glob.glob(matplotlib.get_cachedir() + "/fontlist-v*.json"):
    shutil.copy(path, "/workspace")
)";

constexpr std::uint64_t most_bytes = 8U << 20;

ContainerSpec container_spec(const std::string& directory) {
  ContainerSpec spec;
  spec.limits.time_limit = spec.limits.cpu_time_limit = std::chrono::seconds(60);
  spec.limits.memory_bytes = 1ULL << 30;
  spec.limits.artifact_bytes = most_bytes;
  spec.limits.artifact_count = 1;
  spec.environment_directory = directory;
  return spec;
}

// "fontlist-v390.json"; the words of a package, so nothing else is taken.
bool is_list_name(const std::string& name) {
  const std::string begin = "fontlist-v", end = ".json";
  if (name.size() > 40 || !name.starts_with(begin) || !name.ends_with(end)) return false;
  const auto middle = std::string_view(name).substr(begin.size(), name.size() - begin.size() - end.size());
  return !middle.empty() && middle.find_first_not_of("0123456789.") == middle.npos;
}

std::string read_all(OutputFile& file) {
  std::string text(std::min(file.size(), most_bytes), '\0');
  std::size_t have = 0;
  while (const std::size_t count = file.read(std::as_writable_bytes(std::span(text)).subspan(have))) have += count;
  text.resize(have);
  return text;
}

std::uint64_t keep(const std::string& directory, const std::string& name, const std::string& text) {
  parse_json(text);
  const std::string folder = directory + "/matplotlib";
  check(::mkdir(folder.c_str(), 0755), "Making a folder for matplotlib");
  const UniqueFd file(::open((folder + "/" + name).c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0444));
  check(file.get(), "Making matplotlib's list of fonts");
  if (!write_all(file.get(), text)) check(-1, "Writing matplotlib's list of fonts");
  return text.size();
}

}  // namespace

std::uint64_t add_font_list(const std::string& directory, ContainerRunner& runner,
                            const EnvironmentProgress& progress) {
  if (progress) progress("making matplotlib's list of fonts");
  const auto container = runner.open(container_spec(directory));
  Program program;
  program.entry_point = "list_fonts.py";
  program.code = program_text;
  program.outputs = {"fontlist-v*.json"};
  RunResult result = container->run(program, {});
  std::uint64_t bytes = 0;
  std::string obstacle = result.error ? result.error->name + ": " + result.error->value : "";
  if (result.outcome == Outcome::ok) {
    container->collect(result, [&](OutputFile& file) {
      try {
        if (is_list_name(file.path()) && bytes == 0) bytes = keep(directory, file.path(), read_all(file));
      } catch (const Error& error) {
        if (error.code() != ErrorCode::invalid_request) throw;
        obstacle = error.what();
      }
    });
  }
  if (bytes == 0 && progress) {
    progress("matplotlib's list of fonts could not be made, so that each job makes its own (" +
             std::string(to_string(result.outcome)) + " " + quoted(obstacle) + ")");
  }
  return bytes;
}

}  // namespace pysandbox::packages
