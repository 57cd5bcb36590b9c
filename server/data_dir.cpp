#include "data_dir.hpp"

#include <utility>

#include "private_file.hpp"

namespace pysandbox::server {

DataDir::DataDir(std::string path) : path_(std::move(path)) {
  make_private_directory(path_);
  make_private_directory(spool());
}

}  // namespace pysandbox::server
