#include "access/gate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>
#include <utility>

namespace pysandbox::server {
namespace {

constexpr std::array loopback_names{"localhost", "127.0.0.1", "[::1]"};

std::string lower_case(std::string_view text) {
  std::string lowered(text);
  for (char& letter : lowered) letter = static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
  return lowered;
}

// {"localhost", "3004"}, {"[::1]", ""}.
std::pair<std::string, std::string> split_port(const std::string& host) {
  const auto colon = host.rfind(':');
  if (colon == host.npos || host.find(']', colon) != host.npos) return {host, ""};
  return {host.substr(0, colon), host.substr(colon + 1)};
}

// The origin of the page that asks, if it is not one that this server itself could have given: pages of the Host that
// was asked are no strangers. Behind a proxy that speaks TLS, theirs begins with https.
std::optional<std::string> foreign_origin(const http::Request& head) {
  const auto origin = head.header("origin");
  if (!origin) return std::nullopt;
  const std::string lowered = lower_case(*origin);
  const std::string host = lower_case(head.host);
  if (lowered == "http://" + host || lowered == "https://" + host) return std::nullopt;
  return lowered;
}

// What a page of `origin` needs in an answer to be shown it (Fetch Standard, "CORS protocol").
void let_read(http::Response& response, const std::string& origin) {
  response.headers.emplace_back("Access-Control-Allow-Origin", origin);
  response.headers.emplace_back("Access-Control-Expose-Headers",
                                "Content-Disposition, Content-Range, ETag, Retry-After, X-Request-Id");
  response.headers.emplace_back("Vary", "Origin");
  if (auto* waiting = std::get_if<std::shared_ptr<http::Waiting>>(&response.body)) {
    (*waiting)->look = [look = std::move((*waiting)->look), origin](http::Waiting::Turn turn) {
      auto later = look(turn);
      if (later) let_read(*later, origin);
      return later;
    };
  }
}

http::Response preflight(const http::Request& head, const std::string& origin) {
  http::Response response{.status = 204,
                          .headers = {{"Access-Control-Allow-Methods", "GET, HEAD, POST, PUT, DELETE"},
                                      {"Access-Control-Allow-Headers",
                                       "Authorization, Content-Type, Idempotency-Key, If-None-Match, If-Range, "
                                       "Last-Event-ID, Prefer, Range, X-API-Key"},
                                      {"Access-Control-Max-Age", "600"}}};
  if (head.header("access-control-request-private-network")) {
    response.headers.emplace_back("Access-Control-Allow-Private-Network", "true");
  }
  let_read(response, origin);
  return response;
}

}  // namespace

Gate::Gate(const GateOptions& options, http::Application& inner) : options_(options), inner_(inner) {
  for (std::string& host : options_.hosts) host = lower_case(host);
  for (std::string& origin : options_.origins) origin = lower_case(origin);
}

bool Gate::is_host(const std::string& host) const {
  if (!options_.loopback_names && options_.hosts.empty()) return true;
  const auto [name, port] = split_port(host);
  if (std::count(options_.hosts.begin(), options_.hosts.end(), host) > 0) return true;
  if (std::count(options_.hosts.begin(), options_.hosts.end(), name) > 0) return true;
  if (!options_.loopback_names || std::count(loopback_names.begin(), loopback_names.end(), name) == 0) return false;
  return port.empty() || port == std::to_string(port_.load());
}

bool Gate::may_ask(const std::string& origin) const {
  return std::count(options_.origins.begin(), options_.origins.end(), origin) > 0;
}

std::variant<http::Plan, http::Response> Gate::plan(const http::Request& head) {
  if (!is_host(lower_case(head.host))) {
    return inner_.refusal(
        403, "forbidden_host",
        "This Host is not served here; ask for localhost, or let the operator name it with --allow-host", head.id);
  }
  const auto origin = foreign_origin(head);
  if (!origin) return inner_.plan(head);
  if (!may_ask(*origin)) {
    return inner_.refusal(403, "forbidden_origin",
                          "Pages of this Origin may not ask here unless the operator names it with --allow-origin",
                          head.id);
  }
  if (head.method == "OPTIONS" && head.header("access-control-request-method")) return preflight(head, *origin);

  auto planned = inner_.plan(head);
  if (auto* response = std::get_if<http::Response>(&planned)) {
    let_read(*response, *origin);
  } else {
    auto& plan = std::get<http::Plan>(planned);
    plan.handler = [handler = std::move(plan.handler), allowed = *origin](http::Request& request) {
      http::Response answer = handler(request);
      let_read(answer, allowed);
      return answer;
    };
  }
  return planned;
}

http::Response Gate::refusal(int status, std::string_view code, std::string_view sentence,
                             const std::string& request_id) {
  return inner_.refusal(status, code, sentence, request_id);
}

http::Response Gate::failure(const std::exception& error, const http::Request& request) {
  http::Response response = inner_.failure(error, request);
  if (const auto origin = foreign_origin(request); origin && may_ask(*origin)) let_read(response, *origin);
  return response;
}

void Gate::answered(const http::Request& request, int status, std::chrono::microseconds took) {
  inner_.answered(request, status, took);
}

}  // namespace pysandbox::server
