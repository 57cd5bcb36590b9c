#include "file/artifacts.hpp"

#include "file/byte_flow.hpp"

namespace pysandbox {

Artifact keep_artifact(OutputFile& file, FileStore* files) {
  const ByteSource source = [&file](std::span<std::byte> buffer) { return file.read(buffer); };
  if (files == nullptr) {
    const Measure measure = measure_all(source);
    return {.path = file.path(),
            .size = measure.size(),
            .content_type = measure.content_type(file.path()),
            .sha256 = measure.sha256(),
            .file_id = {}};
  }
  StoredFile kept = files->add(file.path(), source);  // it measures: measuring here too would double the work
  return {.path = file.path(),
          .size = kept.size,
          .content_type = std::move(kept.content_type),
          .sha256 = std::move(kept.sha256),
          .file_id = std::move(kept.id)};
}

}  // namespace pysandbox
