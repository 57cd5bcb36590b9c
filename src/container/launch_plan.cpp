#include "container/launch_plan.hpp"

#include <cstring>

namespace pysandbox::container {

bool split_words(const ProgramPlan& plan, std::span<char> words, std::span<char*> slots) noexcept {
  const std::uint64_t count = std::uint64_t{plan.argument_count} + plan.variable_count;
  if (plan.argument_count == 0 || slots.size() != count + 2) return false;
  if (words.empty() || words.back() != '\0') return false;
  std::size_t slot = 0;
  char* word = words.data();
  char* const end = word + words.size();
  for (std::uint64_t i = 0; i < count; ++i) {
    if (word == end) return false;
    if (i == plan.argument_count) slots[slot++] = nullptr;
    slots[slot++] = word;
    word += std::strlen(word) + 1;
  }
  if (plan.variable_count == 0) slots[slot++] = nullptr;
  slots[slot] = nullptr;
  return word == end;
}

}  // namespace pysandbox::container
