#include "file_commands.hpp"

#include <fmt/format.h>

#include <string>
#include <vector>

#include "interruptible.hpp"
#include "progress_line.hpp"
#include "remote_files.hpp"
#include "report.hpp"
#include "server_api.hpp"
#include "stop_signals.hpp"
#include "wire/json_document.hpp"
#include "wire/json_field.hpp"

namespace pysandbox::cli {

namespace {

std::string describe(const std::vector<RemoteFile>& files, const std::string& directory) {
  std::string text;
  for (const auto& file : files) {
    text += directory.empty() ? fmt::format("{:>12}  {}  {}\n", file.size, printable(file.sha256), printable(file.path))
                              : fmt::format("{}/{}\n", directory, printable(file.path));
  }
  return text;
}

}  // namespace

int files(const FilesCommand& command) {
  StopSignals signals;
  ServerApi api(command.server);
  api.heed(signals.token());
  return interruptible(api, [&] {
    const auto answer = api.files(command.job);
    const auto listed = read_files(answer);
    if (!command.out.empty()) {
      ProgressLine progress(Show::on_terminal, "fetching");
      fetch_files(api, command.job, listed, command.out, progress);
    }
    print_out(command.json ? write_json(answer, JsonStyle::indented) + "\n" : describe(listed, command.out));
    return 0;
  });
}

int upload(const UploadCommand& command) {
  ServerApi api(command.server);
  for (const auto& path : command.files) {
    ProgressLine progress(Show::on_terminal, "uploading " + path);
    const auto answer = api.upload(path, [&](std::uint64_t taken, std::uint64_t size) {
      progress.say("uploading " + path, fmt::format("{} %", size == 0 ? 100 : 100 * taken / size));
    });
    progress.clear();
    print_out(
        (command.json ? write_json(answer, JsonStyle::compact) : printable(JsonField(answer, "").at("url").text())) +
        "\n");
  }
  return 0;
}

}  // namespace pysandbox::cli
