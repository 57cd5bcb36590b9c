#include "file/digest.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>

namespace pysandbox {
namespace {

std::string sha256(const std::string& text) {
  Sha256 digest;
  digest.update(std::as_bytes(std::span(text)));
  return digest.hex();
}

// FIPS 180-4, examples of the NIST.
TEST(Sha256, AgreesWithThePublishedExamples) {
  EXPECT_EQ(sha256(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(sha256(std::string(1'000'000, 'a')), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha256, DoesNotCareHowTheBytesAreCut) {
  const std::string text(1'000, 'x');
  const auto bytes = std::as_bytes(std::span(text));
  for (const std::size_t piece :
       {std::size_t{1}, std::size_t{63}, std::size_t{64}, std::size_t{65}, std::size_t{999}}) {
    Sha256 digest;
    for (std::size_t i = 0; i < text.size(); i += piece)
      digest.update(bytes.subspan(i, std::min(piece, bytes.size() - i)));
    EXPECT_EQ(digest.hex(), sha256(text)) << piece;
  }
}

TEST(Sha256, GoesOnAfterItWasAsked) {
  const std::string a = "a";
  const std::string bc = "bc";
  Sha256 digest;
  digest.update(std::as_bytes(std::span(a)));
  EXPECT_EQ(digest.hex(), sha256("a"));
  EXPECT_EQ(digest.hex(), sha256("a"));
  digest.update(std::as_bytes(std::span(bc)));
  EXPECT_EQ(digest.hex(), sha256("abc"));
}

}  // namespace
}  // namespace pysandbox
