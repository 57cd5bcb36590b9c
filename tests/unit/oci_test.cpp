// What the OCI runner knows of runtimes, and what it tells them.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include <pysandbox/error.hpp>
#include <pysandbox/oci_runner.hpp>

#include "container/seccomp/python_strict.hpp"
#include "oci/bundle.hpp"
#include "oci/known_flaws.hpp"
#include "oci/runtime.hpp"
#include "oci/seccomp_profile.hpp"
#include "wire/json_document.hpp"

namespace pysandbox::oci {
namespace {

Runtime runtime_of(const std::string& output) { return parse_runtime("/usr/sbin/x", output); }

TEST(OciRuntime, IsKnownByWhatItSays) {
  const Runtime runc = runtime_of("runc version 1.1.5+ds1\ncommit: 1.1.5+ds1-1+deb12u1\nspec: 1.0.2-dev\n");
  EXPECT_EQ(runc.kind, RuntimeKind::runc);
  EXPECT_EQ(runc.text(), "runc 1.1.5+ds1");
  EXPECT_EQ(runc.build, "1.1.5+ds1-1+deb12u1");
  EXPECT_FALSE(runc.is_vm_like());
  const Runtime runsc = runtime_of("runsc version release-20250505.0\nspec: 1.1.0-rc.1\n");
  EXPECT_EQ(runsc.text(), "runsc 20250505.0");
  EXPECT_TRUE(runsc.is_vm_like());
  EXPECT_THROW(runtime_of("kata-runtime : 3.0\n"), Error);
}

std::size_t flaws_of(const std::string& version, const std::string& commit = "v1") {
  return known_flaws(runtime_of("runc version " + version + "\ncommit: " + commit + "\n")).size();
}

TEST(OciRuntime, HasTheFlawsOfItsVersion) {
  EXPECT_EQ(flaws_of("1.1.11"), 2u);
  EXPECT_EQ(flaws_of("1.1.12"), 1u);
  EXPECT_EQ(flaws_of("1.2.7"), 1u);
  EXPECT_EQ(flaws_of("1.2.8"), 0u);
  EXPECT_EQ(flaws_of("1.3.2"), 1u);
  EXPECT_EQ(flaws_of("1.3.3"), 0u);
  EXPECT_EQ(flaws_of("1.4.0"), 0u);
  EXPECT_EQ(flaws_of("1.5.1"), 0u);
  EXPECT_EQ(flaws_of("unknown"), 2u) << "what cannot be told is not taken for mended";
}

TEST(OciRuntime, IsMendedByDebianWithoutANewVersion) {
  EXPECT_EQ(flaws_of("1.1.5+ds1", "1.1.5+ds1-1"), 2u);
  EXPECT_EQ(flaws_of("1.1.5+ds1", "1.1.5+ds1-1+deb12u1"), 1u);
  EXPECT_EQ(flaws_of("1.1.5+ds1", "1.1.5+ds1-1+deb12u12"), 1u);
  const auto sentences = known_flaws(runtime_of("runc version 1.1.5+ds1\ncommit: 1.1.5+ds1-1+deb12u1\n"));
  ASSERT_EQ(sentences.size(), 1u);
  EXPECT_NE(sentences[0].find("your distribution"), std::string::npos) << sentences[0];
}

TEST(OciSeccomp, AllowsWhatTheNativeFilterAllowsAndOneThingMore) {
  const auto profile = seccomp_profile(RuntimeKind::runc);
  EXPECT_EQ(profile.at("defaultAction").as_string(), "SCMP_ACT_ERRNO");
  EXPECT_EQ(profile.at("defaultErrnoRet").as_int64(), 1);
  const auto& rules = profile.at("syscalls").as_array();
  const auto& names = rules[0].at("names").as_array();
  ASSERT_EQ(names.size(), seccomp::allowed.size());
  EXPECT_TRUE(std::equal(names.begin(), names.end(), seccomp::allowed.begin(),
                         [](const auto& one, std::string_view other) { return one.as_string() == other; }));
  EXPECT_EQ(rules.size(), 1 + seccomp::allowed_arguments.size() + 1 + 1);
  for (const auto& rule : rules) {
    const bool enosys = rule.at("names").as_array()[0].as_string() == "clone3";
    EXPECT_EQ(rule.at("action").as_string(), enosys ? "SCMP_ACT_ERRNO" : "SCMP_ACT_ALLOW");
  }
  const auto& clone = rules[1].at("args").as_array()[0];
  EXPECT_EQ(clone.at("op").as_string(), "SCMP_CMP_MASKED_EQ");
  EXPECT_EQ(clone.at("value").to_number<std::uint64_t>(), seccomp::namespace_flags) << "the mask comes first";
  EXPECT_EQ(clone.at("valueTwo").to_number<std::uint64_t>(), 0u);
}

TEST(OciBundle, LeavesTheProgramNoPower) {
  Bundle bundle{};
  bundle.guest_uid = 7'001;
  bundle.root_uid = 8'001;
  bundle.cgroup_path = "/pysandbox/job-7001";
  bundle.counts_swap = true;
  bundle.shown = {{"/usr", "/usr"}};
  bundle.environment = "/somewhere";
  const auto config = parse_json(bundle_config(bundle, RuntimeKind::runc));
  EXPECT_TRUE(config.at("root").at("readonly").as_bool());
  EXPECT_TRUE(config.at("process").at("noNewPrivileges").as_bool());
  for (const auto& [set, names] : config.at("process").at("capabilities").as_object()) {
    EXPECT_TRUE(names.as_array().empty()) << set;
  }
  EXPECT_EQ(config.at("process").at("user").at("uid").as_int64(), 1000);
  EXPECT_EQ(config.at("linux").at("namespaces").as_array().size(), 7u);
  const auto& memory = config.at("linux").at("resources").at("memory");
  EXPECT_EQ(memory.at("limit"), memory.at("swap"));
  for (const auto& mount : config.at("mounts").as_array()) {
    const auto& options = mount.at("options").as_array();
    const auto has = [&](const char* word) { return std::find(options.begin(), options.end(), word) != options.end(); };
    EXPECT_TRUE(has("nosuid")) << mount.at("destination");
    const std::string place(mount.at("destination").as_string());
    const bool is_shown = place == "/usr" || place == "/environment" || place == "/data";
    EXPECT_TRUE(!is_shown || has("ro")) << place;
  }
}

TEST(OciRunner, RefusesOptionsThatMakeNoSense) {
  EXPECT_THROW(make_oci_runner({.runtime = ""}), Error);
  EXPECT_THROW(make_oci_runner({.runtime = "bin/runc"}), Error);
  EXPECT_THROW(make_oci_runner({.python = "python3"}), Error);
  EXPECT_THROW(make_oci_runner({.rootfs = "relative"}), Error);
  EXPECT_THROW(make_oci_runner({.cgroup_parent = "none"}), Error);
  EXPECT_THROW(make_oci_runner({.first_uid = 0}), Error);
  EXPECT_THROW(make_oci_runner({.uid_count = 4'000'000'000}), Error);
}

TEST(OciRunner, SaysThatARuntimeIsNotThere) {
  const auto runner = make_oci_runner({.runtime = "no-such-runtime"});
  try {
    runner->open({});
    FAIL() << "it opened";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::sandbox_unavailable);
  }
  bool told = false;
  for (const auto& finding : runner->check()) told = told || finding.level == HostFinding::Level::missing;
  EXPECT_TRUE(told);
}

}  // namespace
}  // namespace pysandbox::oci
