#include "container/capped_output.hpp"

#include <gtest/gtest.h>

namespace pysandbox::container {
namespace {

std::string keep(std::uint64_t limit, const std::vector<std::string>& parts, const OutputSink& sink = {}) {
  CappedOutput output(Stream::stdout_stream, limit, sink);
  for (const auto& part : parts) output.add(part);
  return output.finish();
}

TEST(CappedOutput, KeepsWhatFitsUnchanged) {
  EXPECT_EQ(keep(10, {"01234", "56789"}), "0123456789");
  EXPECT_EQ(keep(10, {}), "");
}

TEST(CappedOutput, LeavesTheMiddleOutBeyondTheLimit) {
  EXPECT_EQ(keep(4, {"abcdefgh"}), "ab\n... [pysandbox left out 4 bytes here] ...\ngh");
  EXPECT_EQ(keep(4, {"a", "b", "c", "d", "e", "f", "g", "h"}), "ab\n... [pysandbox left out 4 bytes here] ...\ngh");
}

TEST(CappedOutput, KeepsNothingAtALimitOfZeroButSaysSo) {
  EXPECT_EQ(keep(0, {"abc"}), "\n... [pysandbox left out 3 bytes here] ...\n");
}

TEST(CappedOutput, CutsNoCharacterInTwo) {
  const std::string kept = keep(7, {"aaa\u00e9bbbbbb\u00e9cc"});
  EXPECT_TRUE(kept.starts_with("aaa\n")) << kept;
  EXPECT_TRUE(kept.ends_with("...\ncc")) << kept;
}

TEST(CappedOutput, SendsTheSinkExactlyWhatItKeeps) {
  for (const std::uint64_t limit : {0, 1, 5, 8, 100}) {
    std::string sent;
    const auto kept =
        keep(limit, {"abc\u00e9", "defgh", "ij\u00e9"}, [&](Stream, std::string_view text) { sent += text; });
    EXPECT_EQ(sent, kept) << limit;
  }
}

TEST(CappedOutput, UsesMemoryByItsLimitNotByWhatIsPrinted) {
  CappedOutput output(Stream::stdout_stream, 1000, {});
  const std::string block(65536, 'x');
  for (int i = 0; i < 1000; ++i) output.add(block);
  EXPECT_EQ(output.total(), 65'536'000u);
  EXPECT_LT(output.finish().capacity(), 10'000u);
}

}  // namespace
}  // namespace pysandbox::container
