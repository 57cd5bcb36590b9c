// Stands before an Application and keeps web pages out that have no business with it.
//
// Without it, any page that somebody of this machine looks at could use a server on loopback: by a name of its own that
// it makes point to 127.0.0.1 (DNS rebinding; the Host gives it away), or by asking across origins (the Origin does).
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include "http/application.hpp"

namespace pysandbox::server {

struct GateOptions {
  bool loopback_names = true;  // localhost, 127.0.0.1 and [::1] are Hosts, with no port or the one that is listened on
  std::vector<std::string> hosts{};  // these too: "run.example.org" with any port, "run.example.org:8443" with this one
  std::vector<std::string> origins{};  // whose pages may ask, from anywhere: "https://app.example.org"
};

class Gate final : public http::Application {
 public:
  // Without loopback_names and without hosts, every Host is taken: keys keep strangers out then. `inner` must outlive
  // it.
  Gate(const GateOptions& options, http::Application& inner);

  // The port that is really listened on. Call it once that is known; until then, a Host with a port is refused.
  void listening_on(std::uint16_t port) noexcept { port_ = port; }

  std::variant<http::Plan, http::Response> plan(const http::Request& head) override;
  http::Response refusal(int status, std::string_view code, std::string_view sentence,
                         const std::string& request_id) override;
  http::Response failure(const std::exception& error, const http::Request& request) override;
  void answered(const http::Request& request, int status, std::chrono::microseconds took) override;

 private:
  bool is_host(const std::string& host) const;
  bool may_ask(const std::string& origin) const;  // from another origin

  GateOptions options_;
  http::Application& inner_;
  std::atomic<std::uint16_t> port_{0};
};

}  // namespace pysandbox::server
