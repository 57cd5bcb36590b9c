#include "container/program_words.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <map>
#include <string_view>
#include <system_error>
#include <vector>

#include "support/syscall.hpp"

extern "C" {
extern const char pysandbox_bootstrap[];
extern const char pysandbox_report[];
extern const char pysandbox_zygote[];
}

namespace pysandbox::container {
namespace {

// What a zygote executes. As little as can be: the interpreter keeps its syntax tree until it has run, and then frees
// it, for which a parked one would have to copy each page of it.
constexpr const char* zygote_start = R"(import sys
source = compile(sys.argv[1], "<string>", "exec", 0, True)
exec(source)
try:
    start(sys.argv.pop(1), "/workspace/" + sys.argv.pop(1), "/run/pysandbox/report")
    ending.append(0)
except SystemExit as end:
    note_end(end.code)
    raise
)";

// All that a program inherits. Nothing of the host's environment is among it.
const std::map<std::string, std::string> base_environment = {
    {"PATH", "/usr/local/bin:/usr/bin:/bin"}, {"HOME", "/workspace"},    {"LANG", "C.UTF-8"}, {"TMPDIR", "/tmp"},
    {"PYTHONDONTWRITEBYTECODE", "1"},         {"PYTHONNOUSERSITE", "1"},
};

void append_word(std::string& bytes, const std::string& word) {
  bytes += word;
  bytes += '\0';
}

std::map<std::string, std::string> environment_of(const Program& program, const PackageAids& aids) {
  std::map<std::string, std::string> environment = base_environment;
  for (const auto& [name, value] : aids.variables) environment[name] = value;
  for (const auto& [name, value] : program.env) environment[name] = value;
  const auto packages = aids.variables.find("PYTHONPATH");
  const auto own = program.env.find("PYTHONPATH");
  if (packages != aids.variables.end() && own != program.env.end() && !own->second.empty()) {
    environment["PYTHONPATH"] = own->second + ":" + packages->second;
  }
  return environment;
}

Words join(const std::vector<std::string>& arguments, const std::map<std::string, std::string>& environment) {
  Words words{};
  for (const auto& argument : arguments) append_word(words.bytes, argument);
  for (const auto& [name, value] : environment) append_word(words.bytes, name + "=" + value);
  words.plan.argument_count = static_cast<std::uint32_t>(arguments.size());
  words.plan.variable_count = static_cast<std::uint32_t>(environment.size());
  words.plan.words_size = words.bytes.size();
  return words;
}

}  // namespace

Words program_words(const Program& program, const PackageAids& aids, const std::string& python, bool inherit) {
  std::vector<std::string> arguments{
      python, "-X", "faulthandler", "-c", pysandbox_bootstrap, pysandbox_report, program.entry_point};
  arguments.insert(arguments.end(), program.args.begin(), program.args.end());
  Words words = join(arguments, environment_of(program, aids));
  for (char** variable = inherit ? ::environ : nullptr; variable != nullptr && *variable != nullptr; ++variable) {
    append_word(words.bytes, *variable);
    ++words.plan.variable_count;
  }
  words.plan.words_size = words.bytes.size();
  return words;
}

// Without the path to the packages: whoever made them could put one in the place of a module of the standard library.
Words zygote_words(const PackageAids& aids, const NativeRunnerOptions& options) {
  const auto join_names = [](const std::vector<std::string>& names) {
    std::string text;
    for (const auto& name : names) text += name + " ";
    return text;
  };
  auto environment = environment_of({}, aids);
  environment.erase("PYTHONPATH");
  return join({options.python, "-X", "faulthandler", "-c", zygote_start, pysandbox_zygote, pysandbox_bootstrap,
               join_names(options.pool.preload), join_names(options.pool.preload_packages)},
              environment);
}

// Python runs these before any program: a zygote would run them before there is one.
bool suits_zygote(const std::string& environment_directory) {
  if (environment_directory.empty()) return true;
  std::error_code none;
  for (std::filesystem::directory_iterator entry(environment_directory + "/site-packages", none), end;
       !none && entry != end; entry.increment(none)) {
    const std::string name = entry->path().filename().string();
    if (name.starts_with("sitecustomize") || name.starts_with("usercustomize")) return false;
  }
  return !none || none == std::errc::no_such_file_or_directory;
}

bool suits_parked(const Program& program) {
  constexpr std::string_view read_at_start[] = {"PYTHON", "LD_",  "LC_",  "LANG",     "GLIBC_",  "MALLOC_", "GCONV_",
                                                "TZ",     "OMP_", "MKL_", "OPENBLAS", "OPENSSL", "SSL_",    "NPY_"};
  return std::none_of(program.env.begin(), program.env.end(), [&](const auto& variable) {
    return std::any_of(std::begin(read_at_start), std::end(read_at_start),
                       [&](std::string_view prefix) { return variable.first.starts_with(prefix); });
  });
}

UniqueFd memory_file(const char* name, const std::string& bytes) {
  const UniqueFd file(::memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING));
  check(file.get(), "making a file in memory");
  if (!write_all(file.get(), bytes)) check(-1, "writing a file in memory");
  check(::fcntl(file.get(), F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL), "sealing a file");
  // A descriptor of its own, at the start of the file, that cannot write.
  UniqueFd reader(::open(("/proc/self/fd/" + std::to_string(file.get())).c_str(), O_RDONLY | O_CLOEXEC));
  check(reader.get(), "opening a file in memory");
  return reader;
}

}  // namespace pysandbox::container
