// Certificates, against a server of the openssl program.

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <string>

#include "../support/temporary_directory.hpp"
#include "network/web_client.hpp"
#include "support/unique_fd.hpp"

namespace pysandbox::network {
namespace {

using ::testing::HasSubstr;
using testing::TemporaryDirectory;

constexpr const char* server_name = "tls.example";

// Serves its directory by HTTPS, with a certificate for `server_name` that vouches for itself.
class TlsServer {
 public:
  TlsServer() {
    std::ofstream(directory_ / "a.csv") << "1,2\n";
    const std::string make =
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=test " +
        ("-addext subjectAltName=DNS:" + std::string(server_name)) + " -keyout " + (directory_ / "key.pem") + " -out " +
        certificate() + " 2>/dev/null";
    if (std::system(make.c_str()) == 0) start();
  }

  ~TlsServer() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }

  TlsServer(const TlsServer&) = delete;
  TlsServer& operator=(const TlsServer&) = delete;

  const std::string& port() const noexcept { return port_; }  // empty: there is none
  std::string certificate() const { return directory_ / "certificate.pem"; }

 private:
  void start() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return;
    said_.reset(ends[0]);
    UniqueFd write_end(ends[1]);
    const std::string script =
        "cd '" + directory_.path() +
        "' && exec openssl s_server -accept 127.0.0.1:0 -cert certificate.pem -key key.pem -WWW </dev/null 2>&1";
    const char* words[] = {"sh", "-c", script.c_str(), nullptr};
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_adddup2(&actions, write_end.get(), STDOUT_FILENO);
    const int failure = ::posix_spawnp(&pid_, "sh", &actions, nullptr, const_cast<char* const*>(words), environ);
    ::posix_spawn_file_actions_destroy(&actions);
    if (failure != 0) return;
    write_end.reset();
    std::string said;
    for (char c; port_.empty() && ::read(said_.get(), &c, 1) == 1;) {
      said += c;
      const auto at = said.find("ACCEPT 127.0.0.1:");
      if (c == '\n' && at != said.npos) port_ = said.substr(at + 17, said.size() - at - 18);
    }
  }

  TemporaryDirectory directory_;
  pid_t pid_ = -1;
  UniqueFd said_;  // open as long as it may say something
  std::string port_;
};

class Tls : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!server_.port().empty()) return;
    if (std::getenv("CI") != nullptr) FAIL() << "no TLS server could be started; is openssl installed?";
    GTEST_SKIP() << "no TLS server could be started; is openssl installed?";
  }

  WebResult fetch(const std::string& host, const std::string& authorities) {
    WebClientOptions options;
    options.allow = {host};
    World world{.open_socket = [](int family, int type, int protocol) {
      return UniqueFd(::socket(family, type | SOCK_CLOEXEC, protocol));
    }};
    world.names = {host + ":" + server_.port() + ":127.0.0.1"};
    world.authorities = authorities;
    const auto client = make_web_client_in(std::move(world), options);
    body_.clear();
    const BodySink take = [&](std::span<const std::byte> piece) {
      body_.append(reinterpret_cast<const char*>(piece.data()), piece.size());
    };
    return client->fetch("https://" + host + ":" + server_.port() + "/a.csv", 1000, take, {});
  }

  TlsServer server_;
  std::string body_;
};

TEST_F(Tls, TakesACertificateThatSomebodyKnownVouchesFor) {
  const WebResult result = fetch(server_name, server_.certificate());
  EXPECT_TRUE(result.ok) << result.problem;
  EXPECT_EQ(body_, "1,2\n");
}

TEST_F(Tls, RefusesACertificateThatNobodyKnownVouchesFor) {
  const WebResult result = fetch(server_name, "");
  EXPECT_THAT(result.problem, HasSubstr("certificate"));
  EXPECT_FALSE(result.retryable);
  EXPECT_EQ(body_, "");
}

TEST_F(Tls, RefusesACertificateForAnotherHost) {
  const WebResult result = fetch("other.example", server_.certificate());
  EXPECT_THAT(result.problem, HasSubstr("certificate"));
  EXPECT_EQ(body_, "");
}

}  // namespace
}  // namespace pysandbox::network
