#include "container/package_aids.hpp"

#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <system_error>

extern "C" {
extern const char pysandbox_figures[];
}

namespace pysandbox::container {
namespace {

namespace fs = std::filesystem;

// Their default is a thread for every processor of the host, each with buffers of its own.
void bound_threads(PackageAids& aids, const Limits& limits) {
  const std::string count = std::to_string(static_cast<long>(std::ceil(limits.cpus)));
  for (const char* name : {"OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"}) aids.variables[name] = count;
}

// Its list of fonts takes a second to make, so an environment brings one. matplotlib looks for it where it may write.
void link_font_lists(PackageAids& aids, const fs::path& directory) {
  std::error_code none;
  for (fs::directory_iterator entry(directory, none), end; !none && entry != end; entry.increment(none)) {
    const std::string name = entry->path().filename().string();
    if (!name.starts_with("fontlist")) continue;
    aids.files.push_back({.path = "pysandbox/matplotlib/" + name, .link_target = "/environment/matplotlib/" + name});
  }
}

void add_matplotlib(PackageAids& aids, const std::string& directory) {
  aids.variables["MPLBACKEND"] = "module://pysandbox_mpl";
  aids.variables["MPLCONFIGDIR"] = "/tmp/pysandbox/matplotlib";
  aids.variables["PYTHONPATH"] += ":/tmp/pysandbox/python";
  aids.files.push_back({.path = "pysandbox/python/pysandbox_mpl.py", .content = pysandbox_figures});
  link_font_lists(aids, directory + "/matplotlib");
}

}  // namespace

PackageAids package_aids(const std::string& environment_directory, const Limits& limits) {
  PackageAids aids;
  if (environment_directory.empty()) return aids;
  aids.variables["PATH"] = "/environment/bin:/usr/local/bin:/usr/bin:/bin";
  aids.variables["PYTHONPATH"] = "/environment/site-packages";
  bound_threads(aids, limits);
  const std::string matplotlib = environment_directory + "/site-packages/matplotlib";
  if (::access(matplotlib.c_str(), F_OK) == 0) add_matplotlib(aids, environment_directory);
  return aids;
}

}  // namespace pysandbox::container
