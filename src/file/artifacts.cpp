#include "file/artifacts.hpp"

#include <exception>

#include "file/byte_flow.hpp"

namespace pysandbox {

Artifact keep_artifact(OutputFile& file, FileStore* files, std::string_view owner) {
  const ByteSource source = [&file](std::span<std::byte> buffer) { return file.read(buffer); };
  if (files == nullptr) {
    const Measure measure = measure_all(source);
    return {.path = file.path(),
            .size = measure.size(),
            .content_type = measure.content_type(file.path()),
            .sha256 = measure.sha256(),
            .file_id = {}};
  }
  StoredFile kept = files->add(file.path(), source, owner);  // it measures: measuring here too would double the work
  return {.path = file.path(),
          .size = kept.size,
          .content_type = std::move(kept.content_type),
          .sha256 = std::move(kept.sha256),
          .file_id = std::move(kept.id)};
}

void remove_artifacts(const RunResult& result, FileStore* files) noexcept {
  if (files == nullptr) return;
  for (const Artifact& artifact : result.artifacts) {
    try {
      if (!artifact.file_id.empty()) files->remove(artifact.file_id);
    } catch (const std::exception&) {
      // Nobody knows its id, so it is not renewed, and retention takes it in its time.
    }
  }
}

}  // namespace pysandbox
