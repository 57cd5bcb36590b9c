// `pysandbox-server key`.
#pragma once

#include "command_line.hpp"

namespace pysandbox::server {

// They return the exit code. Throw Error for what cannot be done.
int create_key(const CreateKeyCommand& command);
int list_keys(const ListKeysCommand& command);
int revoke_key(const RevokeKeyCommand& command);

}  // namespace pysandbox::server
