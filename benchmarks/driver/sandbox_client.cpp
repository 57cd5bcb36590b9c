#include <pysandbox/json.hpp>

#include "driver/client.hpp"

namespace pysandbox::bench {
namespace {

class SandboxClient final : public Client {
 public:
  SandboxClient(const Block& block, Sandbox& sandbox) : request_(parse_job_request(block.request)), sandbox_(sandbox) {}

  Sample run() override {
    Sample sample;
    RunOptions options;
    options.on_output = [&](Stream, std::string_view) {
      if (sample.output == 0) sample.output = now_ns();
    };
    sample.start = now_ns();
    const RunResult result = sandbox_.run(request_, options);
    sample.end = now_ns();
    sample.text = to_json(result);
    return sample;
  }

 private:
  JobRequest request_;
  Sandbox& sandbox_;
};

}  // namespace

std::unique_ptr<Client> make_sandbox_client(const Block& block, Sandbox& sandbox) {
  return std::make_unique<SandboxClient>(block, sandbox);
}

}  // namespace pysandbox::bench
