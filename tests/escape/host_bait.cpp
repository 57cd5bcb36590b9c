#include "escape/host_bait.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <set>
#include <sstream>
#include <utility>

#include "support/random_id.hpp"
#include "support/syscall.hpp"

namespace pysandbox::testing {
namespace {

constexpr const char* environment_name = "PYSANDBOX_CANARY";
constexpr const char* input_text = "an input, as it is on the host\n";
constexpr const char* package_text = "TEXT = 'a package'\n";
constexpr const char* package_name = "site-packages/victim.py";
constexpr int descriptor_number = 40;

std::string read_file(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

// Not below /tmp: every container has a /tmp of its own, also without its other layers.
std::filesystem::path make_directory() {
  char name[] = "/var/tmp/pysandbox-escape-XXXXXX";
  if (::mkdtemp(name) == nullptr) check(-1, "making a directory below /var/tmp");
  check(::chmod(name, 0755), "opening it to everybody");
  return name;
}

// Everybody may read and write it: what keeps an attack off must be the sandbox.
void write_open_file(const std::filesystem::path& file, const std::string& text) {
  std::ofstream(file, std::ios::binary | std::ios::trunc) << text;
  check(::chmod(file.c_str(), 0666), "opening " + file.string() + " to everybody");
}

UniqueFd bind_unix(int type, const std::string& name) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, name.data(), name.size());
  UniqueFd fd(::socket(AF_UNIX, type | SOCK_CLOEXEC, 0));
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
  check(::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), size), "binding a socket");
  if (type == SOCK_STREAM) check(::listen(fd.get(), 16), "listening");
  if (name.front() == '/') check(::chmod(name.c_str(), 0777), "opening " + name + " to everybody");
  return fd;
}

UniqueFd listen_on_loopback(int& port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  check(::bind(fd.get(), generic, size), "binding to a loopback port");
  check(::listen(fd.get(), 16), "listening");
  check(::getsockname(fd.get(), generic, &size), "asking for the port");
  port = ntohs(address.sin_port);
  return fd;
}

std::string namespaces() {
  std::string words;
  for (const char* kind : {"user", "mnt", "pid", "net", "ipc", "uts", "cgroup"}) {
    if (!words.empty()) words += ',';
    words += std::filesystem::read_symlink(std::filesystem::path("/proc/self/ns") / kind).string();
  }
  return words;
}

// Every name below `top`, and what kind of file with which mode it is.
std::string listing(const std::filesystem::path& top) {
  std::set<std::filesystem::path> names;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(top)) names.insert(entry.path());
  std::ostringstream text;
  for (const auto& name : names) {
    struct stat status {};
    check(::lstat(name.c_str(), &status), "looking at an environment");
    text << name.lexically_relative(top).string() << ' ' << std::oct << status.st_mode << '\n';
  }
  return text.str();
}

constexpr const char* environment_files =
    "links 40777\n"
    "links/absolute 120777\n"
    "links/directory 120777\n"
    "links/relative 120777\n"
    "site-packages 40777\n"
    "site-packages/victim.py 100666\n";

}  // namespace

// Whole after this, so that the destructor runs even if the rest fails.
HostBait::HostBait(std::filesystem::path directory)
    : directory_(std::move(directory)),
      environment_(make_directory()),
      file_secret_(random_id()),
      environment_secret_(random_id()),
      abstract_name_("pysandbox-" + random_id()) {}

HostBait::HostBait() : HostBait(make_directory()) {
  restore();
  make_environment();
  ::setenv(environment_name, environment_secret_.c_str(), 1);
  const UniqueFd file(::open((directory_ / "canary").c_str(), O_RDONLY | O_CLOEXEC));
  descriptors_.emplace_back(::fcntl(file.get(), F_DUPFD, descriptor_number));  // without FD_CLOEXEC
  open_sockets();
  share_memory();
}

HostBait::~HostBait() {
  if (segment_ >= 0) ::shmctl(segment_, IPC_RMID, nullptr);
  ::unsetenv(environment_name);
  std::error_code ignored;
  std::filesystem::remove_all(directory_, ignored);
  std::filesystem::remove_all(environment_, ignored);
}

std::vector<std::string> HostBait::arguments() const {
  return {"file=" + (directory_ / "canary").string(),
          "socket=" + (directory_ / "socket").string(),
          "abstract=" + abstract_name_,
          "port=" + std::to_string(port_),
          "shm=" + std::to_string(segment_key_),
          "namespaces=" + namespaces()};
}

bool HostBait::leaked_into(std::string_view text) const {
  return text.find(file_secret_) != std::string_view::npos || text.find(environment_secret_) != std::string_view::npos;
}

bool HostBait::is_untouched() const {
  return read_file(directory_ / "canary") == file_secret_ && read_file(directory_ / "input") == input_text &&
         listing(environment_) == environment_files && read_file(environment_ / package_name) == package_text;
}

void HostBait::make_environment() const {
  for (const char* name : {".", "site-packages", "links"}) {
    std::filesystem::create_directory(environment_ / name);
    check(::chmod((environment_ / name).c_str(), 0777), "opening an environment to everybody");
  }
  write_open_file(environment_ / package_name, package_text);
  const std::filesystem::path canary = directory_ / "canary";
  std::filesystem::create_symlink(canary, environment_ / "links/absolute");
  std::filesystem::create_symlink("../../../../../../.." + canary.string(), environment_ / "links/relative");
  std::filesystem::create_symlink(directory_, environment_ / "links/directory");
}

void HostBait::restore() const {
  write_open_file(directory_ / "canary", file_secret_);
  write_open_file(directory_ / "input", input_text);
}

void HostBait::open_sockets() {
  const std::string path = (directory_ / "socket").string();
  for (const std::string& name : {path, '\0' + abstract_name_}) {
    descriptors_.push_back(bind_unix(SOCK_STREAM, name));
    descriptors_.push_back(bind_unix(SOCK_DGRAM, name + ".datagrams"));
  }
  descriptors_.push_back(listen_on_loopback(port_));
}

void HostBait::share_memory() {
  segment_key_ = static_cast<int>(std::stoul(random_id().substr(0, 7), nullptr, 16)) + 1;
  segment_ = static_cast<int>(check(::shmget(segment_key_, 4096, IPC_CREAT | IPC_EXCL | 0644), "sharing memory"));
  void* const place = ::shmat(segment_, nullptr, 0);
  if (place == reinterpret_cast<void*>(-1)) check(-1, "attaching shared memory");
  std::memcpy(place, file_secret_.data(), file_secret_.size());
  ::shmdt(place);
}

}  // namespace pysandbox::testing
