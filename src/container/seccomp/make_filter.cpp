// Compiles the policy into a BPF program and writes it as C initialisers.
//
//   make_seccomp_filter python_strict|zygote OUTPUT
#include <fcntl.h>
#include <linux/filter.h>
#include <seccomp.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "container/seccomp/python_strict.hpp"
#include "container/seccomp/zygote.hpp"

namespace policy = pysandbox::seccomp;

namespace {

[[noreturn]] void fail(std::string_view what) {
  std::fprintf(stderr, "make_seccomp_filter: %.*s\n", static_cast<int>(what.size()), what.data());
  std::exit(1);
}

// libseccomp 2.5.4 does not know the calls of kernels after 5.17 by name.
int number_of(std::string_view name) {
  if (name == "fchmodat2") return 452;
  const int number = seccomp_syscall_resolve_name_arch(SCMP_ARCH_X86_64, std::string(name).c_str());
  if (number < 0) fail(std::string("no such system call: ") + std::string(name));
  return number;
}

void require(int result, std::string_view what) {
  if (result < 0) fail(what);
}

scmp_arg_cmp to_libseccomp(const policy::Condition& condition) {
  return {condition.argument, SCMP_CMP_MASKED_EQ, condition.mask, condition.value};
}

void allow(scmp_filter_ctx filter, std::string_view name) {
  require(seccomp_rule_add(filter, SCMP_ACT_ALLOW, number_of(name), 0), name);
}

bool is_for_zygotes(std::string_view name) {
  return std::find(policy::allowed_to_zygotes.begin(), policy::allowed_to_zygotes.end(), name) !=
         policy::allowed_to_zygotes.end();
}

// A zygote may do what a program may, and more: where it may more, the program's rule is left out.
void add_rules(scmp_filter_ctx filter, bool zygote) {
  if (zygote) {
    for (const auto name : policy::allowed_to_zygotes) allow(filter, name);
  }
  for (const auto name : policy::allowed) allow(filter, name);
  for (const auto& rule : policy::allowed_arguments) {
    if (zygote && is_for_zygotes(rule.name)) continue;
    const scmp_arg_cmp conditions[] = {to_libseccomp(rule.first), to_libseccomp(rule.second)};
    const unsigned count = rule.second.mask == 0 ? 1 : 2;
    require(seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, number_of(rule.name), count, conditions), rule.name);
  }
  for (const auto name : policy::unknown) {
    if (zygote && is_for_zygotes(name)) continue;
    require(seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), number_of(name), 0), name);
  }
  for (int number = policy::first_unreviewed_call; number <= policy::last_unreviewed_call; ++number) {
    require(seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), number, 0), "a number beyond the reviewed calls");
  }
}

std::vector<sock_filter> compile(bool zygote) {
  const scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
  if (filter == nullptr) fail("libseccomp cannot start");
  require(seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS), "bad architecture action");
  // A balanced tree: the kernel runs the filter once for every number when it is loaded, and a list takes ten times as
  // long.
  require(seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2), "tree");
  add_rules(filter, zygote);

  char name[] = "/tmp/make_seccomp_filter.XXXXXX";
  const int fd = ::mkostemp(name, O_CLOEXEC);
  if (fd < 0) fail("no temporary file");
  ::unlink(name);
  require(seccomp_export_bpf(filter, fd), "export");
  std::vector<sock_filter> program(static_cast<std::size_t>(::lseek(fd, 0, SEEK_END)) / sizeof(sock_filter));
  const auto size = program.size() * sizeof(sock_filter);
  if (::pread(fd, program.data(), size, 0) != static_cast<ssize_t>(size)) fail("cannot read the program back");
  ::close(fd);
  seccomp_release(filter);
  return program;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view profile = argc == 3 ? argv[1] : "";
  if (profile != "python_strict" && profile != "zygote") fail("usage: make_seccomp_filter python_strict|zygote OUTPUT");
  const auto program = compile(profile == "zygote");
  if (program.empty() || program.size() > BPF_MAXINSNS) fail("the program has a length that no kernel takes");
  std::ofstream out(argv[2], std::ios::trunc);
  for (const auto& step : program) {
    out << '{' << step.code << ',' << unsigned{step.jt} << ',' << unsigned{step.jf} << ',' << step.k << "u},\n";
  }
  out.close();
  return out ? 0 : (fail("cannot write the output"), 1);
}
