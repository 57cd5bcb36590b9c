// How a step of the lock-down fails: it tells the host which and why, and ends the container.
#pragma once

#include <cstdint>

#include "container/launch_plan.hpp"

namespace pysandbox::container::init {

// The step that is being taken; failures are reported under its name.
void begin(Step step) noexcept;

// Reports the current step with `error` and exits.
[[noreturn]] void fail(int error) noexcept;

// Fails with errno if `result` is negative; returns it otherwise.
long require(long result) noexcept;

// True unless a test build was told to leave this layer out.
bool applies(Layer layer) noexcept;

// Takes the set of layers to leave out. Fails in any build but a test's if there is one.
void remove_layers(std::uint32_t layers) noexcept;

}  // namespace pysandbox::container::init
