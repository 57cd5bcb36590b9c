// What an action is refused with.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include <pysandbox/error.hpp>

namespace pysandbox::testing {

// The sentence; empty, and a failure of the test, if it is not refused.
template <typename Action>
std::string refusal_of(ErrorCode code, Action&& action) {
  try {
    action();
  } catch (const Error& error) {
    EXPECT_EQ(to_string(error.code()), to_string(code)) << error.what();
    return error.what();
  }
  ADD_FAILURE() << "it was taken";
  return "";
}

}  // namespace pysandbox::testing
