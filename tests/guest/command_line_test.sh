#!/bin/sh
# Inside of the guest: what the command line says of an older kernel, and what it does where no cgroup can be had.
#
#   command_line_test.sh PYSANDBOX
pysandbox=$1
failed=0

run() {  # COMMAND...: leaves $output and $code
  code=0
  output=$("$pysandbox" "$@" 2>&1) || code=$?
}

expect_code() {
  [ "$code" -eq "$1" ] && return
  printf 'FAILED: exit code %s, not %s, of:\n%s\n' "$code" "$1" "$output"
  failed=1
}

expect_line() {  # a basic regular expression
  printf '%s\n' "$output" | grep -q -- "$1" && return
  printf 'FAILED: no line fits "%s" in:\n%s\n' "$1" "$output"
  failed=1
}

case $(uname -r) in
  6.1.*) ;;
  *) echo "this test knows what Linux 6.1 can do; teach it $(uname -r)"; exit 1 ;;
esac

echo "doctor: weaker, but not failed"
run doctor
expect_code 0
expect_line '^ *pass  cgroup: v2 at /sys/fs/cgroup/pysandbox$'
expect_line '^ *weaker  Landlock: ABI 2:'
expect_line ', 1 weaker, 0 failed: programs run isolated here$'

echo "a read-only tree"
mount -o remount,bind,ro /sys/fs/cgroup
run run -c 'print("it ran")'
expect_code 125
expect_line 'no cgroup can be had: no cgroup that we may write .*set cgroup_parent to "none"'
run doctor
expect_code 1
expect_line '^ *FAIL  cgroup: no cgroup that we may write'
expect_line 'fix: mount /sys/fs/cgroup writable'

echo "no tree"
umount /sys/fs/cgroup
run run -c 'print("it ran")'
expect_code 125
expect_line 'no cgroup can be had: no cgroup v2 tree is mounted'
run run --cgroup-parent none --min-isolation cgroup -c 'print("it ran")'
expect_code 125
expect_line 'the job asks for limits kept by cgroups'
run run --cgroup-parent none -c 'print("it ran")'
expect_code 0
expect_line '^it ran$'

exit $failed
