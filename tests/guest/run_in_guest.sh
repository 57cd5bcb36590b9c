#!/bin/sh
# Runs a program on a machine with pure cgroup v2: run_in_guest.sh PROGRAM [ARGUMENT...]
#
# The machine is qemu without hardware help, so it runs anywhere. It has this host's files, may write them without
# this host noticing, and starts with an empty /tmp and /run. The program runs as root; its output (one stream) and
# exit code are passed on. PYSANDBOX_GUEST names a directory for the kernel, which is fetched if it is not there.
# Exit codes of our own: 77 skipped, 124 not ended after PYSANDBOX_GUEST_SECONDS, 125 the machine broke.
set -eu
here=$(cd "$(dirname "$0")" && pwd)

skip() {
  echo "$1"
  [ -z "${CI:-}" ] || exit 1
  exit 77
}
for tool in qemu-system-x86_64 busybox xz apt-get dpkg-deb; do
  command -v "$tool" > /dev/null ||
    skip "$tool is not installed; the guest needs the packages qemu-system-x86, busybox-static and xz-utils"
done
"$here/make_guest.sh" "${PYSANDBOX_GUEST:?must name a directory}" || skip "there is no kernel for the guest"

vm=
place=$(mktemp -d /tmp/pysandbox-guest-XXXXXX)
end() {
  if [ -n "$vm" ]; then kill "$vm" 2> /dev/null && wait "$vm" || true; fi
  rm -rf "$place"
}
trap end EXIT
trap 'exit 143' HUP INT TERM

quoted() {
  for word; do printf " '%s'" "$(printf %s "$word" | sed "s/'/'\\\\''/g")"; done
}
(cd "$here/../.." && pwd) > "$place/tree"
# Through cat, since a program behaves in another way on a terminal. What the port still holds would be lost without
# stty, which waits for it. At last nothing can be started any more, so the shell must pass the time by itself.
cat > "$place/command" <<END
cd /
{ HOME=/tmp PATH=$PATH PYTHONDONTWRITEBYTECODE=1 env$(quoted "$@"); echo \$? > /run/guest/exit_code; } 2>&1 | cat
stty -F /dev/ttyS1 raw -echo
echo o > /proc/sysrq-trigger
while :; do :; done
END

# setpriv: the machine ends with this script, even if that is killed. The kernel's precautions and tests of itself take
# a second: it goes without.
setpriv --pdeathsig TERM timeout --kill-after 5 "${PYSANDBOX_GUEST_SECONDS:-600}" \
  qemu-system-x86_64 -accel tcg,thread=multi -cpu max -smp 2 -m 2048 -nodefaults -no-reboot -display none \
  -kernel "$PYSANDBOX_GUEST/kernel" -initrd "$PYSANDBOX_GUEST/initrd" \
  -append "console=ttyS0 panic=-1 quiet mitigations=off nokaslr cryptomgr.notests" \
  -serial "file:$place/console" -serial stdio \
  -virtfs local,path=/,mount_tag=host,security_model=none,readonly=on,multidevs=remap \
  -virtfs "local,path=$place,mount_tag=guest,security_model=none" < /dev/null &
vm=$!
code=0
wait "$vm" || code=$?
vm=
if [ -e "$place/exit_code" ]; then exit "$(cat "$place/exit_code")"; fi
echo "the guest ended without an exit code of the program ($code); its console says:"
tail -n 40 "$place/console"
[ "$code" -ne 124 ] || exit 124
exit 125
