// Where things lie in a store of environments, and who may touch them when.
//
//   wheels/<sha256>-<digits of the interpreter>/  unpacked and compiled; there or not, never half
//   built/<key>/                                  a wheel that was built from source, and built.json
//   environments/<digest>/                        links to files of wheels, and environment.json
//   requests/<key>.json                           which lock a request gave
//   names/<curated name>                          the digest it has now
//   interpreters/<key>                            what an interpreter said of itself
//   leases/<digest>                               locked (shared) by whoever uses an environment; changed at its last
//   use locks/<key>                                   locked by whoever makes a set or a wheel; says how far it is
//   cache/                                        of the installers
//   new/<id>/                                     half-made things; new/<id>.lock is locked while their maker lives
#pragma once

#include <string>

#include "packages/file_lock.hpp"

namespace pysandbox::packages {

class StoreLayout {
 public:
  // Makes what is missing. Removes what dead makers left.
  explicit StoreLayout(const std::string& directory);

  const std::string& root() const noexcept { return root_; }
  std::string wheel(const std::string& key) const { return root_ + "/wheels/" + key; }
  std::string wheels() const { return root_ + "/wheels"; }
  std::string built(const std::string& key) const { return root_ + "/built/" + key; }
  std::string builds() const { return root_ + "/built"; }
  std::string environment(const std::string& digest) const { return root_ + "/environments/" + digest; }
  std::string environments() const { return root_ + "/environments"; }
  std::string request(const std::string& key) const { return root_ + "/requests/" + key + ".json"; }
  std::string requests() const { return root_ + "/requests"; }
  std::string names() const { return root_ + "/names"; }
  std::string name(const std::string& curated) const { return names() + "/" + curated; }
  std::string interpreter(const std::string& key) const { return root_ + "/interpreters/" + key; }
  std::string lease(const std::string& digest) const { return root_ + "/leases/" + digest; }
  std::string lock(const std::string& key) const { return root_ + "/locks/" + key; }
  std::string locks() const { return root_ + "/locks"; }
  std::string cache() const { return root_ + "/cache"; }

  // Held (shared) while something is made: what no environment has yet is then not without use.
  std::string making() const { return root_ + "/locks/making"; }

  // A small file appears whole or not at all.
  void write_whole(const std::string& path, const std::string& text) const;

 private:
  friend class WorkPlace;
  void remove_leftovers() const;

  std::string root_;
};

// An empty directory for half-made things, which goes with its owner, however that ends.
class WorkPlace {
 public:
  explicit WorkPlace(const StoreLayout& layout);
  ~WorkPlace();
  WorkPlace(const WorkPlace&) = delete;
  WorkPlace& operator=(const WorkPlace&) = delete;

  const std::string& path() const noexcept { return path_; }
  std::string make_directory(const std::string& name) const;

 private:
  std::string path_;
  FileLock lock_;
};

// Moves a finished directory to its place. False if there is one already.
bool move_into_place(const std::string& from, const std::string& to);

}  // namespace pysandbox::packages
