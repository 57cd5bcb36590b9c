#include "docker/engine_container.hpp"

#include <fmt/format.h>

#include <boost/json/object.hpp>

#include <algorithm>
#include <array>
#include <utility>

#include <pysandbox/error.hpp>

#include "docker/keeper_words.hpp"
#include "support/in_quotes.hpp"
#include "wire/json_document.hpp"
#include "wire/json_field.hpp"

namespace pysandbox::docker {
namespace {

constexpr std::chrono::milliseconds counter_time{2'000};  // for a look at a counter, while a deadline may be near

[[noreturn]] void refuse(const Answer& answer, const std::string& what) {
  const std::string sentence = "the Docker engine cannot " + what + ": " + answer.message();
  if (answer.status == 409) throw Error(ErrorCode::conflict, sentence);
  // 5xx is also what it says about an interpreter or a mount that is not there: asking again does not help.
  throw Error(ErrorCode::sandbox_unavailable, sentence);
}

}  // namespace

EngineContainer::EngineContainer(EngineClient& client, Graveyard& graveyard, const std::string& name,
                                 const ContainerShape& shape, const std::string& creation)
    : client_(client), graveyard_(graveyard), shape_(shape) {
  create(name, creation);
  try {
    stream_.emplace(client_, id_);  // before it starts, so that nothing it says is lost
    start();
    hear_greeting();
  } catch (...) {
    stream_.reset();
    graveyard_.bury(id_);
    throw;
  }
}

EngineContainer::~EngineContainer() {
  stream_.reset();
  graveyard_.bury(id_);
}

void EngineContainer::create(const std::string& name, const std::string& creation) {
  const Answer answer = client_.post("/containers/create?name=" + name, creation);
  if (answer.status == 404) {
    throw Error(
        ErrorCode::sandbox_unavailable,
        "the Docker engine lacks the image (" + answer.message() +
            "); make it with scripts/make_image.sh --import, or name another one as DockerRunnerOptions::image");
  }
  if (!answer.ok()) refuse(answer, "make the container " + name);
  const boost::json::value document = parse_json(answer.body);
  id_ = JsonField(document, "").at("Id").text();
}

void EngineContainer::start() {
  const Answer answer = client_.post("/containers/" + id_ + "/start");
  if (!answer.ok()) refuse(answer, "start a container");
  if (processes_at_start(shape_) == processes_when_started(shape_)) return;
  const boost::json::object limit{{"PidsLimit", processes_when_started(shape_)}};
  const Answer updated = client_.post("/containers/" + id_ + "/update", write_json(limit, JsonStyle::compact));
  if (!updated.ok()) refuse(updated, "limit the processes of a container");
}

void EngineContainer::hear_greeting() {
  FrameReader frames;
  std::string said, complaint;
  std::array<char, 4096> buffer;
  while (said.find('\n') == std::string::npos && said.size() < buffer.size()) {
    const std::size_t count = stream_->wait_and_receive(buffer);
    if (count == 0) break;
    frames.add({buffer.data(), count}, [&](Stream stream, std::string_view text) {
      (stream == Stream::stdout_stream ? said : complaint) += text;
    });
  }
  const auto time = said.ends_with('\n') ? read_greeting(said.substr(0, said.size() - 1)) : std::nullopt;
  if (!time) {
    throw Error(ErrorCode::sandbox_unavailable,
                "what waits in the container is not the keeper of this version (it said " +
                    in_quotes((said + complaint).substr(0, 300)) + "); make the image anew with scripts/make_image.sh");
  }
  start_time_ = *time;
}

void EngineContainer::kill() noexcept {
  try {
    client_.post("/containers/" + id_ + "/kill?signal=SIGKILL");
  } catch (const std::exception&) {
    // Then it is the engine that is gone, or the graveyard's work.
  }
}

std::optional<std::chrono::microseconds> EngineContainer::cpu_time() noexcept {
  try {
    const Answer answer = client_.get("/containers/" + id_ + "/stats?stream=false&one-shot=true", counter_time);
    if (!answer.ok()) return std::nullopt;
    const boost::json::value document = parse_json(answer.body);
    const auto nanoseconds =
        JsonField(document, "").at("cpu_stats").at("cpu_usage").at("total_usage").whole_number<std::uint64_t>();
    return std::max(std::chrono::microseconds(nanoseconds / 1'000) - start_time_, std::chrono::microseconds(0));
  } catch (const std::exception&) {
    return std::nullopt;
  }
}

ContainerEnd EngineContainer::wait_for_end() {
  client_.post_and_wait("/containers/" + id_ + "/wait?condition=not-running", client_.call_timeout());
  const Answer answer = client_.get("/containers/" + id_ + "/json");
  if (!answer.ok()) {
    throw Error(ErrorCode::unavailable, "a container is gone before its end was seen (" + answer.message() +
                                            "): somebody else removed it; try again");
  }
  const boost::json::value document = parse_json(answer.body);
  const JsonField state = JsonField(document, "").at("State");
  return {state.at("Running").flag(), state.at("OOMKilled").flag()};
}

}  // namespace pysandbox::docker
