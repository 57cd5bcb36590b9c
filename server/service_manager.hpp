// sd_notify(3), without its library.
#pragma once

#include <string_view>

namespace pysandbox::server {

// Sends `state` ("READY=1") to the socket that $NOTIFY_SOCKET names. Nothing happens if there is none: nobody has
// asked.
void tell_service_manager(std::string_view state);

}  // namespace pysandbox::server
