#include "docker/engine_facts.hpp"

#include <boost/json/object.hpp>

#include <algorithm>
#include <string_view>

#include <pysandbox/error.hpp>

#include "docker/container_shape.hpp"
#include "support/in_quotes.hpp"
#include "wire/json_document.hpp"
#include "wire/json_field.hpp"

namespace pysandbox::docker {
namespace {

using Level = HostFinding::Level;

bool flag(const JsonField& info, std::string_view name) {
  const auto field = info.find_set(name);
  return field && field->flag();
}

std::string text(const JsonField& info, std::string_view name) {
  const auto field = info.find_set(name);
  return field ? field->text() : "";
}

// "name=seccomp,profile=default"
bool has_option(const JsonField& info, const std::string& name) {
  const auto field = info.find_set("SecurityOptions");
  if (!field) return false;
  const auto options = field->elements();
  return std::any_of(options.begin(), options.end(), [&](const JsonField& option) {
    return (option.text() + ",").find("name=" + name + ",") != std::string::npos;
  });
}

std::string missing_limits(const EngineFacts& facts) {
  std::string missing;
  const auto need = [&](bool there, const char* name) {
    if (!there) missing += (missing.empty() ? "" : ", ") + std::string(name);
  };
  need(facts.limits_memory, "memory");
  need(facts.limits_processes, "processes");
  need(facts.limits_cpus, "processors");
  return missing;
}

constexpr const char* limits_remedy = "let it manage the cgroup controllers memory, pids and cpu";

HostFinding limits_finding(const EngineFacts& facts) {
  const std::string missing = missing_limits(facts);
  if (!missing.empty()) return {"limits", Level::missing, "not of " + missing, limits_remedy};
  if (!facts.limits_swap) {
    return {"limits", Level::weaker, "programs may use swap beyond memory_bytes",
            "switch swap off, or its accounting on (swapaccount=1)"};
  }
  return {"limits", Level::pass, "cgroup v" + facts.cgroup_version, ""};
}

}  // namespace

EngineFacts ask_facts(EngineClient& client) {
  const Answer answer = client.get("/info");
  if (!answer.ok()) {
    throw Error(ErrorCode::unavailable,
                "the Docker engine does not tell what it is: " + answer.message() + "; look at its log");
  }
  const boost::json::value document = parse_json(answer.body);
  const JsonField info(document, "");
  EngineFacts facts;
  facts.version = text(info, "ServerVersion");
  facts.cgroup_version = text(info, "CgroupVersion");
  facts.limits_memory = flag(info, "MemoryLimit");
  facts.limits_swap = flag(info, "SwapLimit");
  facts.limits_processes = flag(info, "PidsLimit");
  facts.limits_cpus = flag(info, "CpuCfsQuota");
  facts.filters_calls = has_option(info, "seccomp");
  facts.rootless = has_option(info, "rootless");
  facts.remaps_users = has_option(info, "userns") || facts.rootless;
  return facts;
}

void require_limits(const EngineFacts& facts) {
  if (const std::string missing = missing_limits(facts); !missing.empty()) {
    throw Error(ErrorCode::sandbox_unavailable,
                "this Docker engine cannot limit " + missing + "; " + std::string(limits_remedy));
  }
  if (!facts.filters_calls) {
    throw Error(ErrorCode::sandbox_unavailable,
                "this Docker engine cannot filter system calls; run one that is built with seccomp, on a kernel that "
                "has it");
  }
}

void require_image(EngineClient& client, const DockerRunnerOptions& options) {
  const std::string remedy = "make it with scripts/make_image.sh --import " + options.image + " " + options.engine +
                             ", or name another one as DockerRunnerOptions::image";
  const Answer answer = client.get("/images/" + options.image + "/json");
  if (answer.status == 404) {
    throw Error(ErrorCode::sandbox_unavailable,
                "the Docker engine at " + options.engine + " has no image " + in_quotes(options.image) + "; " + remedy);
  }
  if (!answer.ok()) {
    throw Error(ErrorCode::unavailable, "the Docker engine does not tell of its image: " + answer.message());
  }
  const boost::json::value document = parse_json(answer.body);
  const JsonField labels = JsonField(document, "").at("Config");
  const auto given = labels.find_set("Labels");
  const auto mark = given ? given->find_set(image_label) : std::nullopt;
  if (mark && mark->text() == "1") return;
  throw Error(ErrorCode::sandbox_unavailable, "the image " + in_quotes(options.image) +
                                                  " was not made for this runner (it lacks the label " + image_label +
                                                  "=1); " + remedy);
}

std::vector<HostFinding> check_engine(EngineClient& client, const DockerRunnerOptions& options) {
  std::vector<HostFinding> findings;
  try {
    const EngineFacts facts = ask_facts(client);
    findings.push_back(
        {"engine", Level::pass,
         "Docker " + facts.version + " at " + options.engine + ", API " + client.version_path().substr(2), ""});
    findings.push_back(limits_finding(facts));
    findings.push_back({"system-call filter", facts.filters_calls ? Level::pass : Level::missing,
                        facts.filters_calls ? "python-strict" : "this engine has none",
                        facts.filters_calls ? "" : "run an engine that is built with seccomp"});
    findings.push_back({"user namespace", facts.remaps_users ? Level::pass : Level::weaker,
                        facts.remaps_users ? "the engine remaps users" : "root in a container is root on the host",
                        facts.remaps_users ? "" : "set userns-remap in the engine's configuration"});
  } catch (const Error& error) {
    findings.push_back({"engine", Level::missing, error.what(), "see there"});
    return findings;
  }
  try {
    require_image(client, options);
    findings.push_back({"image", Level::pass, options.image, ""});
  } catch (const Error& error) {
    findings.push_back({"image", Level::missing, error.what(), "scripts/make_image.sh --import"});
  }
  return findings;
}

}  // namespace pysandbox::docker
