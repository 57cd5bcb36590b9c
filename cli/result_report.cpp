#include "result_report.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <pysandbox/error.hpp>
#include <pysandbox/json.hpp>

#include "exit_code.hpp"
#include "progress_line.hpp"
#include "remote_files.hpp"
#include "report.hpp"
#include "wire/json_document.hpp"

namespace pysandbox::cli {
namespace {

RunResult read_result(const boost::json::value& answer) {
  try {
    return parse_run_result(write_json(answer, JsonStyle::compact));
  } catch (const Error& error) {
    throw Error(
        ErrorCode::unavailable,
        fmt::format("the server's result cannot be understood: {}; is it of a newer version? See it with --json",
                    printable(error.what())));
  }
}

}  // namespace

int report_result(ServerApi& api, const std::string& job, const ReportOptions& options) {
  const auto answer = api.results(job);
  if (options.json) print_out(write_json(answer, JsonStyle::indented) + "\n");
  const RunResult result = read_result(answer);
  if (!options.json) {
    if (options.shown == AlreadyShown::nothing) {
      print_out(result.stdout);
      [[maybe_unused]] const bool somebody_reads = write_all(STDERR_FILENO, result.stderr);
    }
    explain(result);
  }
  if (!options.out.empty()) {
    const bool silent = options.quiet || options.json;
    const auto files = read_files(answer);
    ProgressLine progress(silent ? Show::never : Show::on_terminal, "fetching");
    fetch_files(api, job, files, options.out, progress);
    progress.clear();
    if (!silent) {
      for (const auto& file : files) tell_written(options.out, file.path, file.size);
    }
  }
  return exit_code_of(result);
}

}  // namespace pysandbox::cli
