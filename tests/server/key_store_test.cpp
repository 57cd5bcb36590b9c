// The keys of callers and the file they lie in.
#include "keys/key_store.hpp"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <fstream>
#include <set>
#include <sstream>
#include <thread>

#include <pysandbox/error.hpp>

#include "keys/key_text.hpp"
#include "private_file.hpp"
#include "support/temporary_directory.hpp"

namespace pysandbox::server {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class KeyStoreTest : public ::testing::Test {
 protected:
  std::string content() const {
    std::ostringstream text;
    text << std::ifstream(path_).rdbuf();
    return text.str();
  }

  testing::TemporaryDirectory directory_;
  std::string path_ = directory_.path() + "/keys";
};

TEST_F(KeyStoreTest, FindsTheKeyThatItMade) {
  KeyStore keys(path_);
  const std::string text = keys.create("ci", {7, 8});
  EXPECT_THAT(text, ::testing::MatchesRegex("psk_[A-Za-z0-9_-]{43}"));
  const auto found = keys.find(text);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->name, "ci");
  EXPECT_EQ(found->limits, (KeyLimits{7, 8}));
  EXPECT_EQ(keys.list(), std::vector<Key>{*found});
}

TEST_F(KeyStoreTest, OpensNothingForAnythingElse) {
  KeyStore keys(path_);
  const std::string text = keys.create("ci", {});
  for (const std::string& wrong : {std::string(), text.substr(1), text + "x", std::string("psk_"),
                                   keys.list().front().sha256, keys.list().front().id, std::string("ci")}) {
    EXPECT_FALSE(keys.find(wrong)) << wrong;
  }
}

TEST_F(KeyStoreTest, KeepsTheHashAloneAndForTheOwnerAlone) {
  const std::string text = KeyStore(path_).create("ci", {});
  EXPECT_THAT(content(), HasSubstr(sha256_hex(text)));
  EXPECT_THAT(content(), Not(HasSubstr(text.substr(4, 12))));
  struct stat status {};
  ASSERT_EQ(::stat(path_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0600U);
}

TEST_F(KeyStoreTest, SeesWhatAnotherProcessChanges) {
  KeyStore server(path_);
  KeyStore command(path_);
  EXPECT_FALSE(server.in_use());
  const std::string text = command.create("ci", {});
  EXPECT_TRUE(server.in_use());
  EXPECT_TRUE(server.find(text));
  EXPECT_TRUE(command.revoke("ci"));
  EXPECT_FALSE(server.find(text));
}

TEST_F(KeyStoreTest, StaysInUseWhenTheLastKeyOrItsFileIsGone) {
  KeyStore keys(path_);
  keys.create("ci", {});
  EXPECT_TRUE(keys.revoke("ci"));
  EXPECT_TRUE(keys.in_use());
  EXPECT_TRUE(KeyStore(path_).in_use());
  ASSERT_EQ(::unlink(path_.c_str()), 0);
  EXPECT_TRUE(keys.in_use());
  EXPECT_FALSE(KeyStore(path_).in_use());
}

TEST_F(KeyStoreTest, RevokesByNameOrIdAndOnlyThatOne) {
  KeyStore keys(path_);
  const std::string a = keys.create("a", {});
  const std::string b = keys.create("b", {});
  EXPECT_TRUE(keys.revoke(keys.find(b)->id));
  EXPECT_TRUE(keys.find(a));
  EXPECT_FALSE(keys.find(b));
  EXPECT_FALSE(keys.revoke("b"));
}

TEST_F(KeyStoreTest, TakesEachNameOnce) {
  KeyStore keys(path_);
  keys.create("a", {});
  EXPECT_THROW(keys.create("a", {}), Error);
  EXPECT_THROW(keys.create(keys.list().front().id, {}), Error);
  for (const char* name : {"", "a b", "a\nb", "a\tb", "#", "\xff"}) EXPECT_THROW(keys.create(name, {}), Error) << name;
  EXPECT_THROW(keys.create(std::string(65, 'a'), {}), Error);
  EXPECT_EQ(keys.list().size(), 1U);
}

TEST_F(KeyStoreTest, LetsNobodyInByAFileThatIsNoneOfKeys) {
  KeyStore keys(path_);
  const std::string text = keys.create("a", {});
  const std::string before = content();
  replace_private_file(path_, before + "garbage\n");
  EXPECT_THROW(keys.find(text), Error);
  EXPECT_THROW(keys.find(text), Error);
  EXPECT_THROW(keys.in_use(), Error);
  EXPECT_THROW(keys.create("b", {}), Error);
  replace_private_file(path_, before);
  EXPECT_TRUE(keys.find(text));
}

TEST_F(KeyStoreTest, LosesNoKeyWhenManyAreMadeAtOnce) {
  constexpr int makers = 8;
  std::vector<std::thread> threads;
  for (int i = 0; i < makers; ++i) {
    threads.emplace_back([&, i] {
      KeyStore keys(path_);
      for (int j = 0; j < 5; ++j) keys.create("k" + std::to_string(i) + "-" + std::to_string(j), {});
      keys.revoke("k" + std::to_string(i) + "-0");
    });
  }
  for (auto& thread : threads) thread.join();
  std::set<std::string> names;
  for (const Key& key : KeyStore(path_).list()) names.insert(key.name);
  EXPECT_EQ(names.size(), 4U * makers);
}

TEST(KeyText, HashesAsEverybodyDoes) {
  // FIPS 180-2, appendix B.1
  EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(KeyText, ComparesWholeTexts) {
  EXPECT_TRUE(equal_in_constant_time("abc", "abc"));
  EXPECT_FALSE(equal_in_constant_time("abc", "abd"));
  EXPECT_FALSE(equal_in_constant_time("abc", "ab"));
  EXPECT_TRUE(equal_in_constant_time("", ""));
}

TEST(PrivateDirectory, IsMadeWithAllAboveItForTheOwnerAlone) {
  const testing::TemporaryDirectory directory;
  const std::string path = directory.path() + "/a/b/c";
  make_private_directory(path);
  make_private_directory(path);
  for (const std::string& made : {directory.path() + "/a", path}) {
    struct stat status {};
    ASSERT_EQ(::stat(made.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777, 0700U);
  }
  std::ofstream(directory.path() + "/file") << "x";
  EXPECT_THROW(make_private_directory(directory.path() + "/file"), Error);
  EXPECT_THROW(make_private_directory(directory.path() + "/file/below"), Error);
}

}  // namespace
}  // namespace pysandbox::server
