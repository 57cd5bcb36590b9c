// The root that the program sees: a small tmpfs onto which everything else is mounted.
// Only the new mount API is used: sources are descriptors, targets are names that we
// have just made, so there is no path that somebody else could have bent.
#pragma once

namespace pysandbox::container::init {

struct TmpfsOptions {
  unsigned long long bytes;
  unsigned long long inodes;
  const char* mode;
};

void make_mounts_private() noexcept;

// Mounts the new root and enters it as working directory; relative names
// below are names in it.
void make_root() noexcept;

void mount_processes() noexcept;
void make_root_read_only() noexcept;

// Of a tmpfs that is mounted already: all it may hold. Fails if it holds more.
void set_quota(int tmpfs, unsigned long long bytes, unsigned long long inodes) noexcept;

void enter_root() noexcept;

// The tools of the steps.
int new_tmpfs(const TmpfsOptions& options, unsigned attributes) noexcept;       // a detached mount
int clone_tree(int directory, const char* path, bool with_submounts) noexcept;  // -1 with errno
void restrict_tree(int tree, unsigned long long attributes, bool with_submounts) noexcept;
void attach(int tree, const char* target) noexcept;  // closes `tree`
void make_directory(const char* path, unsigned mode) noexcept;
void make_file(const char* path, const char* content, unsigned mode) noexcept;

}  // namespace pysandbox::container::init
