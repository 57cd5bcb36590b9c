#include "client_flags.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <charconv>

#include <pysandbox/error.hpp>

#include "request_flags.hpp"

namespace pysandbox::cli {
namespace {

constexpr const char* submit_footer =
    "Without --wait it prints the job's id and returns. With --wait the program's output appears as it comes, and\n"
    "the exit codes are those of `pysandbox run`; 125 also if the job has not ended in time. Ctrl-C cancels the "
    "job.\n\n"
    "--data also takes http and https URLs, which the server fetches, and what `pysandbox upload` printed.\n\n"
    "Examples:\n"
    "  pysandbox submit script.py --data sales.csv --wait --out results/\n"
    "  pysandbox submit -c 'print(6 * 7)' --timeout 5 --server https://jobs.example.org\n"
    "  pysandbox submit job.py --data https://example.org/big.csv --metadata '{\"for\": \"report 7\"}'";

constexpr const char* results_footer =
    "Prints what the program printed, and exits as `pysandbox run` would have; 125 if the job has not ended yet.";

constexpr const char* job_help = "The job, by the id that submit printed";

// Empty for text that is not a number of seconds.
std::optional<std::chrono::milliseconds> parse_seconds(const std::string& text) {
  double seconds = 0;
  const char* end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, seconds);
  if (error != std::errc() || stopped != end || !(seconds >= 0 && seconds <= 1e9)) return std::nullopt;
  return std::chrono::milliseconds(static_cast<std::int64_t>(seconds * 1000));
}

// An id goes into the path of a URL, so it is looked at here already.
void check_job_id(const std::string& id) {
  const bool fits =
      id.size() >= 32 && id.size() <= 36 && id.find_first_not_of("0123456789abcdefABCDEF-") == std::string::npos;
  if (fits) return;
  throw Error(ErrorCode::invalid_request,
              fmt::format("\"{}\" is no job id; give the one that submit or list printed", id.substr(0, 80)));
}

}  // namespace

struct ClientFlags::Parts {
  explicit Parts(CLI::App& app);

  CLI::App* add_command(CLI::App& app, const char* name, const char* description, ServerWords& server);
  void add_submission_flags();

  SubmitCommand submit;
  StatusCommand status;
  ResultsCommand results;
  LogsCommand logs;
  CancelCommand cancel;
  FilesCommand files;
  UploadCommand upload;
  ListCommand list;
  std::string wait;  // the value of --wait
  std::int64_t ttl = 0;

  CLI::App* submit_app;
  CLI::App* status_app;
  CLI::App* results_app;
  CLI::App* logs_app;
  CLI::App* cancel_app;
  CLI::App* files_app;
  CLI::App* upload_app;
  CLI::App* list_app;
  std::optional<RequestFlags> request;
};

CLI::App* ClientFlags::Parts::add_command(CLI::App& app, const char* name, const char* description,
                                          ServerWords& server) {
  auto* command = app.add_subcommand(name, description);
  command->add_option("--server", server.url, "The server, with http:// or https://")
      ->type_name("URL")
      ->envname("PYSANDBOX_SERVER")
      ->capture_default_str();
  command
      ->add_option("--key", server.key,
                   "The API key; better in the variable, since everybody on this machine can see command lines")
      ->type_name("KEY")
      ->envname("PYSANDBOX_API_KEY");
  return command;
}

void ClientFlags::Parts::add_submission_flags() {
  CLI::App& app = *submit_app;
  app.footer(submit_footer);
  app.add_option("--priority", submit.submission.priority, "Higher goes first, -100 to 100; default 0")
      ->type_name("N")
      ->check(CLI::Range(minimum_priority, maximum_priority));
  app.add_option("--ttl", ttl, "Seconds that the job may wait in the queue; default: for ever")
      ->type_name("SECONDS")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{1} << 31));
  app.add_option("--metadata", submit.submission.metadata, "Any JSON, kept with the job and given back")
      ->type_name("JSON");
  app.add_option("--callback-url", submit.submission.callback_url, "Where the server tells of the job's end")
      ->type_name("URL");
  app.add_option("--idempotency-key", submit.submission.idempotency_key,
                 "A second submission with the same key is the same job; default: a random one")
      ->type_name("KEY");
  app.add_option("-w,--wait", wait, "Wait for the end, at most so long, and show the output")
      ->type_name("[SECONDS]")
      ->expected(0, 1);
  app.add_option("-o,--out", submit.out, "With --wait: where to put the files that the program writes")
      ->type_name("DIR");
  app.add_flag("--json", submit.json, "Print the server's answer as JSON; with --wait the whole result");
  app.add_flag("-q,--quiet", submit.quiet, "No progress line and no list of files");
}

