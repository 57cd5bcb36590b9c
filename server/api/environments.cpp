// GET and POST /api/environments
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

#include <pysandbox/error.hpp>

#include "api/body_field.hpp"
#include "api/handlers.hpp"
#include "api/json_response.hpp"
#include "api/package_refusals.hpp"
#include "api/refusal.hpp"
#include "api/time_text.hpp"
#include "api/wait_time.hpp"
#include "value/text.hpp"
#include "wire/json_document.hpp"

namespace pysandbox::api {
namespace {

namespace json = boost::json;
using std::chrono::steady_clock;

json::object environment_answer(const Environment& environment) {
  json::array packages;
  for (const Package& package : environment.info.packages) {
    packages.push_back(json::object{{"name", repair_utf8(package.name)}, {"version", repair_utf8(package.version)}});
  }
  return json::object{
      {"digest", environment.info.digest},
      {"name", environment.name.empty() ? json::value() : json::value(repair_utf8(environment.name))},
      {"python", environment.info.python},
      {"packages", std::move(packages)},
      {"size", environment.size_bytes},
      {"created_at", time_text(environment.created_at)},
      {"last_used_at", time_text(environment.last_used_at)},
  };
}

struct Wish {
  EnvironmentRequest request{};
  std::chrono::milliseconds wait{};
};

Wish read_wish(Call& call) {
  const json::value document = parse_body(call.request.body);
  if (!document.is_object()) BodyField(document).refuse("one JSON object");
  const BodyField root(document);
  const auto set = [&](std::string_view key) {
    auto field = root.find(key);
    return field && !field->is_absent() ? field : std::nullopt;
  };
  Wish wish;
  FieldProblems problems;
  for (const auto& [key, field] : root.members()) {
    constexpr std::array known{"packages", "name", "wait"};
    if (std::find(known.begin(), known.end(), key) == known.end()) {
      problems.add(wrong_field(key, "is not known here; there are packages, name and wait"));
    }
  }
  if (const auto field = set("packages")) problems.collect([&] { wish.request.packages = field->texts(); });
  if (const auto field = set("name")) problems.collect([&] { wish.request.name = field->text(); });
  wish.wait = std::min(call.context.limits.wait, call.context.limits.max_wait);
  if (const auto given = wait_of(call.request, call.context.limits)) wish.wait = *given;
  if (const auto field = set("wait")) problems.collect([&] { wish.wait = read_wait(*field, call.context.limits); });
  problems.throw_if_any();
  if (wish.request.packages.empty() && wish.request.name.empty()) {
    throw wrong_field("packages", "is missing; give packages, or the name of a set");
  }
  return wish;
}

std::optional<http::Response> look(const EnvironmentBuild& build, const std::string& request_id,
                                   http::Waiting::Turn turn) {
  const auto end = build.end();
  if (!end && turn == http::Waiting::Turn::early) return std::nullopt;
  if (!end) {
    return json_response(202, json::object{{"status", "building"}, {"progress", repair_utf8(build.progress())}});
  }
  if (const auto* environment = std::get_if<Environment>(&*end)) {
    return json_response(200, environment_answer(*environment));
  }
  return build_failure(std::get<Error>(*end), request_id);
}

}  // namespace

http::Response list_environments(Call& call) {
  json::array environments;
  if (EnvironmentStore* const store = call.context.sandbox.environments()) {
    for (const Environment& environment : store->list()) environments.push_back(environment_answer(environment));
  }
  return json_response(200, json::object{{"environments", std::move(environments)}});
}

http::Response build_environment(Call& call) {
  const Wish wish = read_wish(call);
  check_packages(call.context.sandbox, wish.request, "name");
  const auto build = call.context.builds.begin(wish.request);
  auto waiting = std::make_shared<http::Waiting>();
  waiting->subscribe = build->subscription(build);
  waiting->deadline = steady_clock::now() + wish.wait;
  waiting->look = [build, id = call.request.id](http::Waiting::Turn turn) { return look(*build, id, turn); };
  return {.body = std::move(waiting)};
}

}  // namespace pysandbox::api
