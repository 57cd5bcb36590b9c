#include "job/postgres_url.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "../support/bytes.hpp"

namespace pysandbox::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

TEST(PostgresUrl, ShowsEverythingButThePassword) {
  EXPECT_EQ(PostgresUrl("postgres://u:s3cret@h:5432/d").shown(), "postgres://u:***@h:5432/d");
  EXPECT_EQ(PostgresUrl("postgresql://u:p%40s%2Fs@h1:1,h2:2/d?sslmode=require").shown(),
            "postgresql://u:***@h1:1,h2:2/d?sslmode=require");
  EXPECT_EQ(PostgresUrl("postgresql:///d?host=/tmp&password=s3cret").shown(), "postgresql:///d?host=/tmp");
  EXPECT_EQ(PostgresUrl("host=h password = 'a b\\'c' dbname=d").shown(), "host=h password=*** dbname=d");
  EXPECT_EQ(PostgresUrl("postgres://u@h/d").shown(), "postgres://u@h/d");
}

TEST(PostgresUrl, TakesThePasswordOutOfWhatOthersSay) {
  EXPECT_EQ(PostgresUrl("postgres://u:p%40ss@h/d").without_secrets("no p@ss or p%40ss, no p@ss"),
            "no *** or ***, no ***");
  EXPECT_EQ(PostgresUrl("host=h password='a b'").without_secrets("wrong: a b"), "wrong: ***");
  EXPECT_EQ(PostgresUrl("postgres://u:@h/d").without_secrets("nothing"), "nothing");
}

TEST(PostgresUrl, LetsNothingWaitForEver) {
  EXPECT_THAT(PostgresUrl("postgres://u@h/d").connection_string(),
              StartsWith("postgres://u@h/d?connect_timeout=5&tcp_user_timeout=10000"));
  EXPECT_THAT(PostgresUrl("postgres://u@h/d?a=b").connection_string(),
              StartsWith("postgres://u@h/d?a=b&connect_timeout=5"));
  EXPECT_THAT(PostgresUrl("host=h").connection_string(), StartsWith("host=h connect_timeout=5 tcp_user_timeout=10000"));
}

TEST(PostgresUrl, LeavesTimeoutsThatAreGiven) {
  EXPECT_THAT(PostgresUrl("postgres://h/d?connect_timeout=9").connection_string(), Not(HasSubstr("connect_timeout=5")));
  EXPECT_THAT(PostgresUrl("host=h connect_timeout = 9").connection_string(), Not(HasSubstr("connect_timeout=5")));
}

// libpq would take a part of the password for a host or a port, and show it.
TEST(PostgresUrl, RefusesWhatWouldShowAPasswordInAMessage) {
  for (const char* url :
       {"postgres://u:s3@cret@h/d", "postgres://u:s3/cret@h/d", "postgres://u:s3?cret/@h/d", "postgres://u:s3cret",
        "postgres://u:s3%zzcret@h/d", "postgres://u:s3%2", "host=h password=s3 cret", "password='s3cret", "s3cret",
        "mysql://u:s3cret@h/d", "password", "=s3cret", ""}) {
    EXPECT_EQ(error_of([&] { PostgresUrl{url}; }), ErrorCode::invalid_request) << url;
    EXPECT_THAT(message_of([&] { PostgresUrl{url}; }), Not(HasSubstr("s3"))) << url;
    EXPECT_THAT(message_of([&] { PostgresUrl{url}; }), Not(HasSubstr("cret"))) << url;
  }
  EXPECT_EQ(error_of([&] { PostgresUrl(std::string("postgres://h\0/d", 14)); }), ErrorCode::invalid_request);
}

}  // namespace
}  // namespace pysandbox::testing
