// What belongs to one caller is not there for another.
#include <boost/json/array.hpp>

#include <gtest/gtest.h>

#include <string>

#include "api/routes.hpp"
#include "api_fixture.hpp"

namespace pysandbox::testing {
namespace {

class Owners : public ApiTest {
 protected:
  Owners() {
    start_idle();
    job = submit();
    finish(job, {.outcome = Outcome::ok}, {{"a.txt", "a"}});
    artifact = get("/api/jobs/" + job + "/files").text("/files/0/id");
    file = upload("u.txt", "u");
  }

  // The route's path with ids of Alice's.
  std::string target_of(const api::Route& route) {
    std::string target(route.pattern);
    const bool is_jobs = target.find("{job_id}") != std::string::npos;
    if (is_jobs) target.replace(target.find("{job_id}"), 8, job);
    if (const auto at = target.find("{file_id}"); at != std::string::npos)
      target.replace(at, 9, is_jobs ? artifact : file);
    return target;
  }

  std::string job, artifact, file;
};

TEST_F(Owners, AreTheOnlyOnesForWhomIdsAreThere) {
  for (const api::Route& route : api::routes()) {
    if (route.pattern.find('{') == std::string_view::npos) continue;
    for (const std::string stranger : {"bob", "", "Alice", "alice "}) {
      const Answer answer = ask({.method = std::string(route.method), .target = target_of(route), .caller = stranger});
      EXPECT_EQ(answer.status, 404) << route.method << ' ' << route.pattern << " for " << stranger;
      EXPECT_EQ(answer.code(), "not_found");
    }
  }
  // Nothing of it did anything, and the owner finds it all.
  for (const api::Route& route : api::routes()) {
    if (route.pattern.find('{') == std::string_view::npos || route.method != "GET") continue;
    EXPECT_EQ(respond({.target = target_of(route)}).status, 200) << route.pattern;
  }
}

TEST_F(Owners, GetTheSameAnswerForAForeignIdAsForNone) {
  const std::string none = "f7e05f2b-2342-4c9f-8142-b9f927e54c3a";
  EXPECT_EQ(get("/api/jobs/" + job, "bob").body, get("/api/jobs/" + none, "bob").body);
  EXPECT_EQ(get("/api/files/" + file, "bob").body, get("/api/files/" + none, "bob").body);
}

TEST_F(Owners, SeeOnlyTheirsInLists) {
  EXPECT_EQ(get("/api/jobs").at("/jobs").as_array().size(), 1U);
  EXPECT_EQ(get("/api/jobs", "bob").at("/jobs").as_array().size(), 0U);
  EXPECT_EQ(get("/api/jobs", "").at("/jobs").as_array().size(), 0U);
}

TEST_F(Owners, DoNotReachTheArtifactsOfOthersAsUploads) {
  EXPECT_EQ(get("/api/files/" + artifact, "bob").status, 404);
  EXPECT_EQ(
      post_job(R"({"code": "pass", "files": [{"path": "x", "file_id": ")" + artifact + R"("}]})", {}, "bob").status,
      400);
}

}  // namespace
}  // namespace pysandbox::testing
