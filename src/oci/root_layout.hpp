// The root that a program sees, as names: what is shown of the host or of a given root file system, and what is made
// new. The same as the native runner's (container/init/system_files.cpp).
#pragma once

#include <string>
#include <vector>

namespace pysandbox::oci {

struct Shown {
  std::string source;  // a path of the host
  std::string place;   // a path inside
};

// Makes the skeleton of the root in the empty directory `root`: directories and files to mount upon, links, and for the
// host's own /usr a few files of /etc. Returns what is to be mounted on it, read-only. `rootfs` may be empty.
std::vector<Shown> lay_out_root(const std::string& root, const std::string& rootfs);

}  // namespace pysandbox::oci
