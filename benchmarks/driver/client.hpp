// Somebody who has a job run, again and again: by a program, over HTTP, or in this process.
#pragma once

#include <memory>
#include <string>

#include <pysandbox/sandbox.hpp>

#include "driver/block.hpp"

namespace pysandbox::bench {

// Belongs to one thread. Failures of the harness itself are std::runtime_error; a run that failed is a sample.
class Client {
 public:
  virtual ~Client() = default;
  virtual Sample run() = 0;
};

// Each borrows the block, and the last one the Sandbox, until it is gone.
std::unique_ptr<Client> make_exec_client(const Block& block);
std::unique_ptr<Client> make_http_client(const Block& block);
std::unique_ptr<Client> make_sandbox_client(const Block& block, Sandbox& sandbox);

}  // namespace pysandbox::bench
