#include <pysandbox/environment_store.hpp>
#include <pysandbox/error.hpp>
#include <pysandbox/job.hpp>

#include <fmt/format.h>

#include <algorithm>

#include "value/coding_comment.hpp"
#include "value/text.hpp"

namespace pysandbox {
namespace {

constexpr std::size_t longest_path = 4096;
constexpr std::size_t longest_part = 255;
constexpr std::size_t most_parts = 16;
constexpr std::size_t longest_url = 8192;  // RFC 9110, 4.1, asks for 8000 at least
constexpr std::size_t longest_file_id = 4096;
constexpr std::size_t longest_requirement = 1024;
constexpr std::size_t sha256_digits = 64;

[[noreturn]] void refuse(const std::string& sentence) { throw Error(ErrorCode::invalid_request, sentence); }

void check_size(std::uint64_t size, std::uint64_t maximum, std::string_view what, std::string_view remedy) {
  if (size <= maximum) return;
  throw Error(ErrorCode::too_large,
              fmt::format("{}: {} where at most {} are allowed; {}", what, size, maximum, remedy));
}

void refuse_nul(std::string_view text, std::string_view what) {
  const auto at = text.find('\0');
  if (at != std::string_view::npos) refuse(fmt::format("{} holds a NUL at byte {}; remove it", what, at));
}

void check_text(std::string_view text, std::string_view what) {
  refuse_nul(text, what);
  if (const auto wrong = find_invalid_utf8(text)) {
    refuse(fmt::format("{} is not valid UTF-8 from byte {} on; write it as UTF-8", what, *wrong));
  }
}

void check_code(const std::string& code) {
  check_size(code.size(), maximum_code_bytes, "bytes of code", "pass data as an input file instead");
  refuse_nul(code, "code");
  const auto wrong = find_invalid_utf8(code);
  if (!wrong || has_coding_comment(code)) return;
  refuse(
      fmt::format("code is not valid UTF-8 from byte {} on; save it as UTF-8, or name its encoding in the first "
                  "line, for example with '# coding: latin-1'",
                  *wrong));
}

void check_part(std::string_view part, std::string_view path, std::string_view what) {
  if (part.empty() || part == "." || part == "..") {
    refuse(fmt::format("{} {} has an empty, '.' or '..' part; name a file below the workspace", what, quoted(path)));
  }
  if (part.size() > longest_part) {
    refuse(fmt::format("{} {} has a part of {} bytes where at most {} are possible; shorten it", what, quoted(path),
                       part.size(), longest_part));
  }
}

void check_path(std::string_view path, std::string_view what) {
  if (path.empty()) refuse(fmt::format("{} is empty; name a file", what));
  if (path.size() > longest_path) {
    refuse(fmt::format("{} has {} bytes where at most {} are possible; shorten it", what, path.size(), longest_path));
  }
  check_text(path, fmt::format("{} {}", what, quoted(path)));
  if (path.starts_with('/')) {
    refuse(fmt::format("{} {} is absolute; name a file relative to the workspace", what, quoted(path)));
  }
  std::size_t parts = 0;
  for (std::string_view rest = path;; ++parts) {
    const auto end = rest.find('/');
    check_part(rest.substr(0, end), path, what);
    if (end == std::string_view::npos) break;
    rest.remove_prefix(end + 1);
  }
  if (parts >= most_parts) {
    refuse(fmt::format("{} {} is {} parts deep where {} are allowed; use fewer directories", what, quoted(path),
                       parts + 1, most_parts));
  }
}

// With a '/' behind each name, sorting puts a directory right before what lies in it.
void check_names_apart(const JobRequest& request) {
  std::vector<std::string> names{request.entry_point + "/"};
  for (const InputFile& input : request.inputs) {
    if (!input.path.empty()) names.push_back(input.path + "/");
  }
  std::sort(names.begin(), names.end());
  const auto clash = std::adjacent_find(names.begin(), names.end(),
                                        [](const auto& left, const auto& right) { return right.starts_with(left); });
  if (clash == names.end()) return;
  const auto name = [](const std::string& text) { return quoted(std::string_view(text).substr(0, text.size() - 1)); };
  if (*clash == *std::next(clash)) {
    refuse(fmt::format("the file {} is given twice (entry_point counts as one); rename one of them", name(*clash)));
  }
  refuse(
      fmt::format("{} is a file, so {} cannot lie in it; rename one of them", name(*clash), name(*std::next(clash))));
}

std::string name_of(const InputFile& input, std::size_t index) {
  return input.path.empty() ? fmt::format("inputs[{}]", index) : fmt::format("input {}", quoted(input.path));
}

// A name that others are asked for, on one line.
void check_reference(std::string_view text, std::size_t longest, const std::string& what) {
  if (text.size() > longest) {
    refuse(fmt::format("{} has {} bytes where at most {} are possible; shorten it", what, text.size(), longest));
  }
  check_text(text, what);
  const auto control = std::find_if(text.begin(), text.end(), [](char c) { return (c >= 0 && c < 0x20) || c == 0x7f; });
  if (control == text.end()) return;
  refuse(fmt::format("{} holds a control character at byte {}; remove it", what, control - text.begin()));
}

void check_sha256(const InputFile& input, const std::string& name) {
  if (input.sha256.empty()) return;
  if (input.url.empty())
    refuse(fmt::format("{} has a sha256 but no url; it is for what is fetched, leave it out", name));
  const bool is_digest = input.sha256.size() == sha256_digits &&
                         input.sha256.find_first_not_of("0123456789abcdefABCDEF") == std::string::npos;
  if (!is_digest) refuse(fmt::format("the sha256 of {} is not 64 hexadecimal digits; correct it", name));
}

void check_origin(const InputFile& input, const std::string& name) {
  const std::string* given[] = {&input.content, &input.source, &input.file_id, &input.url};
  if (std::count_if(std::begin(given), std::end(given), [](const auto* one) { return !one->empty(); }) > 1) {
    refuse(fmt::format("{} has more than one of content, source, file_id and url; give one of them", name));
  }
  check_text(input.source, fmt::format("source of {}", name));
  check_reference(input.file_id, longest_file_id, fmt::format("file_id of {}", name));
  check_reference(input.url, longest_url, fmt::format("url of {}", name));
  check_sha256(input, name);
}

void check_inputs(const JobRequest& request) {
  check_size(request.inputs.size(), maximum_inputs, "inputs", "put them in one archive");
  std::uint64_t bytes = 0;
  for (std::size_t index = 0; index < request.inputs.size(); ++index) {
    const InputFile& input = request.inputs[index];
    const bool has_own_name = !input.file_id.empty() || !input.url.empty();
    if (!input.path.empty() || !has_own_name) check_path(input.path, "input path");
    check_origin(input, name_of(input, index));
    bytes += input.content.size();
  }
  check_size(bytes, maximum_input_bytes, "bytes of inputs", "leave some out");
}

void check_outputs(const JobRequest& request) {
  check_size(request.outputs.size(), maximum_outputs, "patterns in outputs", "use '*' and '**'");
  for (const std::string& pattern : request.outputs) check_path(pattern, "the pattern in outputs");
}

// Whether they are requirements, and what the name stands for, whoever makes environments says.
void check_environment(const JobRequest& request) {
  check_size(request.packages.size(), maximum_packages, "packages", "name a prepared environment instead");
  for (std::size_t index = 0; index < request.packages.size(); ++index) {
    const std::string what = fmt::format("packages[{}]", index);
    if (request.packages[index].empty()) refuse(fmt::format("{} is empty; name a package", what));
    check_reference(request.packages[index], longest_requirement, what);
  }
  check_reference(request.environment, longest_requirement, "environment");
}

void check_variable_name(std::string_view name) {
  if (name.empty()) refuse("a name in env is empty; give every variable a name");
  check_text(name, fmt::format("the env name {}", quoted(name)));
  if (name.find('=') != std::string_view::npos) {
    refuse(fmt::format("the env name {} holds '='; put the value behind the name", quoted(name)));
  }
}

// What execve(2) counts: the bytes, the NUL behind them and a pointer to them.
std::uint64_t exec_cost(std::uint64_t length) { return length + 1 + sizeof(char*); }

std::uint64_t check_args(const JobRequest& request) {
  std::uint64_t cost = 0;
  for (std::size_t index = 0; index < request.args.size(); ++index) {
    const std::string& arg = request.args[index];
    check_text(arg, fmt::format("args[{}]", index));
    check_size(arg.size() + 1, maximum_argument_bytes, fmt::format("bytes of args[{}] and its NUL", index),
               "pass it in stdin or as an input file");
    cost += exec_cost(arg.size());
  }
  return cost;
}

std::uint64_t check_env(const JobRequest& request) {
  std::uint64_t cost = 0;
  for (const auto& [name, value] : request.env) {
    check_variable_name(name);
    check_text(value, fmt::format("the env variable {}", quoted(name)));
    const std::uint64_t length = name.size() + 1 + value.size();
    check_size(length + 1, maximum_argument_bytes,
               fmt::format("bytes of the env variable {} and its NUL", quoted(name)),
               "pass it in stdin or as an input file");
    cost += exec_cost(length);
  }
  return cost;
}

}  // namespace

void check_request(const JobRequest& request) {
  check_code(request.code);
  check_path(request.entry_point, "entry_point");
  check_inputs(request);
  check_names_apart(request);
  check_outputs(request);
  check_environment(request);
  check_size(check_args(request) + check_env(request), maximum_arguments_bytes,
             "bytes of args and env together, with a NUL and a pointer for each",
             "pass them in stdin or an input file");
  check_limits(request.limits);
}

}  // namespace pysandbox
