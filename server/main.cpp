// The program pysandbox-server: parse, do, answer.
#include <fmt/format.h>

#include <csignal>
#include <cstdio>
#include <exception>

#include <pysandbox/error.hpp>

#include "command_line.hpp"
#include "key_command.hpp"
#include "serve.hpp"

namespace {

using namespace pysandbox::server;

struct Perform {
  int operator()(const ServeCommand& command) const { return serve(command.settings); }
  int operator()(const CreateKeyCommand& command) const { return create_key(command); }
  int operator()(const ListKeysCommand& command) const { return list_keys(command); }
  int operator()(const RevokeKeyCommand& command) const { return revoke_key(command); }
  int operator()(const Message& message) const {
    std::fputs(message.text.c_str(), message.exit_code == 0 ? stdout : stderr);
    return message.exit_code;
  }
};

int exit_code_of(const std::exception& error) {
  const auto* known = dynamic_cast<const pysandbox::Error*>(&error);
  return known != nullptr && known->code() == pysandbox::ErrorCode::invalid_request ? exit_code_nonsense : 1;
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);  // a client that leaves is an error of write(2), not our end
  try {
    return std::visit(Perform{}, parse_command_line(argc, argv));
  } catch (const std::exception& error) {
    fmt::print(stderr, "pysandbox-server: {}\n", error.what());
    return exit_code_of(error);
  }
}
