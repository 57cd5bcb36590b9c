#include "packages/installer.hpp"

#include <pysandbox/error.hpp>

#include "process/find_program.hpp"
#include "packages/index_settings.hpp"
#include "support/in_quotes.hpp"

namespace pysandbox::packages {
namespace {

bool is_named_uv(const std::string& path) { return path.substr(path.rfind('/') + 1).starts_with("uv"); }

}  // namespace

std::unique_ptr<Installer> make_installer(const EnvironmentStoreOptions& options, ProcessLauncher& launcher) {
  if (!options.installer.empty()) {
    if (options.installer.front() != '/' || !is_program(options.installer)) {
      throw Error(ErrorCode::invalid_request, "The installer " + in_quotes(options.installer) +
                                                  " is no program; name uv or pip by an absolute path");
    }
    if (is_named_uv(options.installer)) return make_uv_installer(options.installer, options, launcher);
    return make_pip_installer({options.installer, {}}, options, launcher);
  }
  if (const std::string uv = find_program("uv"); !uv.empty()) return make_uv_installer(uv, options, launcher);
  const std::string python = is_program(options.python) ? options.python : find_program("python3");
  if (python.empty()) {
    throw Error(ErrorCode::unavailable,
                "There is neither uv nor pip here to ask for packages; install one of them, or name it by `installer`");
  }
  return make_pip_installer({python, {"-m", "pip"}}, options, launcher);
}

}  // namespace pysandbox::packages
