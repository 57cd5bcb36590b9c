// A package index of a test's own, as a folder and over HTTP, and installers whose starts are counted.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <pysandbox/environment_store.hpp>
#include <pysandbox/error.hpp>

#include "process/find_program.hpp"
#include "packages/unpack.hpp"
#include "support/loopback_server.hpp"
#include "support/temporary_directory.hpp"
#include "value/requirement.hpp"

namespace pysandbox::testing {

inline std::string read_whole(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// The wheels of make_wheels.py; made once for all tests of a program.
inline const std::string& wheel_folder() {
  static const TemporaryDirectory folder;
  static const bool made = [] {
    const std::string command = "/usr/bin/python3 '" PYSANDBOX_PACKAGES_DIR "/make_wheels.py' '" + folder.path() + "'";
    return std::system(command.c_str()) == 0;  // NOLINT: words of the test's own
  }();
  EXPECT_TRUE(made);
  return folder.path();
}

// PEP 503: /simple/NAME/ lists links to /files/FILE, with hashes.
class PackageIndex {
 public:
  using Connection = LoopbackServer::Connection;
  // True if it has answered in a way of its own.
  using Special = std::function<bool(Connection&)>;

  enum class Hashes { told, left_out, wrong };

  explicit PackageIndex(Special special = {}, Hashes hashes = Hashes::told, std::string folder = wheel_folder())
      : special_(std::move(special)),
        hashes_(hashes),
        folder_(std::move(folder)),
        server_([this](Connection& connection) { answer(connection); }) {}

  std::string url() const { return server_.url("/simple"); }
  std::string place() const { return server_.place(); }

  // How often a wheel was fetched whole.
  std::size_t fetched(const std::string& file) const {
    std::size_t count = 0;
    for (const auto& target : server_.targets()) count += target == "/files/" + file ? 1 : 0;
    return count;
  }

  std::size_t requests() const { return server_.targets().size(); }

 private:
  void answer(Connection& connection) {
    if (special_ && special_(connection)) return;
    const std::string target = connection.target();
    if (target.starts_with("/files/")) return send_file(connection, target.substr(7));
    if (target.starts_with("/simple/")) return send_links(connection, target.substr(8, target.size() - 9));
    connection.send("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
  }

  void send_file(Connection& connection, const std::string& file) const {
    connection.send(http_answer(read_whole(folder_ + "/" + file), "Content-Type: application/octet-stream\r\n"));
  }

  void send_links(Connection& connection, const std::string& name) {
    std::string links;
    for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
      const std::string file = entry.path().filename().string();
      if ((!file.ends_with(".whl") && !file.ends_with(".tar.gz")) ||
          normalized_package_name(file.substr(0, file.find('-'))) != name)
        continue;
      std::string hash =
          hashes_ == Hashes::left_out ? "" : "#sha256=" + packages::sha256_of_file(entry.path().string());
      if (hashes_ == Hashes::wrong) hash.replace(8, 4, "0000");
      std::string attributes = " " + read_whole(entry.path().string() + ".attributes");
      if (std::filesystem::exists(entry.path().string() + ".metadata")) {
        attributes += " data-dist-info-metadata=\"true\"";  // PEP 658
      }
      links += "<a href=\"/files/" + file + hash + "\"" + attributes + ">" + file + "</a>\n";
    }
    if (links.empty()) {
      connection.send("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
    } else {
      connection.send(
          http_answer("<!DOCTYPE html><html><body>" + links + "</body></html>", "Content-Type: text/html\r\n"));
    }
  }

  Special special_;
  Hashes hashes_;
  std::string folder_;
  LoopbackServer server_;
};

// uv or pip, started through a script that counts.
class CountedInstaller {
 public:
  explicit CountedInstaller(const std::string& kind) : path_(folder_ / kind) {
    const std::string command = kind == "uv" ? "\"" + uv() + "\"" : "/usr/bin/python3 -m pip";
    std::ofstream(path_) << "#!/bin/sh\necho \"$1\" >>'" << folder_.path() << "/count'\nexec " << command
                         << " \"$@\"\n";
    std::filesystem::permissions(path_, std::filesystem::perms(0755));
  }

  static std::string uv() {
    if (const std::string found = find_program("uv"); !found.empty()) return found;
    const std::string beside = PYSANDBOX_TOOLS_DIR "/uv";
    return is_program(beside) ? beside : "";
  }

  const std::string& path() const { return path_; }

  // Resolutions; that pip is asked for its configuration is none.
  std::size_t resolutions() const {
    std::ifstream count(folder_ / "count");
    std::size_t lines = 0;
    for (std::string line; std::getline(count, line);) lines += line != "config" ? 1 : 0;
    return lines;
  }

 private:
  TemporaryDirectory folder_;
  std::string path_;
};

inline ErrorCode code_of(const std::function<void()>& action, std::string* sentence = nullptr) {
  try {
    action();
  } catch (const Error& error) {
    if (sentence != nullptr) *sentence = error.what();
    return error.code();
  }
  ADD_FAILURE() << "nothing was thrown";
  return ErrorCode::internal;
}

}  // namespace pysandbox::testing
