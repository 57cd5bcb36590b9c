// What the program sees of a system: the host's /usr or a given root file
// system, read-only, and an /etc without secrets.
#pragma once

#include "container/launch_plan.hpp"

namespace pysandbox::container::init {

inline constexpr int maximum_sources = 64;

// Detached copies of host trees, opened while the host's names still mean what the
// host means by them.
struct SystemSources {
  struct Tree {
    char name[256];  // below the new root; "" is the end
    int tree;        // -1: a symbolic link
    char link[512];
    bool directory;
  };
  Tree trees[maximum_sources];
  int count;
  int devices[5];            // in the order of device_nodes
  int user_namespace_limit;  // the sysctl file that is closed to the container later; -1: none
  int namespace_limits;      // a zygote's: a tree of the directory that it lies in; -1: none
};

SystemSources open_sources(const ContainerPlan& plan) noexcept;

void mount_system_files(const SystemSources& sources, const char* rootfs) noexcept;

// In a zygote's container, for those that are forked from it: its /proc has no /proc/sys.
void mount_namespace_limits(const SystemSources& sources) noexcept;

}  // namespace pysandbox::container::init
