#include "throwaway_postgres.hpp"

#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <system_error>
#include <thread>

namespace pysandbox::testing {
namespace {

// Debian keeps the programs of a server out of PATH.
std::string program(const std::string& name) {
  std::error_code ignored;
  std::string newest;
  for (const auto& version : std::filesystem::directory_iterator("/usr/lib/postgresql", ignored)) {
    const std::string path = version.path() / "bin" / name;
    if (::access(path.c_str(), X_OK) == 0 && path > newest) newest = path;
  }
  return newest;
}

// Looked up once: getpwnam(3) gives all threads one place.
const passwd* server_user() {
  static const passwd* const user = []() -> const passwd* {
    if (::geteuid() != 0) return nullptr;
    const passwd* found = ::getpwnam("postgres");
    return found != nullptr ? found : ::getpwnam("nobody");
  }();
  return user;
}

std::string text_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

// Starts a program as the server's user; what it prints goes to the file `log`.
pid_t start_program(const std::vector<std::string>& command, const std::string& log) {
  std::vector<char*> words;
  for (const std::string& word : command) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  const passwd* user = server_user();
  const pid_t pid = ::fork();
  if (pid < 0) throw std::system_error(errno, std::generic_category(), "fork");
  if (pid > 0) return pid;
  const int output = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  const int nothing = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  ::dup2(nothing, STDIN_FILENO);
  ::dup2(output, STDOUT_FILENO);
  ::dup2(output, STDERR_FILENO);
  if (user != nullptr && (::setgid(user->pw_gid) != 0 || ::setuid(user->pw_uid) != 0)) ::_exit(126);
  ::prctl(PR_SET_PDEATHSIG, SIGQUIT);
  ::signal(SIGPIPE, SIG_DFL);
  if (::chdir("/") == 0) ::execv(words[0], words.data());
  ::_exit(127);
}

int wait_for(pid_t pid) {
  int status = -1;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return status;
}

}  // namespace

std::string ThrowawayPostgres::missing() {
  for (const char* name : {"initdb", "postgres", "psql"}) {
    if (program(name).empty()) return std::string("PostgreSQL's ") + name + " is not installed";
  }
  return {};
}

ThrowawayPostgres::ThrowawayPostgres() {
  if (const passwd* user = server_user()) {
    if (::chown(directory_.path().c_str(), user->pw_uid, user->pw_gid) != 0) {
      throw std::system_error(errno, std::generic_category(), "chown");
    }
  }
  run({program("initdb"), "--pgdata=" + data_, "--username=postgres", "--auth=trust", "--no-locale", "--encoding=UTF8",
       "--no-sync"});
  const std::string access = text_of(data_ + "/pg_hba.conf");
  std::ofstream(data_ + "/pg_hba.conf") << "local all guarded scram-sha-256\n" << access;
  start();
  sql("postgresql:///postgres?host=" + directory_.path() + "&user=postgres",
      "CREATE ROLE guarded LOGIN PASSWORD 'pass word'");
}

ThrowawayPostgres::~ThrowawayPostgres() { stop(); }

void ThrowawayPostgres::start() {
  if (server_ >= 0) return;
  server_ = start_program({program("postgres"), "-D", data_, "-k", directory_.path(), "-c", "listen_addresses=", "-c",
                           "max_connections=50", "-c", "shared_buffers=16MB"},
                          directory_ / "log");
  const std::string url = "postgresql:///postgres?host=" + directory_.path() + "&user=postgres";
  while (true) {
    const pid_t client = start_program({program("psql"), url, "-c", "SELECT 1"}, "/dev/null");
    if (wait_for(client) == 0) return;
    int status = 0;
    if (::waitpid(server_, &status, WNOHANG) == server_) {
      server_ = -1;
      throw std::runtime_error("PostgreSQL has not started: " + text_of(directory_ / "log"));
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

void ThrowawayPostgres::stop() {
  if (server_ < 0) return;
  ::kill(server_, SIGINT);  // its "fast" way: connections are cut, everything is on the disk
  wait_for(server_);
  server_ = -1;
}

std::string ThrowawayPostgres::new_database() {
  const std::string name = "test_" + std::to_string(++databases_);
  const std::string place = "?host=" + directory_.path() + "&user=postgres";
  sql("postgresql:///postgres" + place, "CREATE DATABASE " + name);
  return "postgresql:///" + name + place;
}

std::string ThrowawayPostgres::url_of_guarded(const std::string& url, const std::string& password) const {
  return url.substr(0, url.find("&user=")) + "&user=guarded&password=" + password;
}

std::string ThrowawayPostgres::sql(const std::string& url, const std::string& statements) const {
  const std::string output = directory_ / "psql";
  std::error_code ignored;
  std::filesystem::remove(output, ignored);
  const pid_t client =
      start_program({program("psql"), url, "--no-psqlrc", "-qAt", "-v", "ON_ERROR_STOP=1", "-c", statements}, output);
  const int status = wait_for(client);
  std::string text = text_of(output);
  if (status != 0) throw std::runtime_error("psql: " + text);
  if (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

void ThrowawayPostgres::run(const std::vector<std::string>& command) const {
  const std::string log = directory_ / "log";
  if (wait_for(start_program(command, log)) != 0) throw std::runtime_error(command.at(0) + ": " + text_of(log));
}

}  // namespace pysandbox::testing
