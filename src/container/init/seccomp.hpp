// Loads the system-call filters that were compiled with this program, and tries them.
#pragma once

namespace pysandbox::container::init {

void load_seccomp() noexcept;

// Makes calls that must be refused now. A filter that lets one through ends the container.
void verify_seccomp() noexcept;

// The same for a zygote, who needs more than a program: it starts containers.
void load_zygote_seccomp() noexcept;
void verify_zygote_seccomp() noexcept;

}  // namespace pysandbox::container::init
