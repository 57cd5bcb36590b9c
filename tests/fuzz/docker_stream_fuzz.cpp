// What comes out of a container means the same however it is cut into pieces, and an ending that is taken holds only
// names that are safe.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

#include <pysandbox/error.hpp>

#include "docker/end_mark.hpp"
#include "docker/frame_reader.hpp"
#include "docker/keeper_words.hpp"

using namespace pysandbox;
using namespace pysandbox::docker;

namespace {

constexpr const char* mark = "MARK";  // short, so that the fuzzer finds it

struct Meaning {
  bool refused = false;
  std::string output;
  std::string errors;
  std::string behind;
  std::optional<Ending> ending;
};

Meaning meaning_of(std::string_view bytes, std::size_t piece) {
  Meaning meaning;
  FrameReader frames;
  EndMark output(mark), errors(mark);
  EndingReader reader;
  const auto words = [&](std::string_view text) {
    text.remove_prefix(reader.add(text));
    meaning.behind += text;
  };
  const auto sort = [&](Stream stream, std::string_view text) {
    if (stream == Stream::stdout_stream) {
      output.add(
          text, [&](std::string_view before) { meaning.output += before; }, words);
    } else {
      errors.add(
          text, [&](std::string_view before) { meaning.errors += before; }, [](std::string_view) {});
    }
  };
  try {
    for (; !bytes.empty(); bytes.remove_prefix(std::min(piece, bytes.size()))) frames.add(bytes.substr(0, piece), sort);
    output.finish([&](std::string_view before) { meaning.output += before; });
    errors.finish([&](std::string_view before) { meaning.errors += before; });
    meaning.ending = reader.ending();
  } catch (const Error&) {
    meaning.refused = true;
  }
  return meaning;
}

void check(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const Meaning whole = meaning_of(bytes, std::max<std::size_t>(bytes.size(), 1));
  const Meaning cut = meaning_of(bytes, 1 + data[0]);
  check(whole.refused == cut.refused);
  if (whole.refused) return 0;
  check(whole.output == cut.output && whole.errors == cut.errors && whole.behind == cut.behind);
  check(whole.output.find(mark) == std::string::npos);
  check(whole.ending.has_value() == cut.ending.has_value());
  if (!whole.ending) return 0;
  for (const auto& file : whole.ending->files) {
    check(!file.path.empty() && file.path.front() != '/' && ("/" + file.path + "/").find("/../") == std::string::npos);
    check(file.path.find('\0') == std::string::npos);
  }
  return 0;
}
