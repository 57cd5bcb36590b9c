#include "docker/libraries.hpp"

namespace pysandbox::docker {

void load_libraries() {}

}  // namespace pysandbox::docker
