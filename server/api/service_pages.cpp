// What the service tells about itself.
#include "api/handlers.hpp"

namespace pysandbox::api {

http::Response capabilities(Call& call) { return call.context.operations.capabilities(call.caller); }

http::Response metrics(Call& call) { return call.context.operations.metrics(); }

http::Response health(Call& call) { return call.context.operations.health(); }

http::Response ready(Call& call) { return call.context.operations.ready(); }

http::Response openapi(Call& call) { return call.context.operations.openapi(); }

}  // namespace pysandbox::api
