#!/usr/bin/env bash
# Measures what a program can reach in pysandbox and in other sandboxes, from inside of each, and tries attacks there.
#
#   scripts/isolation_report.sh                   writes build/isolation/results.json and the tables of docs/isolation.md
#   scripts/isolation_report.sh --no-page         leaves docs/isolation.md as it is
#   scripts/isolation_report.sh --bin DIRECTORY   with programs that are built already
#   scripts/isolation_report.sh --only NAME       one of them, "native, cold" for example; may be repeated
#
# As root. The engine among them has directories and a socket of its own, and its image is made of this machine's Python: no
# registry is asked. The attacks are those of tests/escape; they hit bait that is planted for them.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/packages.sh

options=()
page=(--page docs/isolation.md)
programs=
while [ $# -gt 0 ]; do
  case $1 in
    --bin) programs=$2; shift ;;
    --only) options+=(--only "$2"); page=(); shift ;;
    --no-page) page=() ;;
    *) sed -n '2,/^set/s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
  esac
  shift
done

scripts/install_packages.sh "${build_packages[@]}" bubblewrap docker.io runc runsc util-linux
if [ -z "$programs" ]; then
  echo "build: build/bench"
  cmake --preset bench >/dev/null
  cmake --build --preset bench -- --quiet
  programs=build/bench/bin
fi
exec /usr/bin/python3 tests/isolation/report.py --bin "$programs" --results build/isolation/results.json "${page[@]}" "${options[@]}"
