// Which addresses are public: the rule that keeps strangers' URLs out of what only this host or its network can reach.
#pragma once

#include "network/ip_address.hpp"

namespace pysandbox::network {

// Whether it is a unicast address of the whole Internet. An IPv6 address that stands for an IPv4 address (mapped, 6to4,
// NAT64) is what the inner address is.
bool is_public(const IpAddress& address);

// Whether this host has it. A service that is closed to the outside by a firewall is often open from within.
bool is_of_this_host(const IpAddress& address);

}  // namespace pysandbox::network
