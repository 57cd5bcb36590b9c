#include "settings/setting_table.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>

#include <pysandbox/error.hpp>

#include "settings/database_url.hpp"
#include "settings/setting_kinds.hpp"

namespace pysandbox::server {
namespace {

[[noreturn]] void refuse(const std::string& sentence) { throw Error(ErrorCode::invalid_request, sentence); }

// The member that a row is about, of const and of other Settings alike.
#define PYSANDBOX_MEMBER(path) \
  [](auto& settings) -> auto& { return settings.path; }

bool is_numeric_address(const std::string& text) {
  std::array<unsigned char, 16> bytes;
  return ::inet_pton(AF_INET, text.c_str(), bytes.data()) == 1 ||
         ::inet_pton(AF_INET6, text.c_str(), bytes.data()) == 1;
}

ListenAddress parse_listen(const std::string& text) {
  const auto complain = [&] {
    refuse(fmt::format("takes ADDRESS:PORT, for example 127.0.0.1:3004, [::1]:3004 or 0.0.0.0:3004, not \"{}\"", text));
  };
  const auto colon = text.rfind(':');
  if (colon == text.npos) complain();
  ListenAddress listen;
  listen.address = text.substr(0, colon);
  if (listen.address == "localhost") listen.address = "127.0.0.1";
  const bool in_brackets = listen.address.size() > 2 && listen.address.front() == '[' && listen.address.back() == ']';
  if (in_brackets) listen.address = listen.address.substr(1, listen.address.size() - 2);
  if (!is_numeric_address(listen.address) || in_brackets != (listen.address.find(':') != text.npos)) complain();
  listen.port = static_cast<std::uint16_t>(parse_whole(text.substr(colon + 1), {0, 65535}));
  return listen;
}

Setting listen_setting() {
  return {"listen",
          "ADDRESS:PORT",
          "Where to listen; port 0 is any that is free",
          Setting::Kind::one,
          [](Settings& settings, const std::string& text) { settings.listen = parse_listen(text); },
          [](const Settings& settings) { return std::vector{to_string(settings.listen)}; }};
}

Setting database_setting() {
  return {"database-url",
          "URL",
          "Where jobs are kept: sqlite:PATH or postgres://...; empty: jobs.sqlite in the data directory",
          Setting::Kind::one,
          [](Settings& settings, const std::string& text) { settings.database_url = checked_database_url(text); },
          [](const Settings& settings) { return unless_empty(settings.database_url); },
          [](const Settings& settings) { return unless_empty(masked_database_url(settings.database_url)); }};
}

Setting callback_secret_setting() {
  return {
      "callback-secret",
      "SECRET",
      "Signs callbacks of jobs that bring no secret",
      Setting::Kind::one,
      [](Settings& settings, const std::string& text) {
        if (text == mask) refuse("is masked; put the real secret in its place");
        settings.callback_secret = text;
      },
      [](const Settings& settings) { return unless_empty(settings.callback_secret); },
      [](const Settings& settings) { return unless_empty(settings.callback_secret.empty() ? "" : std::string(mask)); }};
}

// Whoever reads the log or --print-config learns no credentials of an index.
std::vector<std::string> without_credentials(std::vector<std::string> urls) {
  for (std::string& url : urls) {
    const auto scheme = url.find("://");
    const auto at = url.find('@');
    if (scheme != url.npos && at != url.npos && at < url.find('/', scheme + 3)) {
      url.replace(scheme + 3, at - scheme - 3, mask);
    }
  }
  return urls;
}

void check_index_url(const std::string& text) {
  if (text.find(std::string(mask) + "@") != text.npos) refuse("is masked; put the real credentials in its place");
  if (text.rfind("http://", 0) != 0 && text.rfind("https://", 0) != 0) {
    refuse("takes the URL of an index, for example https://packages.example.org/simple");
  }
}

Setting index_url_setting() {
  return {"index-url",
          "URL",
          "Where packages come from, the main index first; none: what uv or pip is configured for",
          Setting::Kind::list,
          [](Settings& settings, const std::string& text) {
            check_index_url(text);
            settings.index_urls.push_back(text);
          },
          [](const Settings& settings) { return settings.index_urls; },
          [](const Settings& settings) { return without_credentials(settings.index_urls); }};
}

Setting no_key_setting() {
  return {"insecure-no-key",
          "",
          "Serve other machines although there is no key: whoever reaches the port runs programs",
          Setting::Kind::flag,
          [](Settings& settings, const std::string& text) {
            settings.no_key = text == "true" ? NoKey::anywhere : NoKey::on_loopback;
          },
          [](const Settings& settings) { return unless_empty(settings.no_key == NoKey::anywhere ? "true" : ""); }};
}

template <typename Value, std::size_t count>
std::function<void(Settings&, const std::string&)> one_of(Value Settings::*member, std::array<Value, count> values) {
  return [member, values](Settings& settings, const std::string& text) {
    std::string names;
    for (const Value value : values) {
      if (to_string(value) == text) {
        settings.*member = value;
        return;
      }
      names += (names.empty() ? "" : ", ") + std::string(to_string(value));
    }
    refuse(fmt::format("takes one of {}, not \"{}\"", names, text));
  };
}

Setting log_format_setting() {
  return {"log-format",
          "text|json",
          "How log lines on standard error look",
          Setting::Kind::one,
          one_of(&Settings::log_format, std::array{LogFormat::text, LogFormat::json}),
          [](const Settings& settings) { return std::vector{std::string(to_string(settings.log_format))}; }};
}

Setting log_level_setting() {
  return {"log-level",
          "LEVEL",
          "The least that is logged: debug, info (every request and job), warning or error",
          Setting::Kind::one,
          one_of(&Settings::log_level, std::array{LogLevel::debug, LogLevel::info, LogLevel::warning, LogLevel::error}),
          [](const Settings& settings) { return std::vector{std::string(to_string(settings.log_level))}; }};
}

void check_limit(const std::string& text) {
  const auto equals = text.find('=');
  if (equals == text.npos) refuse(fmt::format("takes NAME=VALUE, not \"{}\"", text));
  Limits limits;
  set_limit(limits, text.substr(0, equals), std::string_view(text).substr(equals + 1));
}

void check_default_limit(const std::string& text) {
  check_limit(text);
  if (text.rfind("cpu_time_limit=", 0) == 0) refuse("cannot set cpu_time_limit: its default is time_limit times cpus");
}

void check_host(const std::string& text) {
  const bool fits = !text.empty() && std::all_of(text.begin(), text.end(), [](unsigned char byte) {
    return std::isalnum(byte) != 0 ||
           std::string_view(".-_:[]").find(static_cast<char>(byte)) != std::string_view::npos;
  });
  if (!fits) refuse(fmt::format("takes a name as in a Host header, for example run.example.org, not \"{}\"", text));
}

void check_origin(const std::string& text) {
  const auto host = text.find("://");
  const bool scheme = text.rfind("http://", 0) == 0 || text.rfind("https://", 0) == 0;
  if (!scheme || text.find_first_of("/?#@* ", host + 3) != text.npos || text.size() == host + 3) {
    refuse(fmt::format("takes an origin as browsers send it, for example https://app.example.org, not \"{}\"", text));
  }
}

void check_not_empty(const std::string& text) {
  if (text.empty()) refuse("takes an entry that is not empty");
}

// Of the top: a package that is not there is passed over by its name.
void check_module(const std::string& text) {
  const auto is_of_name = [](unsigned char letter) { return std::isalnum(letter) || letter == '_'; };
  if (text.empty() || !std::all_of(text.begin(), text.end(), is_of_name)) {
    refuse("takes the name of a package's module, as it is imported, not \"" + text + "\"");
  }
}

constexpr std::uint64_t year = 365 * 24 * 3600;

std::vector<Setting> make_table() {
  return {
      // Where
      listen_setting(),
      text_setting({"port-file", "PATH", "Write the port to this file once it listens"}, PYSANDBOX_MEMBER(port_file)),
      text_setting({"data-dir", "PATH", "Where jobs, files and keys lie"}, PYSANDBOX_MEMBER(data_dir)),
      database_setting(),

      // The queue
      whole_setting({"workers", "N", "Jobs that run at one time; 0: one for each processor"}, {0, 4096},
                    PYSANDBOX_MEMBER(workers)),
      seconds_setting(
          {"lease", "SECONDS", "A job whose server has died is run again so long after its last sign of life"},
          {3, 3600}, PYSANDBOX_MEMBER(lease)),
      whole_setting({"max-attempts", "N", "How often a job is tried whose server dies under it"}, {1, 100},
                    PYSANDBOX_MEMBER(max_attempts)),
      whole_setting({"max-queued", "N", "Jobs that may wait, of all callers together"}, {1, 100'000'000},
                    PYSANDBOX_MEMBER(max_queued)),
      seconds_setting({"drain-time", "SECONDS", "What running jobs get to end after SIGTERM"}, {0, 24 * 3600},
                      PYSANDBOX_MEMBER(drain_time)),
      seconds_setting({"file-retention", "SECONDS", "How long files are kept that no job needs; 0: for ever"},
                      {0, 100 * year}, PYSANDBOX_MEMBER(file_retention)),
      seconds_setting({"job-retention", "SECONDS", "How long ended jobs are kept; 0: for ever"}, {0, 100 * year},
                      PYSANDBOX_MEMBER(job_retention)),

      // Sizes
      bytes_setting({"max-body-bytes", "BYTES", "Of a JSON body"}, {1024, 1ULL << 30},
                    PYSANDBOX_MEMBER(max_body_bytes)),
      bytes_setting({"max-upload-bytes", "BYTES", "Of the body of an upload"}, {1, 1ULL << 42},
                    PYSANDBOX_MEMBER(max_upload_bytes)),
      bytes_setting({"storage-quota-bytes", "BYTES", "Of all stored files together; 0: what the disk holds"}, {},
                    PYSANDBOX_MEMBER(storage_quota_bytes)),
      bytes_setting({"owner-quota-bytes", "BYTES", "Of the stored files of one key; 0: no bound"}, {},
                    PYSANDBOX_MEMBER(owner_quota_bytes)),
      whole_setting({"max-connections", "N", "Open at one time"}, {1, 1'000'000}, PYSANDBOX_MEMBER(max_connections)),

      // Who may ask for how much
      whole_setting(
          {"rate", "N", "Requests a minute: of a new key (0: 600), and of each address without keys (0: no bound)"},
          {0, 10'000'000}, PYSANDBOX_MEMBER(rate)),
      whole_setting({"max-active", "N",
                     "Jobs queued or running: of a new key (0: 100), and of all callers without keys (0: no bound)"},
                    {0, 100'000'000}, PYSANDBOX_MEMBER(max_active)),
      no_key_setting(),
      list_setting({"allow-host", "NAME", "A Host that requests may name, besides those of loopback"},
                   PYSANDBOX_MEMBER(allow_hosts), check_host),
      list_setting({"allow-origin", "ORIGIN", "A web page's origin that may ask, from a browser"},
                   PYSANDBOX_MEMBER(allow_origins), check_origin),
      list_setting({"default-limit", "NAME=VALUE", "A limit of jobs that say nothing of it"},
                   PYSANDBOX_MEMBER(default_limits), check_default_limit),
      list_setting({"max-limit", "NAME=VALUE", "The most that a job may ask for"}, PYSANDBOX_MEMBER(max_limits),
                   check_limit),

      // The way out
      list_setting({"allow-address", "ENTRY",
                    "What data_urls and callbacks may reach although it is not public: 10.1.2.0/24, files.internal, "
                    "127.0.0.1:8080"},
                   PYSANDBOX_MEMBER(allow_addresses), check_not_empty),
      callback_secret_setting(),
      text_setting({"callback-secret-file", "PATH", "A file that holds it"}, PYSANDBOX_MEMBER(callback_secret_file)),

      // Packages
      text_setting({"environment-dir", "PATH", "Where environments lie; empty: environments in the data directory"},
                   PYSANDBOX_MEMBER(environment_dir)),
      index_url_setting(),
      list_setting({"find-links", "PLACE", "A folder or page with wheels"}, PYSANDBOX_MEMBER(find_links),
                   check_not_empty),
      flag_setting({"no-index", "", "Take packages from --find-links only"}, PYSANDBOX_MEMBER(no_index)),
      flag_setting({"require-hashes", "", "Refuse packages that the index gives no hash for"},
                   PYSANDBOX_MEMBER(require_hashes)),
      flag_setting(
          {"allow-source-builds", "", "Build packages that have no wheel from source, in a sandbox without network"},
          PYSANDBOX_MEMBER(allow_source_builds)),
      bytes_setting({"environment-budget-bytes", "BYTES", "Of all environments; those longest unused go first"},
                    {1 << 20, 1ULL << 50}, PYSANDBOX_MEMBER(environment_budget_bytes)),

      // How programs run
      text_setting({"runner", "NAME", "What isolates programs: native, oci (an OCI runtime) or docker"},
                   PYSANDBOX_MEMBER(runner.runner)),
      text_setting({"runtime", "NAME|PATH", "The runtime of the oci runner: runc, crun, runsc, or a path; empty: runc"},
                   PYSANDBOX_MEMBER(runner.runtime)),
      text_setting({"image", "IMAGE", "The image of the docker runner"}, PYSANDBOX_MEMBER(runner.image)),
      text_setting({"engine", "ADDRESS", "The Docker engine of the docker runner; empty: unix:///run/docker.sock"},
                   PYSANDBOX_MEMBER(runner.engine)),
      whole_setting({"docker-pool", "N", "Containers of the docker runner that wait for programs; 0: none do"},
                    {0, 1000}, PYSANDBOX_MEMBER(runner.docker_pool)),
      text_setting({"python", "PATH", "The interpreter, as a path inside of the sandbox"},
                   PYSANDBOX_MEMBER(runner.native.python)),
      text_setting({"rootfs", "DIR", "A root file system to use in place of the host's /usr"},
                   PYSANDBOX_MEMBER(runner.native.rootfs)),
      text_setting({"cgroup-parent", "PATH",
                    "The cgroup below which jobs get theirs; \"none\": use rlimits and a watchdog instead"},
                   PYSANDBOX_MEMBER(runner.native.cgroup_parent)),
      whole_setting({"pool-max", "N", "Interpreters that wait for programs, in each environment; 0: none do"},
                    {0, 1000}, PYSANDBOX_MEMBER(runner.native.pool.maximum)),
      whole_setting({"pool-min", "N", "The fewest of them; 0: two for each processor"}, {0, 1000},
                    PYSANDBOX_MEMBER(runner.native.pool.minimum)),
      bytes_setting({"pool-memory-bytes", "BYTES", "What all of them may use together"}, {1 << 20, 1ULL << 40},
                    PYSANDBOX_MEMBER(runner.native.pool.memory_bytes)),
      list_setting({"pool-preload", "MODULE",
                    "A package's module that they have loaded where an environment has it; its code runs before there "
                    "is a program: name only what you trust"},
                   PYSANDBOX_MEMBER(runner.native.pool.preload_packages), check_module),

      log_format_setting(),
      log_level_setting(),
  };
}

#undef PYSANDBOX_MEMBER

}  // namespace

std::span<const Setting> setting_table() {
  static const std::vector<Setting> table = make_table();
  return table;
}

std::string variable_of(const Setting& setting) {
  std::string name = "PYSANDBOX_";
  for (const char letter : setting.name) name += letter == '-' ? '_' : static_cast<char>(std::toupper(letter));
  return name;
}

}  // namespace pysandbox::server
