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

  std::string short_version() const;  // "3.11"
  std::string tag() const;            // "cp311"

  // What wheels and bytecode depend on.
  std::string identity() const;

  // "Python 3.11 on x86_64": for messages.
  std::string title() const;
};

// Asks `python` in a container. Throws Error{environment_failed} if it does not answer.
Interpreter ask_interpreter(ContainerRunner& runner);

}  // namespace pysandbox::packages
