// The files that a job left on its server: listed, and fetched without any trust in who serves them.
#pragma once

#include <boost/json/value.hpp>

#include <cstdint>
#include <string>
#include <vector>

#include "progress_line.hpp"
#include "server_api.hpp"

namespace pysandbox::cli {

struct RemoteFile {
  std::string id;
  std::string path;
  std::uint64_t size = 0;
  std::string sha256;
  std::string url;
};

// Out of an answer with the key "files". Throws Error{invalid_request} for one that cannot be understood.
std::vector<RemoteFile> read_files(const boost::json::value& answer);

// Puts them below `directory`. Throws Error for a name that would lead out of it and for bytes that are not what the
// list says; such a file is not kept.
void fetch_files(ServerApi& api, const std::string& job, const std::vector<RemoteFile>& files,
                 const std::string& directory, ProgressLine& progress);

}  // namespace pysandbox::cli
