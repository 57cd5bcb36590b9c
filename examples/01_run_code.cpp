// The shortest way: run a program, look at what it printed.
#include <pysandbox/sandbox.hpp>

#include <iostream>

int main() {
  pysandbox::Sandbox sandbox;
  const pysandbox::RunResult result = sandbox.run({.code = "print(6 * 7)"});
  std::cout << "outcome: " << pysandbox::to_string(result.outcome) << "\nprinted: " << result.stdout;
  return result.outcome == pysandbox::Outcome::ok ? 0 : 1;
}
