#include "docker/leftovers.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <map>
#include <optional>
#include <vector>

#include <pysandbox/error.hpp>

#include "docker/container_shape.hpp"
#include "docker/runner_lock.hpp"
#include "wire/json_document.hpp"
#include "wire/json_field.hpp"

namespace pysandbox::docker {
namespace {

using Containers = std::vector<std::string>;

// By the runner that each one names.
std::map<std::string, Containers> containers_by_runner(EngineClient& client) {
  // {"label":["io.pysandbox.runner"]}
  const std::string filter = std::string("%7B%22label%22%3A%5B%22") + runner_label + "%22%5D%7D";
  const Answer answer = client.get("/containers/json?all=true&filters=" + filter);
  if (!answer.ok()) {
    throw Error(ErrorCode::unavailable,
                "the Docker engine does not list its containers: " + answer.message() + "; look at its log");
  }
  std::map<std::string, Containers> found;
  const boost::json::value document = parse_json(answer.body);
  for (const auto& entry : JsonField(document, "containers").elements()) {
    found[entry.at("Labels").at(runner_label).text()].push_back(entry.at("Id").text());
  }
  return found;
}

}  // namespace

void remove_leftovers(EngineClient& client, const std::string& lock_directory) {
  for (const auto& [runner, containers] : containers_by_runner(client)) {
    std::optional<RunnerLock> dead = RunnerLock::take_dead(lock_directory, runner);
    if (!dead) continue;
    bool all = true;
    for (const auto& container : containers) {
      const Answer answer = client.remove("/containers/" + container + "?force=true&v=true");
      all = all && (answer.ok() || answer.status == 404);
    }
    if (all) dead->forget();
  }
}

}  // namespace pysandbox::docker
