// The wire format: JSON text to and from requests and results.
//
// Key names are the field names of the structs. Durations are seconds, as numbers.
// Text that is not valid UTF-8 (a program may print any byte) has U+FFFD in place of each wrong byte; `stdout`,
// `stderr` and paths can therefore differ from the struct in such bytes. Threads: plain functions, safe anywhere.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <pysandbox/container_runner.hpp>
#include <pysandbox/export.hpp>
#include <pysandbox/job.hpp>
#include <pysandbox/result.hpp>

namespace pysandbox {

enum class JsonStyle { compact, indented };

// {outcome, exit_code, signal, stdout, stderr, stdout_truncated, stderr_truncated, error{name, value, traceback, line},
// failure{limit, observed, hint}, usage{wall_time, cpu_user, cpu_system, memory_peak_bytes, processes_peak, read_bytes,
// written_bytes}, isolation{...}, artifacts[{path, size, content_type, sha256, file_id}], environment, warnings[]}.
// What is absent is null.
PYSANDBOX_EXPORT std::string to_json(const RunResult& result, JsonStyle style = JsonStyle::compact);

PYSANDBOX_EXPORT std::string to_json(const JobRequest& request, JsonStyle style = JsonStyle::compact);

// {"findings":[{name, level, detail, remedy}]} with level pass, weaker or missing.
PYSANDBOX_EXPORT std::string to_json(const std::vector<HostFinding>& findings, JsonStyle style = JsonStyle::compact);

// Throw Error{invalid_request} for text that is not JSON, a key given twice, a value of a wrong type or out of
// range; the message names the key. Unknown keys are ignored. parse_job_request() checks as check_request() does.
// Bytes of `code`, `stdin` and `content` that are not UTF-8 travel as {"base64": "..."} in place of a string.
PYSANDBOX_EXPORT JobRequest parse_job_request(std::string_view text);
PYSANDBOX_EXPORT RunResult parse_run_result(std::string_view text);

}  // namespace pysandbox
