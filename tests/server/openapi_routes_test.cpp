// The description of the API against the table of routes. openapi_test.py holds real answers against it.
#include <gmock/gmock.h>
#include <boost/json/parse.hpp>

#include <set>
#include <string>

#include "api/routes.hpp"
#include "openapi_document.hpp"

namespace pysandbox::server {
namespace {

namespace json = boost::json;

std::string lower_case(std::string_view text) {
  std::string lowered(text);
  for (char& letter : lowered) letter = static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
  return lowered;
}

json::object document() {
  const std::string_view text = openapi_document();
  return json::parse({text.data(), text.size()}).as_object();
}

TEST(OpenApi, DescribesExactlyTheRoutesThatThereAre) {
  const json::object all = document();
  std::set<std::string> described;
  for (const auto& [path, operations] : all.at("paths").as_object()) {
    for (const auto& [method, operation] : operations.as_object()) {
      described.insert(std::string(method) + " " + std::string(path));
    }
  }
  std::set<std::string> served;
  for (const api::Route& route : api::routes())
    served.insert(lower_case(route.method) + " " + std::string(route.pattern));
  EXPECT_EQ(described, served);
}

TEST(OpenApi, SaysWhereAKeyIsNeededAndWhereABody) {
  const json::object all = document();
  for (const api::Route& route : api::routes()) {
    const std::string method = lower_case(route.method);
    const auto& operation = all.at("paths").at({route.pattern.data(), route.pattern.size()}).at(method).as_object();
    EXPECT_EQ(operation.contains("requestBody"), route.body != api::RouteBody::none) << route.method << route.pattern;
    EXPECT_EQ(operation.at("responses").as_object().contains("401"), route.key == api::RouteKey::needed)
        << route.method << route.pattern;
  }
}

}  // namespace
}  // namespace pysandbox::server
