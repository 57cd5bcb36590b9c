// pid 1 of a zygote's container: starts the interpreter, and gives the containers that are forked from it their users.
#pragma once

#include "container/init/program.hpp"

namespace pysandbox::container::init {

// Until the host closes its end. If the interpreter dies earlier, what was forked from it lives on.
[[noreturn]] void keep_zygote(const Received& program, int host) noexcept;

}  // namespace pysandbox::container::init
