#include "script_needs.hpp"

#include <fmt/format.h>

#include <string>

#include <pysandbox/error.hpp>

#include "report.hpp"
#include "script_metadata.hpp"
#include "version_specifier.hpp"

namespace pysandbox::cli {
namespace {

std::string python_version(ContainerRunner& runner) {
  const Program program{.entry_point = "main.py", .code = "import platform; print(platform.python_version(), end='')"};
  const RunResult result = runner.open({})->run(program, {});
  if (result.outcome == Outcome::ok) return result.stdout;
  throw Error(ErrorCode::sandbox_unavailable,
              "the interpreter does not tell its version; see what it says with pysandbox run -c 'print(1)'");
}

}  // namespace

void take_script_needs(JobRequest& request, ContainerRunner& runner) {
  const ScriptMetadata metadata = read_script_metadata(request.code);
  request.packages.insert(request.packages.end(), metadata.dependencies.begin(), metadata.dependencies.end());
  if (metadata.requires_python.empty()) return;
  const std::string version = python_version(runner);
  if (satisfies(version, metadata.requires_python)) return;
  throw Error(ErrorCode::invalid_request,
              fmt::format("the script requires Python {}, and the interpreter here is {}; give another with --python, "
                          "or run with --no-script-metadata",
                          printable(metadata.requires_python), printable(version)));
}

}  // namespace pysandbox::cli