ClientFlags::Parts::Parts(CLI::App& app) {
  submit_app = add_command(app, "submit", "Give a program to a server's queue", submit.server);
  request.emplace(*submit_app, submit.words);
  add_submission_flags();

  status_app = add_command(app, "status", "Say where a job stands", status.server);
  status_app->add_option("job", status.job, job_help)->required();
  status_app->add_flag("--json", status.json, "Print the server's answer as JSON");

  results_app = add_command(app, "results", "Show how a job ended and what it printed", results.server);
  results_app->footer(results_footer);
  results_app->add_option("job", results.job, job_help)->required();
  results_app->add_option("-o,--out", results.out, "Where to put the files that the program wrote")->type_name("DIR");
  results_app->add_flag("--json", results.json, "Print the whole result as JSON");
  results_app->add_flag("-q,--quiet", results.quiet, "No list of files");

  logs_app = add_command(app, "logs", "Show what a job has printed until now", logs.server);
  logs_app->add_option("job", logs.job, job_help)->required();
  logs_app->add_flag("-f,--follow", logs.follow, "Go on until the job has ended");

  cancel_app = add_command(app, "cancel", "End a job that waits or runs", cancel.server);
  cancel_app->add_option("job", cancel.job, job_help)->required();
  cancel_app->add_flag("--json", cancel.json, "Print the server's answer as JSON");

  files_app = add_command(app, "files", "List the files that a job left, or fetch them", files.server);
  files_app->add_option("job", files.job, job_help)->required();
  files_app->add_option("-o,--out", files.out, "Fetch them all and put them here")->type_name("DIR");
  files_app->add_flag("--json", files.json, "Print the server's answer as JSON");

  upload_app =
      add_command(app, "upload", "Send files to the server, for jobs to come; prints a URL for each", upload.server);
  upload_app->add_option("file", upload.files, "The files")->required()->type_name("FILE");
  upload_app->add_flag("--json", upload.json, "Print the server's answers as JSON, one on a line");

  list_app = add_command(app, "list", "List jobs, newest first", list.server);
  list_app->add_option("--status", list.status, "Only queued, running, completed or failed ones")
      ->check(CLI::IsMember({"queued", "running", "completed", "failed"}));
  list_app->add_option("--limit", list.limit, "At most so many")
      ->type_name("N")
      ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1'000'000}))
      ->capture_default_str();
  list_app->add_flag("--json", list.json, "Print them as one JSON object");
}

ClientFlags::ClientFlags(CLI::App& app) : parts_(std::make_unique<Parts>(app)) {}

ClientFlags::~ClientFlags() = default;

std::optional<Command> ClientFlags::command() {
  Parts& parts = *parts_;
  if (parts.submit_app->parsed()) {
    SubmitCommand& submit = parts.submit;
    submit.wait = parts.submit_app->count("--wait") > 0;
    submit.patience = parse_seconds(parts.wait);
    // `--wait script.py`: what is no number is not meant for the flag.
    if (!submit.patience && !parts.wait.empty()) parts.request->put_first(parts.wait);
    parts.request->finish();
    submit.submission.ttl = std::chrono::seconds(parts.ttl);
    if (!submit.out.empty() && !submit.wait) {
      throw Error(ErrorCode::invalid_request,
                  "--out needs --wait; without it, fetch the files later with pysandbox files JOB --out DIR");
    }
    return submit;
  }
  const auto given = [](const CLI::App* app, auto& command) -> std::optional<Command> {
    if (!app->parsed()) return std::nullopt;
    check_job_id(command.job);
    return command;
  };
  if (auto command = given(parts.status_app, parts.status)) return command;
  if (auto command = given(parts.results_app, parts.results)) return command;
  if (auto command = given(parts.logs_app, parts.logs)) return command;
  if (auto command = given(parts.cancel_app, parts.cancel)) return command;
  if (auto command = given(parts.files_app, parts.files)) return command;
  if (parts.upload_app->parsed()) return parts.upload;
  if (parts.list_app->parsed()) return parts.list;
  return std::nullopt;
}

}  // namespace pysandbox::cli
