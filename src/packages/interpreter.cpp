#include "packages/interpreter.hpp"

#include <sstream>

#include <pysandbox/error.hpp>

#include "support/in_quotes.hpp"

namespace pysandbox::packages {
namespace {

constexpr const char* question = R"(import os, sys, sysconfig
libc, _, version = "", "", ""
try:
    libc, _, version = os.confstr("CS_GNU_LIBC_VERSION").partition(" ")
except (ValueError, OSError, AttributeError):
    pass
print("%d.%d.%d" % sys.version_info[:3], sys.implementation.cache_tag, sysconfig.get_config_var("SOABI"),
      os.uname().machine, libc or "musl", version or "1.2")
)";

}  // namespace

std::string Interpreter::identity() const {
  return version + " " + cache_tag + " " + abi + " " + machine + " " + libc + " " + libc_version;
}

std::string Interpreter::title() const { return "Python " + short_version() + " on " + machine; }

Interpreter ask_interpreter(ContainerRunner& runner) {
  const auto container = runner.open({});
  Program program;
  program.entry_point = "question.py";
  program.code = question;
  const RunResult result = container->run(program, {});
  std::istringstream words(result.stdout);
  Interpreter answer;
  words >> answer.version >> answer.cache_tag >> answer.abi >> answer.machine >> answer.libc >> answer.libc_version;
  if (result.outcome != Outcome::ok || !words || !answer.cache_tag.starts_with("cpython-")) {
    throw Error(ErrorCode::environment_failed,
                "The interpreter does not say which Python it is (" + std::string(to_string(result.outcome)) + ", " +
                    in_quotes(result.stderr.substr(0, 200)) + "); packages can be had for CPython only");
  }
  return answer;
}

}  // namespace pysandbox::packages
