#include "oci/root_layout.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "support/syscall.hpp"

namespace pysandbox::oci {
namespace {

namespace fs = std::filesystem;

constexpr const char* host_names[] = {"usr", "bin", "sbin", "lib", "lib32", "lib64", "libx32"};
constexpr const char* host_etc_names[] = {"ld.so.cache", "alternatives", "localtime", "fonts", "mime.types"};
constexpr const char* replaced_names[] = {"dev", "proc", "sys", "run", "tmp", "data", "workspace", "environment"};

// What is mounted upon in every container.
constexpr const char* own_directories[] = {"dev", "proc", "tmp", "data", "workspace", "run", "run/pysandbox"};
constexpr const char* own_files[] = {"run/pysandbox/report", "run/pysandbox/steward"};

void make_directory(const fs::path& path) { check(::mkdir(path.c_str(), 0755), "making " + path.string()); }

void make_file(const fs::path& path, const std::string& content) {
  const UniqueFd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644));
  check(file.get(), "making " + path.string());
  if (!write_all(file.get(), content)) check(-1, "writing " + path.string());
}

void add(const fs::path& source, const fs::path& root, const std::string& name, std::vector<Shown>& shown) {
  std::error_code none;
  const fs::file_status status = fs::symlink_status(source, none);
  if (!fs::exists(status)) return;
  if (fs::is_symlink(status)) {
    fs::create_symlink(fs::read_symlink(source), root / name);
    return;
  }
  if (fs::is_directory(status)) {
    make_directory(root / name);
  } else {
    make_file(root / name, "");
  }
  shown.push_back({source, "/" + name});
}

void add_host(const fs::path& root, std::vector<Shown>& shown) {
  for (const char* name : host_names) add(fs::path("/") / name, root, name, shown);
  make_directory(root / "etc");
  for (const char* name : host_etc_names) add(fs::path("/etc") / name, root, std::string("etc/") + name, shown);
  make_file(root / "etc/passwd", "sandbox:x:1000:1000:sandbox:/workspace:/usr/sbin/nologin\n");
  make_file(root / "etc/group", "sandbox:x:1000:\n");
  make_file(root / "etc/hosts", "127.0.0.1 localhost sandbox\n::1 localhost\n");
  make_file(root / "etc/hostname", "sandbox\n");
  make_file(root / "etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files\n");
}

bool is_replaced(const std::string& name) {
  return std::find(std::begin(replaced_names), std::end(replaced_names), name) != std::end(replaced_names);
}

void add_rootfs(const fs::path& rootfs, const fs::path& root, std::vector<Shown>& shown) {
  for (const auto& entry : fs::directory_iterator(rootfs)) {
    const std::string name = entry.path().filename();
    if (!is_replaced(name)) add(entry.path(), root, name, shown);
  }
}

}  // namespace

std::vector<Shown> lay_out_root(const std::string& root, const std::string& rootfs) {
  std::vector<Shown> shown;
  try {
    if (rootfs.empty()) {
      add_host(root, shown);
    } else {
      add_rootfs(rootfs, root, shown);
    }
  } catch (const fs::filesystem_error& error) {
    throw Error(ErrorCode::sandbox_unavailable,
                "a container's root cannot be made: " + std::string(error.what()) + "; see that rootfs can be read");
  }
  for (const char* name : own_directories) make_directory(fs::path(root) / name);
  for (const char* name : own_files) make_file(fs::path(root) / name, "");
  make_directory(fs::path(root) / "dev/shm");
  return shown;
}

}  // namespace pysandbox::oci
