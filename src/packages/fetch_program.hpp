// Runs fetch.py, the one program of ours that speaks to an index, on the host.
#pragma once

#include <boost/json/object.hpp>

#include <chrono>
#include <functional>
#include <stop_token>
#include <string>

#include "packages/installer.hpp"
#include "process/launcher.hpp"

namespace pysandbox::packages {

struct FetchTask {
  FetchSettings settings;
  std::string python;     // of the host, which runs the fetching program
  std::string directory;  // empty; what is fetched comes into it
  std::chrono::seconds timeout;
  std::uint64_t most_bytes;  // of one file
};

// Hears each line that the program prints, parsed.
using OnFetchEvent = std::function<void(const boost::json::object& event)>;

// `plan` says what to do; who may be asked, and how, is added. What `on_event` throws, this throws.
HostProgramEnd run_fetch_program(boost::json::object plan, const FetchTask& task, ProcessLauncher& launcher,
                                 const OnFetchEvent& on_event, const std::stop_token& stop);

// When it ended without having said that all is done, or why not.
Error unfinished_fetch(const HostProgramEnd& end);

// What it says of a failure, as an Error that says of which `thing`: "the wheel of 'x 1.0'".
Error failed_fetch(const boost::json::object& event, const std::string& thing);

}  // namespace pysandbox::packages
