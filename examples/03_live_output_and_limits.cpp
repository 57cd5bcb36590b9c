// Output while the program runs, and a limit that it hits: what was printed and where it was is not lost.
#include <pysandbox/sandbox.hpp>

#include <iostream>

int main() {
  pysandbox::Sandbox sandbox;
  pysandbox::JobRequest request{.code =
                                    "import time\nfor i in range(1000):\n    print('step', i)\n    time.sleep(0.1)\n"};
  request.limits.time_limit = std::chrono::milliseconds(500);
  request.limits.memory_bytes = 128 << 20;

  const auto show = [](pysandbox::Stream, std::string_view text) { std::cout << text << std::flush; };
  try {
    const pysandbox::RunResult result = sandbox.run(request, {.on_output = show});
    std::cout << "ended by " << result.failure->limit << " after " << result.failure->observed << ", at line "
              << result.error->line.value_or(0) << '\n';
    return result.outcome == pysandbox::Outcome::time_limit ? 0 : 1;
  } catch (const pysandbox::Error& error) {
    std::cerr << error.what() << '\n';
    return 2;
  }
}
