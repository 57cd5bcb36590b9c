// Answers in JSON.
#pragma once

#include <boost/json/value.hpp>

#include "http/application.hpp"

namespace pysandbox::api {

http::Response json_response(int status, const boost::json::value& value);

}  // namespace pysandbox::api
