// Flags, variables and the configuration file, as an operator gives them.
#include <gmock/gmock.h>

#include <cstdlib>
#include <fstream>
#include <map>
#include <sstream>

#include <pysandbox/error.hpp>

#include "command_line.hpp"
#include "settings/config_file.hpp"
#include "settings/database_url.hpp"
#include "settings/setting_table.hpp"
#include "support/temporary_directory.hpp"

namespace pysandbox::server {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

// The variables of a test, taken back at its end. HOME is there, as for most people.
class SettingsTest : public ::testing::Test {
 protected:
  SettingsTest() {
    for (const Setting& setting : setting_table()) ::unsetenv(variable_of(setting).c_str());
    for (const char* name : {"DATABASE_URL", "PYSANDBOX_CONFIG", "XDG_DATA_HOME"}) ::unsetenv(name);
    set("HOME", "/home/somebody");
  }

  ~SettingsTest() override {
    for (const auto& [name, before] : before_) {
      if (before.empty()) {
        ::unsetenv(name.c_str());
      } else {
        ::setenv(name.c_str(), before.c_str(), 1);
      }
    }
  }

  void set(const std::string& name, const std::string& value) {
    const char* now = std::getenv(name.c_str());
    before_.try_emplace(name, now != nullptr ? now : "");
    ::setenv(name.c_str(), value.c_str(), 1);
  }

  static Command parse(std::vector<std::string> words) {
    std::vector<const char*> argv{"pysandbox-server"};
    for (const auto& word : words) argv.push_back(word.c_str());
    return parse_command_line(static_cast<int>(argv.size()), argv.data());
  }

  static Settings settings(const std::vector<std::string>& words) {
    const Command command = parse(words);
    if (const auto* message = std::get_if<Message>(&command)) ADD_FAILURE() << message->text;
    const auto* serve = std::get_if<ServeCommand>(&command);
    return serve != nullptr ? serve->settings : Settings{};
  }

  // The one line that says why `words` make no sense.
  static std::string complaint(const std::vector<std::string>& words) {
    const Command command = parse(words);
    const auto* message = std::get_if<Message>(&command);
    if (message == nullptr) return "(it makes sense)";
    EXPECT_EQ(message->exit_code, 2);
    EXPECT_THAT(message->text, AllOf(StartsWith("pysandbox-server: "), EndsWith("\n")));
    EXPECT_EQ(std::count(message->text.begin(), message->text.end(), '\n'), 1) << message->text;
    return message->text;
  }

  std::string write(const std::string& name, const std::string& content) const {
    const std::string path = directory_.path() + "/" + name;
    std::ofstream(path) << content;
    return path;
  }

