// IP addresses and ranges of them.
#pragma once

#include <sys/socket.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace pysandbox::network {

// Four bytes or sixteen, in network order. An IPv4 address that came in its mapped form (::ffff:1.2.3.4) is that IPv4
// address: the kernel sends to the same place.
class IpAddress {
 public:
  // "192.0.2.1" or "2001:db8::1", as inet_pton(3) takes them: no short or octal forms, no zone, no brackets.
  static std::optional<IpAddress> parse(std::string_view text);

  // Nothing for another family.
  static std::optional<IpAddress> of(const sockaddr& address, socklen_t length);

  // The IPv4 address in the four bytes from `offset` on of an IPv6 address.
  IpAddress inner_v4(std::size_t offset) const;

  bool is_v4() const noexcept { return size_ == 4; }
  std::span<const std::uint8_t> bytes() const noexcept { return std::span(bytes_).first(size_); }

  bool operator==(const IpAddress&) const = default;

 private:
  explicit IpAddress(std::span<const std::uint8_t> bytes) noexcept;

  std::array<std::uint8_t, 16> bytes_{};
  std::uint8_t size_ = 4;
};

// All addresses of one family that begin with the same bits.
class AddressRange {
 public:
  AddressRange(const IpAddress& first, unsigned bits) : first_(first), bits_(bits) {}

  // "10.1.2.0/24" or "fd00:1::/64". Nothing if it is no range, or has bits set behind the prefix.
  static std::optional<AddressRange> parse(std::string_view text);

  static AddressRange only(const IpAddress& address);

  bool contains(const IpAddress& address) const noexcept;

 private:
  IpAddress first_;
  unsigned bits_;
};

}  // namespace pysandbox::network
