// Where a Docker engine listens.
#pragma once

#include <string>

namespace pysandbox::docker {

struct EngineAddress {
  std::string socket{};  // path of a unix socket; empty: TCP
  std::string base{};    // what URLs begin with: "http://docker", "http://127.0.0.1:2375"
  std::string text{};    // as it was given, for messages
};

// "unix:///run/docker.sock" or "tcp://HOST:PORT". Throws Error{invalid_request}.
EngineAddress parse_engine_address(const std::string& text);

}  // namespace pysandbox::docker
