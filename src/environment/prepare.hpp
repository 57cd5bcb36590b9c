// Makes a request ready to run.
#pragma once

#include <stop_token>
#include <string>
#include <vector>

#include <pysandbox/container_runner.hpp>
#include <pysandbox/file_store.hpp>
#include <pysandbox/job.hpp>
#include <pysandbox/web_client.hpp>

namespace pysandbox {

// Where inputs come from that are not part of the request. All of it must outlive the Program.
struct InputSources {
  FileStore* files = nullptr;     // null: no input is a stored file
  WebClient* web = nullptr;       // null: nothing is fetched
  std::string spool_directory{};  // for fetched bytes, in files without a name. Empty: where temporary files are
  std::stop_token stop{};         // ends fetching
};

struct Preparation {
  Program program;

  // A sentence for each input that cannot be had. If there is one, the program must not run.
  std::vector<std::string> missing{};
};

// Checks the request and every file on this host that it names, and gets all else: stored files are opened, URLs are
// fetched, one after the other. Throws as check_request() does; besides Error{not_found} or Error{invalid_request} for
// a source that cannot be used, Error{too_large} for inputs over maximum_input_bytes, and Error{unavailable} if a store
// or the disk fails. Sources stay names: the container reads them.
Preparation prepare(const JobRequest& request, const InputSources& sources);

}  // namespace pysandbox