 private:
  testing::TemporaryDirectory directory_;
  std::map<std::string, std::string> before_;
};

TEST_F(SettingsTest, ServeLoopbackWithoutAnyArgument) {
  const Settings it = settings({});
  EXPECT_EQ(to_string(it.listen), "127.0.0.1:3004");
  EXPECT_EQ(it.data_dir, "/home/somebody/.local/share/pysandbox");
  EXPECT_EQ(it.database_url, "");
  EXPECT_EQ(it.workers, 0U);
}

TEST_F(SettingsTest, KeepDataWhereTheDesktopKeepsIt) {
  set("XDG_DATA_HOME", "/x/data");
  EXPECT_EQ(settings({}).data_dir, "/x/data/pysandbox");
  set("XDG_DATA_HOME", "relative");  // is to be ignored
  EXPECT_EQ(settings({}).data_dir, "/home/somebody/.local/share/pysandbox");
}

TEST_F(SettingsTest, PreferFlagsToVariablesToTheFileToDefaults) {
  const std::string config = write("c.toml", "workers = 1\nlease = 31\nmax-attempts = 7\n");
  set("PYSANDBOX_WORKERS", "2");
  set("PYSANDBOX_LEASE", "32");
  const Settings it = settings({"--config", config, "--workers", "3"});
  EXPECT_EQ(it.workers, 3U);
  EXPECT_EQ(it.lease, std::chrono::seconds(32));
  EXPECT_EQ(it.max_attempts, 7U);
  EXPECT_EQ(it.drain_time, std::chrono::seconds(30));
}

TEST_F(SettingsTest, TakeTheFileFromAVariableToo) {
  set("PYSANDBOX_CONFIG", write("c.toml", "workers = 5\n"));
  EXPECT_EQ(settings({}).workers, 5U);
}

TEST_F(SettingsTest, ReplaceAListAsAWhole) {
  const std::string config = write("c.toml", "allow-host = [\"file.example.org\", \"other.example.org\"]\n");
  EXPECT_THAT(settings({"--config", config}).allow_hosts, ElementsAre("file.example.org", "other.example.org"));
  set("PYSANDBOX_ALLOW_HOST", "a.example.org,b.example.org");
  EXPECT_THAT(settings({"--config", config}).allow_hosts, ElementsAre("a.example.org", "b.example.org"));
  EXPECT_THAT(settings({"--config", config, "--allow-host", "x", "--allow-host", "y"}).allow_hosts,
              ElementsAre("x", "y"));
}

TEST_F(SettingsTest, TakeTheLastOfAFlagThatIsRepeated) {
  EXPECT_EQ(settings({"--workers", "3", "--workers", "4"}).workers, 4U);
}

TEST_F(SettingsTest, TakeAVariableThatIsEmptyForNone) {
  set("PYSANDBOX_WORKERS", "");
  EXPECT_EQ(settings({}).workers, 0U);
}

TEST_F(SettingsTest, TakeTheDatabaseUnderTheNameThatHostersUse) {
  set("DATABASE_URL", "postgres://a@b/c");
  EXPECT_EQ(settings({}).database_url, "postgres://a@b/c");
  set("PYSANDBOX_DATABASE_URL", "sqlite:/x");
  EXPECT_EQ(settings({}).database_url, "sqlite:/x");
}

TEST_F(SettingsTest, TakeFlagsAsTruthValuesOfVariablesAndFiles) {
  EXPECT_EQ(settings({"--insecure-no-key"}).no_key, NoKey::anywhere);
  set("PYSANDBOX_INSECURE_NO_KEY", "1");
  EXPECT_EQ(settings({}).no_key, NoKey::anywhere);
  set("PYSANDBOX_INSECURE_NO_KEY", "no");
  EXPECT_EQ(settings({}).no_key, NoKey::on_loopback);
  set("PYSANDBOX_INSECURE_NO_KEY", "perhaps");
  EXPECT_THAT(complaint({}), HasSubstr("PYSANDBOX_INSECURE_NO_KEY takes true or false, not \"perhaps\""));
}

TEST_F(SettingsTest, KnowAddressesOfBothKinds) {
  EXPECT_EQ(settings({"--listen", "[::1]:80"}).listen, (ListenAddress{"::1", 80}));
  EXPECT_EQ(settings({"--listen", "localhost:0"}).listen, (ListenAddress{"127.0.0.1", 0}));
  EXPECT_TRUE(is_loopback({"127.8.9.1", 1}));
  EXPECT_TRUE(is_loopback({"::1", 1}));
  EXPECT_FALSE(is_loopback({"0.0.0.0", 1}));
  EXPECT_FALSE(is_loopback({"::", 1}));
  EXPECT_FALSE(is_loopback({"192.168.1.1", 1}));
}

TEST_F(SettingsTest, UnderstandSuffixesOfBytes) {
  EXPECT_EQ(settings({"--max-body-bytes", "2M"}).max_body_bytes, 2U << 20);
  EXPECT_EQ(settings({"--storage-quota-bytes", "3G"}).storage_quota_bytes, 3ULL << 30);
}

TEST_F(SettingsTest, RefuseWhatMakesNoSenseInOneLine) {
  const std::vector<std::pair<std::vector<std::string>, const char*>> cases{
      {{"--listen", "3004"}, "--listen takes ADDRESS:PORT"},
      {{"--listen", "example.org:80"}, "--listen takes ADDRESS:PORT"},
      {{"--listen", "::1:80"}, "--listen takes ADDRESS:PORT"},
      {{"--listen", "[127.0.0.1]:80"}, "--listen takes ADDRESS:PORT"},
      {{"--listen", "127.0.0.1:65536"}, "--listen takes a whole number from 0 to 65535"},
      {{"--workers", "many"}, "--workers takes a whole number from 0 to 4096, not \"many\""},
      {{"--workers", "-1"}, "--workers"},
      {{"--lease", "0"}, "--lease takes a number of seconds from 3 to 3600"},
      {{"--lease", "nan"}, "--lease"},
      {{"--max-body-bytes", "99999999999999999999"}, "--max-body-bytes"},
      {{"--max-body-bytes", "1T"}, "--max-body-bytes"},
      {{"--storage-quota-bytes", "18446744073709551615G"}, "--storage-quota-bytes"},
      {{"--database-url", "mysql://a:secret@b"}, "--database-url takes sqlite:PATH, postgres://"},
      {{"--database-url", "sqlite:"}, "--database-url"},
      {{"--allow-host", "a b"}, "--allow-host"},
      {{"--allow-origin", "example.org"}, "--allow-origin takes an origin"},
      {{"--allow-origin", "https://example.org/"}, "--allow-origin takes an origin"},
      {{"--allow-origin", "null"}, "--allow-origin takes an origin"},
      {{"--max-limit", "memory_bytes"}, "--max-limit takes NAME=VALUE"},
      {{"--max-limit", "memory=1"}, "--max-limit"},
      {{"--max-limit", "memory_bytes=1"}, "--max-limit"},
      {{"--default-limit", "cpu_time_limit=3"}, "--default-limit cannot set cpu_time_limit"},
      {{"--max-limit", "time_limit=10", "--default-limit", "time_limit=20"}, "is more than --max-limit"},
      {{"--log-level", "loud"}, "--log-level takes one of debug, info, warning, error"},
      {{"--callback-secret", "***"}, "masked"},
      {{"--pool-preload", "numpy pandas"}, "--pool-preload takes the name of a package's module"},
      {{"--callback-secret", "x", "--callback-secret-file", "/y"}, "not both"},
      {{"--callback-secret-file", "/does/not/exist"}, "does not exist"},
      {{"--config", "/does/not/exist"}, "there is no file /does/not/exist"},
      {{"--unheard-of"}, "--unheard-of"},
      {{"stray"}, "stray"},
      {{"key"}, "subcommand"},
      {{"key", "create"}, "--name"},
      {{"key", "create", "--name", "a", "--rate", "0"}, "--rate"},
  };
  for (const auto& [words, part] : cases)
    EXPECT_THAT(complaint(words), HasSubstr(part)) << ::testing::PrintToString(words);
  EXPECT_THAT(complaint({"--database-url", "mysql://a:secret@b"}), Not(HasSubstr("secret")));
}

TEST_F(SettingsTest, SayWhichLineOfTheFileMakesNoSense) {
  EXPECT_THAT(complaint({"--config", write("a", "\n# x\nworkers = many\n")}),
              HasSubstr("/a, line 3: workers takes a whole"));
  EXPECT_THAT(complaint({"--config", write("b", "worker = 1\n")}), HasSubstr("line 1: there is no setting \"worker\""));
  EXPECT_THAT(complaint({"--config", write("c", "workers = [1, 2]\n")}), HasSubstr("takes one value"));
  EXPECT_THAT(complaint({"--config", write("d", "workers = 1\nworkers = 2\n")}),
              HasSubstr("line 2: workers is set a second"));
  EXPECT_THAT(complaint({"--config", write("e", "config = \"x\"\n")}), HasSubstr("there is no setting \"config\""));
}

TEST_F(SettingsTest, LowerDefaultsToAMaximum) {
  const JobLimits limits = limits_of(settings({"--max-limit", "time_limit=10", "--default-limit", "memory_bytes=64M"}));
  EXPECT_EQ(limits.maxima.time_limit, std::chrono::seconds(10));
  EXPECT_EQ(limits.defaults.time_limit, std::chrono::seconds(10));
  EXPECT_EQ(limits.defaults.memory_bytes, 64U << 20);
  EXPECT_GT(limits.maxima.memory_bytes, 64U << 20);
}

TEST_F(SettingsTest, BoundNewKeysAlwaysAndLocalCallersOnlyIfAsked) {
  EXPECT_EQ(key_limits_of(settings({})), (KeyLimits{600, 100}));
  EXPECT_EQ(limits_without_key_of(settings({})), (KeyLimits{0, 0}));
  EXPECT_EQ(key_limits_of(settings({"--rate", "5", "--max-active", "6"})), (KeyLimits{5, 6}));
  EXPECT_EQ(limits_without_key_of(settings({"--rate", "5", "--max-active", "6"})), (KeyLimits{5, 6}));
}

TEST_F(SettingsTest, ReadTheCallbackSecretOutOfItsFile) {
  EXPECT_EQ(callback_secret_of(settings({"--callback-secret-file", write("s", "whsec_abc\n")})), "whsec_abc");
  EXPECT_THAT(complaint({"--callback-secret-file", write("empty", " \n")}), HasSubstr("does not exist or is empty"));
}

TEST_F(SettingsTest, PrintAFileThatSaysTheSameAgain) {
  const std::vector<std::string> words{"--listen",
                                       "[::1]:8080",
                                       "--workers",
                                       "3",
                                       "--lease",
                                       "4.5",
                                       "--data-dir",
                                       "/a \"b\\c#d",
                                       "--allow-host",
                                       "x",
                                       "--allow-host",
                                       "y:1",
                                       "--insecure-no-key",
                                       "--max-limit",
                                       "memory_bytes=1G",
                                       "--log-format",
                                       "json",
                                       "--allow-address",
                                       "10.0.0.0/8"};
  const std::string printed = to_config(settings(words));
  const Settings again = settings({"--config", write("printed", printed)});
  EXPECT_EQ(to_config(again), printed);
  EXPECT_EQ(again.data_dir, "/a \"b\\c#d");
  EXPECT_EQ(again.lease, std::chrono::milliseconds(4500));
  EXPECT_THAT(again.allow_hosts, ElementsAre("x", "y:1"));
  EXPECT_EQ(again.no_key, NoKey::anywhere);
}

TEST_F(SettingsTest, PrintEverySetting) {
  const std::string printed = to_config(settings({}));
  for (const Setting& setting : setting_table())
    EXPECT_THAT(printed, HasSubstr("\n" + std::string(setting.name) + " = "));
}

TEST_F(SettingsTest, MaskSecretsAndRefuseTheMask) {
  const std::string printed =
      to_config(settings({"--database-url", "postgres://u:hunter2@h/d", "--callback-secret", "swordfish"}));
  EXPECT_THAT(printed,
              AllOf(Not(HasSubstr("hunter2")), Not(HasSubstr("swordfish")), HasSubstr("postgres://u:***@h/d")));
  const std::string config = write("printed", printed);
  EXPECT_THAT(complaint({"--config", config}), HasSubstr("database-url has its password masked"));
  EXPECT_THAT(complaint({"--config", config, "--database-url", "sqlite:/x"}), HasSubstr("callback-secret is masked"));
  EXPECT_EQ(settings({"--config", config, "--database-url", "sqlite:/x", "--callback-secret", "s"}).callback_secret,
            "s");
}

TEST_F(SettingsTest, TellHelpAndVersionWithoutLookingAtTheRest) {
  set("PYSANDBOX_WORKERS", "many");
  const auto help = std::get<Message>(parse({"--help"}));
  EXPECT_EQ(help.exit_code, 0);
  for (const Setting& setting : setting_table()) EXPECT_THAT(help.text, HasSubstr("--" + std::string(setting.name)));
  EXPECT_THAT(std::get<Message>(parse({"--version"})).text, StartsWith("pysandbox-server "));
}

TEST_F(SettingsTest, NameKeysAndWhereTheyLie) {
  const auto create = std::get<CreateKeyCommand>(
      parse({"key", "create", "--name", "ci", "--rate", "7", "--max-jobs", "8", "--data-dir", "/d"}));
  EXPECT_EQ(create.name, "ci");
  EXPECT_EQ(create.data_dir, "/d");
  EXPECT_EQ(create.limits, (KeyLimits{7, 8}));
  EXPECT_EQ(std::get<CreateKeyCommand>(parse({"--data-dir", "/e", "key", "create", "--name", "x"})).data_dir, "/e");
  EXPECT_EQ(std::get<CreateKeyCommand>(parse({"key", "create", "--name", "x"})).limits, (KeyLimits{600, 100}));
  set("PYSANDBOX_DATA_DIR", "/f");
  EXPECT_EQ(std::get<ListKeysCommand>(parse({"key", "list"})).data_dir, "/f");
  EXPECT_EQ(std::get<RevokeKeyCommand>(parse({"key", "revoke", "ci"})).name_or_id, "ci");
}

std::vector<ConfigEntry> entries(const std::string& text) { return parse_config(text); }

TEST(ConfigFile, ReadsTomlAndIniAlike) {
  EXPECT_EQ(entries("# x\n; y\n\na = \"b c\" # d\r\ne=f\n  g  =  1.5 ; h\ni = true"),
            (std::vector<ConfigEntry>{{"a", {"b c"}, 4}, {"e", {"f"}, 5}, {"g", {"1.5"}, 6}, {"i", {"true"}, 7}}));
  EXPECT_EQ(entries("a = 'b\\c'\nb = \"d\\\"e\\\\f\"\nc = \"\""),
            (std::vector<ConfigEntry>{{"a", {"b\\c"}, 1}, {"b", {"d\"e\\f"}, 2}, {"c", {""}, 3}}));
  EXPECT_EQ(entries("a = [\"b\", 'c', d]\ne = []\nf = [\n  \"g\", # h\n  \"i\",\n]\nj = k"),
            (std::vector<ConfigEntry>{{"a", {"b", "c", "d"}, 1}, {"e", {}, 2}, {"f", {"g", "i"}, 3}, {"j", {"k"}, 7}}));
  EXPECT_THAT(entries(""), IsEmpty());
}

TEST(ConfigFile, KeepsWhatOtherReadersCut) {
  EXPECT_EQ(entries("a = \"p#q,r;s=t\"\n").front().values, std::vector<std::string>{"p#q,r;s=t"});
}

TEST(ConfigFile, RefusesWhatItDoesNotUnderstand) {
  for (const char* text :
       {"[section]\na = 1", "a", "a =", "= 1", "a = b c", "a = \"b", "a = \"b\nc\"", "a = \"b\" c", "a = [1, 2",
        "a = [1 2]", "a = [", "a = 'b", "a = {b = 1}x y", "a b = 1", "a = \"b\\", "a = ]", "a = 1\na = 2"}) {
    EXPECT_THROW(entries(text), Error) << text;
  }
  EXPECT_THROW(entries(std::string("a = 1\0", 6)), Error);
}

TEST(ConfigFile, QuotesWhatItReads) {
  for (const char* text : {"", "a", "a b", "\"", "\\", "\\\"", "#;=,[]", "grün"}) {
    EXPECT_EQ(entries("a = " + quote_config_value(text)).front().values, std::vector<std::string>{text});
  }
}

TEST(DatabaseUrl, NeverShowsAPassword) {
  EXPECT_EQ(masked_database_url("postgres://u:p@h:1/d"), "postgres://u:***@h:1/d");
  EXPECT_EQ(masked_database_url("postgres://u:p@q@h/d"), "postgres://u:***@h/d");
  EXPECT_EQ(masked_database_url("postgres://u:p/q@h/d"), "postgres://u:***@h/d");
  EXPECT_EQ(masked_database_url("postgresql://h/d?user=u&password=p&sslmode=x"),
            "postgresql://h/d?user=u&password=***&sslmode=x");
  EXPECT_EQ(masked_database_url("postgresql://h/d?sslpassword=p"), "postgresql://h/d?sslpassword=***");
  EXPECT_EQ(masked_database_url("postgres://u@h/d"), "postgres://u@h/d");
  EXPECT_EQ(masked_database_url("postgres://h/d"), "postgres://h/d");
  EXPECT_EQ(masked_database_url("sqlite:/a:b@c"), "sqlite:/a:b@c");
}

TEST(DatabaseUrl, KnowsWhereSqliteLies) {
  EXPECT_EQ(database_kind(""), DatabaseKind::sqlite);
  EXPECT_EQ(sqlite_path("", "/default"), "/default");
  EXPECT_EQ(sqlite_path("sqlite:/x/y", "/default"), "/x/y");
  EXPECT_EQ(database_kind("postgresql://h"), DatabaseKind::postgres);
}

}  // namespace
}  // namespace pysandbox::server
