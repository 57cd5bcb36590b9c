#include "oci/known_flaws.hpp"

#include <charconv>
#include <optional>
#include <string_view>
#include <tuple>

namespace pysandbox::oci {
namespace {

using Numbers = std::tuple<int, int, int>;

// The branches on which a flaw was mended, each at its first good release; a later branch is good, an older one is not.
struct Flaw {
  RuntimeKind kind;
  const char* name;
  std::vector<Numbers> mended;
  const char* debian = "";  // the first good Debian revision of a version that is older: "1.1.5+ds1-1+deb12u1"
};

const std::vector<Flaw>& flaws() {
  static const std::vector<Flaw> all = {
      // opencontainers/runc GHSA-xr7r-f8xq-vfvv; Debian's runc 1.1.5+ds1-1+deb12u1 (DSA-5615)
      {RuntimeKind::runc, "CVE-2024-21626", {{1, 1, 12}}, "1.1.5+ds1-1+deb12u1"},
      // opencontainers/runc GHSA-9493-h29p-rfm2, GHSA-qw9x-cqr3-wc7r, GHSA-cgrx-mc8f-2prm
      {RuntimeKind::runc, "CVE-2025-31133, CVE-2025-52565 and CVE-2025-52881", {{1, 2, 8}, {1, 3, 3}, {1, 4, 0}}},
      // containers/crun GHSA-wr4f-w546-m398
      {RuntimeKind::crun, "CVE-2022-27650", {{1, 4, 4}}},
  };
  return all;
}

std::optional<Numbers> numbers_of(std::string_view version) {
  int numbers[3] = {0, 0, 0};
  const char* next = version.data();
  const char* const end = version.data() + version.size();
  for (int i = 0; i < 3; ++i) {
    const auto parsed = std::from_chars(next, end, numbers[i]);
    if (parsed.ec != std::errc()) return std::nullopt;
    next = parsed.ptr;
    if (i < 2 && (next == end || *next++ != '.'))
      return i == 1 ? std::optional(Numbers{numbers[0], numbers[1], 0}) : std::nullopt;
  }
  return Numbers{numbers[0], numbers[1], numbers[2]};
}

bool is_mended(const Flaw& flaw, const Numbers& version) {
  for (const Numbers& mended : flaw.mended) {
    const bool same_branch = std::get<0>(mended) == std::get<0>(version) && std::get<1>(mended) == std::get<1>(version);
    if (same_branch) return version >= mended;
  }
  return version > flaw.mended.back();
}

// "1.1.5+ds1-1+deb12u2" is as good as "...deb12u1": the number at the end counts Debian's repairs.
bool is_mended_by_debian(const Flaw& flaw, std::string_view build) {
  const std::string_view good(flaw.debian);
  const auto digits = [](std::string_view text) { return text.substr(0, text.find_last_not_of("0123456789") + 1); };
  if (good.empty() || digits(build) != digits(good)) return false;
  int own = 0;
  int first = 0;
  const auto read = [&](std::string_view text, int& number) {
    const std::string_view tail = text.substr(digits(text).size());
    std::from_chars(tail.data(), tail.data() + tail.size(), number);
  };
  read(build, own);
  read(good, first);
  return own >= first;
}

bool is_of_a_distribution(const Runtime& runtime) {
  return runtime.version.find_first_of("+~") != std::string::npos || runtime.build.find("deb") != std::string::npos;
}

}  // namespace

std::vector<std::string> known_flaws(const Runtime& runtime) {
  std::vector<std::string> sentences;
  const auto version = numbers_of(runtime.version);
  for (const Flaw& flaw : flaws()) {
    if (flaw.kind != runtime.kind) continue;
    if (version && (is_mended(flaw, *version) || is_mended_by_debian(flaw, runtime.build))) continue;
    std::string sentence = runtime.text() + " is older than the repair of " + flaw.name +
                           ", by which programs have come out of containers; ";
    sentence += is_of_a_distribution(runtime) ? "see whether your distribution has mended it, or take a newer version"
                                              : "take a newer version";
    sentences.push_back(std::move(sentence));
  }
  return sentences;
}

}  // namespace pysandbox::oci
