// The interpreter that environments are made for.
#pragma once

#include <string>

#include <pysandbox/container_runner.hpp>

namespace pysandbox::packages {

struct Interpreter {
  std::string version;       // "3.11.2"
  std::string cache_tag;     // "cpython-311": of its bytecode files
  std::string abi;           // "cpython-311-x86_64-linux-gnu": of its extension modules
  std::string machine;       // "x86_64"
  std::string libc;          // "glibc" or "musl"
  std::string libc_version;  // "2.36"

  std::string short_version() const { return version.substr(0, version.rfind('.')); }  // "3.11"

  // "cp311": what wheels call it.
  std::string tag() const {
    const std::string two = short_version();
    const auto dot = two.find('.');
    return "cp" + two.substr(0, dot) + two.substr(dot + 1);
  }

  // What wheels and bytecode depend on.
  std::string identity() const;

  // "Python 3.11 on x86_64": for messages.
  std::string title() const;
};

// Asks `python` in a container. Throws Error{environment_failed} if it does not answer.
Interpreter ask_interpreter(ContainerRunner& runner);

}  // namespace pysandbox::packages
