#!/bin/sh
# Runs a test program as a user without privileges: as_ordinary_user.sh PROGRAM [ARGUMENT...]
#
# Works on copies, since such a user may not be able to reach the build directory. Exit
# code 77 means skipped: only root can become somebody else.
set -eu
if [ "$(id -u)" -ne 0 ]; then
  echo "only root can become an ordinary user; run the program itself instead"
  [ -z "${CI:-}" ] || exit 1
  exit 77
fi
place=$(mktemp -d /tmp/pysandbox-rootless-XXXXXX)
trap 'rm -rf "$place"' EXIT
chmod 755 "$place"
program=$1
shift
cp "$program" "$place/program"
if [ -n "${PYSANDBOX_COPY:-}" ]; then cp -r "$PYSANDBOX_COPY" "$place/copy"; chmod -R a+rX "$place/copy"; fi
mkdir -m 700 "$place/home"
chown 54321:54321 "$place/home"
cd "$place/home"
env -i PATH="$PATH" HOME="$place/home" XDG_RUNTIME_DIR="$place/home" TMPDIR="$place/home" \
  PYSANDBOX_COPY="${PYSANDBOX_COPY:+$place/copy}" PYSANDBOX_TEST_USER=ordinary ${CI:+CI="$CI"} \
  setpriv --reuid 54321 --regid 54321 --clear-groups --inh-caps=-all "$place/program" "$@"
