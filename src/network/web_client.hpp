// make_web_client() with another world than this host's.
#pragma once

#include <memory>

#include <pysandbox/web_client.hpp>

#include "network/transfer.hpp"

namespace pysandbox::network {

std::unique_ptr<WebClient> make_web_client_in(World world, const WebClientOptions& options);

}  // namespace pysandbox::network
