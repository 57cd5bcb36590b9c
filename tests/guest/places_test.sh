#!/bin/sh
# Inside of the guest: the runner wherever in the cgroup tree somebody may start it.
#
#   places_test.sh GUEST_TEST RUNNER_CONTRACT_TEST
here=$(cd "$(dirname "$0")" && pwd)
guest_test=$1
contract_test=$2
failed=0

at() {  # PLACE PROGRAM CASES
  echo "== $1: $3"
  "$here/in_cgroup.sh" "$1" "$2" --gtest_brief=1 --gtest_filter="$3" || failed=1
}

# Where a cgroup is to be had, it is taken.
export PYSANDBOX_EXPECT_CGROUP=v2
at delegated "$guest_test" "CgroupV2.*-*.KeepsTheTimeLimit*"
for place in desktop session namespace part; do
  at "$place" "$guest_test" "CgroupV2.HoldsTheLimitsOfTheJob:CgroupV2.IsFoundInTheSamePlace*"
done

# SaysWho compares with what is expected; the others show that limits are kept there.
cases="NativeRunner.SaysWho*:NativeRunner.RefusesToRunWithLess*:*KeepsTheMemoryLimit/native"
at delegated "$contract_test" "$cases:*CountsTheMemory*/native:*KeepsTheProcessLimit*/native"
PYSANDBOX_EXPECT_CGROUP=none
at foreign "$contract_test" "$cases"

[ -z "$(find /sys/fs/cgroup -name 'job-*')" ] || { echo "cgroups of jobs are left"; failed=1; }
exit $failed
