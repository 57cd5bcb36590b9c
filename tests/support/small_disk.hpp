// A file system of 64 KiB, to find out what happens when it is full. Only root can mount one.
#pragma once

#include <gtest/gtest.h>
#include <sys/mount.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <system_error>

#include "temporary_directory.hpp"

namespace pysandbox::testing {

class SmallDisk {
 public:
  SmallDisk() : mount_point_(around_ / "disk") {
    std::filesystem::create_directory(mount_point_);
    if (::mount("pysandbox-test", mount_point_.c_str(), "tmpfs", MS_NOSUID | MS_NODEV, "size=64k") == 0) return;
    missing_ = "a small tmpfs cannot be mounted here: " + std::generic_category().message(errno);
  }

  ~SmallDisk() {
    if (missing_.empty()) ::umount2(mount_point_.c_str(), MNT_DETACH);
  }

  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;

  // Why there is none; empty if there is.
  const std::string& missing() const noexcept { return missing_; }

  const std::string& path() const noexcept { return mount_point_; }
  const std::string& directory_around() const noexcept { return around_.path(); }  // on the large disk

  void make_read_only() {
    ASSERT_EQ(::mount("pysandbox-test", mount_point_.c_str(), nullptr, MS_REMOUNT | MS_RDONLY, nullptr), 0);
  }

 private:
  TemporaryDirectory around_;
  std::string mount_point_;
  std::string missing_;
};

}  // namespace pysandbox::testing

// Ends the test if there is no small disk: skipped for a person, failed in CI, where it must run.
#define PYSANDBOX_NEEDS(disk)                                     \
  if (!(disk).missing().empty()) {                                \
    if (std::getenv("CI") != nullptr) FAIL() << (disk).missing(); \
    GTEST_SKIP() << (disk).missing();                             \
  }
