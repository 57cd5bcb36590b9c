#include "api/routes.hpp"

#include <array>

#include "api/handlers.hpp"

namespace pysandbox::api {
namespace {

using enum RouteBody;
using enum RouteKey;

constexpr std::array table{
    Route{"POST", "/api/jobs", json, needed, submit_job},
    Route{"GET", "/api/jobs", none, needed, list_jobs},
    Route{"GET", "/api/jobs/{job_id}", none, needed, job_status},
    Route{"DELETE", "/api/jobs/{job_id}", none, needed, delete_job},
    Route{"GET", "/api/jobs/{job_id}/status", none, needed, job_status},
    Route{"GET", "/api/jobs/{job_id}/results", none, needed, job_results},
    Route{"GET", "/api/jobs/{job_id}/events", none, needed, job_events},
    Route{"POST", "/api/jobs/{job_id}/cancel", none, needed, cancel_job},
    Route{"GET", "/api/jobs/{job_id}/files", none, needed, list_job_files},
    Route{"GET", "/api/jobs/{job_id}/files.zip", none, needed, zip_job_files},
    Route{"GET", "/api/jobs/{job_id}/files/{file_id}", none, needed, get_job_file},
    Route{"HEAD", "/api/jobs/{job_id}/files/{file_id}", none, needed, get_job_file},
    Route{"DELETE", "/api/jobs/{job_id}/files/{file_id}", none, needed, delete_job_file},

    Route{"POST", "/api/files", multipart, needed, upload_parts},
    Route{"PUT", "/api/files", bytes, needed, upload_body},
    Route{"GET", "/api/files/{file_id}", none, needed, get_upload},
    Route{"HEAD", "/api/files/{file_id}", none, needed, get_upload},
    Route{"DELETE", "/api/files/{file_id}", none, needed, delete_upload},

    Route{"GET", "/api/environments", none, needed, list_environments},
    Route{"POST", "/api/environments", json, needed, build_environment},

    Route{"GET", "/capabilities", none, needed, capabilities},
    Route{"GET", "/metrics", none, needed, metrics},
    Route{"GET", "/health", none, not_needed, health},
    Route{"GET", "/ready", none, not_needed, ready},
    Route{"GET", "/openapi.json", none, not_needed, openapi},
};

// Whether `segments` are what `pattern` describes; ids go to `match`.
bool fits(std::string_view pattern, std::span<const std::string> segments, RouteMatch& match) {
  for (const std::string& segment : segments) {
    if (pattern.empty()) return false;
    pattern.remove_prefix(1);  // the slash
    const std::string_view part = pattern.substr(0, pattern.find('/'));
    pattern.remove_prefix(part.size());
    if (part == "{job_id}") {
      match.job_id = segment;
    } else if (part == "{file_id}") {
      match.file_id = segment;
    } else if (part != segment) {
      return false;
    }
  }
  return pattern.empty();
}

}  // namespace

std::span<const Route> routes() { return table; }

RouteMatch find_route(std::string_view method, std::span<const std::string> segments) {
  // "/api/jobs/" is "/api/jobs".
  if (!segments.empty() && segments.back().empty()) segments = segments.first(segments.size() - 1);
  RouteMatch found;
  for (const Route& route : table) {
    RouteMatch match;
    if (!fits(route.pattern, segments, match)) continue;
    if (route.method == method) {
      match.route = &route;
      return match;
    }
    found.allow += (found.allow.empty() ? "" : ", ") + std::string(route.method);
  }
  return found;
}

}  // namespace pysandbox::api
