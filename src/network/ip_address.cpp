#include "network/ip_address.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <utility>

namespace pysandbox::network {
namespace {

constexpr std::array<std::uint8_t, 12> mapped_prefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};  // RFC 4291, 2.5.5.2

// Whether no bit from `bits` on is set.
bool ends_after(std::span<const std::uint8_t> bytes, unsigned bits) noexcept {
  for (unsigned bit = bits; bit < 8 * bytes.size(); ++bit) {
    if ((bytes[bit / 8] >> (7 - bit % 8) & 1) != 0) return false;
  }
  return true;
}

}  // namespace

IpAddress::IpAddress(std::span<const std::uint8_t> bytes) noexcept : size_(static_cast<std::uint8_t>(bytes.size())) {
  if (bytes.size() == 16 && std::ranges::equal(bytes.first(12), mapped_prefix)) {
    bytes = bytes.subspan(12);
    size_ = 4;
  }
  std::ranges::copy(bytes, bytes_.begin());
}

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
  if (text.find('\0') != std::string_view::npos) return std::nullopt;
  const std::string terminated(text);
  std::array<std::uint8_t, 16> bytes{};
  if (::inet_pton(AF_INET, terminated.c_str(), bytes.data()) == 1) return IpAddress(std::span(bytes).first(4));
  if (::inet_pton(AF_INET6, terminated.c_str(), bytes.data()) == 1) return IpAddress(bytes);
  return std::nullopt;
}

std::optional<IpAddress> IpAddress::of(const sockaddr& address, socklen_t length) {
  std::array<std::uint8_t, 16> bytes{};
  const auto* raw = reinterpret_cast<const char*>(&address);
  if (address.sa_family == AF_INET && length >= sizeof(sockaddr_in)) {
    std::memcpy(bytes.data(), raw + offsetof(sockaddr_in, sin_addr), 4);
    return IpAddress(std::span(bytes).first(4));
  }
  if (address.sa_family == AF_INET6 && length >= sizeof(sockaddr_in6)) {
    std::memcpy(bytes.data(), raw + offsetof(sockaddr_in6, sin6_addr), 16);
    return IpAddress(bytes);
  }
  return std::nullopt;
}

IpAddress IpAddress::inner_v4(std::size_t offset) const { return IpAddress(std::span(bytes_).subspan(offset, 4)); }

std::optional<AddressRange> AddressRange::parse(std::string_view text) {
  const auto slash = text.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const auto first = IpAddress::parse(text.substr(0, slash));
  const std::string_view digits = text.substr(slash + 1);
  unsigned bits = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), bits);
  if (!first || error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  if (bits > 8 * first->bytes().size() || !ends_after(first->bytes(), bits)) return std::nullopt;
  return AddressRange(*first, bits);
}

AddressRange AddressRange::only(const IpAddress& address) {
  return {address, static_cast<unsigned>(8 * address.bytes().size())};
}

bool AddressRange::contains(const IpAddress& address) const noexcept {
  if (address.is_v4() != first_.is_v4()) return false;
  const auto [whole, rest] = std::pair(bits_ / 8, bits_ % 8);
  const auto theirs = address.bytes();
  const auto ours = first_.bytes();
  if (!std::equal(ours.begin(), ours.begin() + whole, theirs.begin())) return false;
  return rest == 0 || (theirs[whole] ^ ours[whole]) >> (8 - rest) == 0;
}

}  // namespace pysandbox::network
