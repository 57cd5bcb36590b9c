#!/usr/bin/env bash
# Measures pysandbox beside its peers: installs what that needs, builds into build/bench, and runs benchmarks/bench.py.
#
#   scripts/bench.sh            everything, in under 30 minutes; writes build/bench/results.json and docs/performance.md
#   scripts/bench.sh --quick    latency, throughput and the deadline, in under 3 minutes; writes into build/bench only
#   scripts/bench.sh --smoke    whether the benchmark itself works; installs nothing and claims nothing
#
#   --bin DIRECTORY             with programs that are built already
#   --results DIRECTORY         in place of build/bench
#
# Best as root, with nothing else running, and soon after a boot. Building comes on top of these times. numpy and pandas come from your
# package index, by `pysandbox env build`; without one their rows are missing, and say so. All peers are started by it and end with it; docker's engine has
# directories of its own, and no registry of images is asked. (Where services start with their packages, Debian also starts an engine when it
# installs docker.io; that one is left alone, and costs nothing while nobody uses it.)
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/packages.sh

plan=full
words="scripts/bench.sh $*"
options=()
programs=
while [ $# -gt 0 ]; do
  case $1 in
    --quick | --smoke) plan=${1#--} ;;
    --bin) programs=$2; shift ;;
    --results) options+=("$1" "$2"); shift ;;
    *) sed -n '2,/^set/s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
  esac
  shift
done

[ "$plan" = smoke ] || scripts/install_packages.sh "${build_packages[@]}" "${bench_packages[@]}"
if [ -z "$programs" ]; then
  echo "build: build/bench"
  cmake --preset bench >/dev/null
  cmake --build --preset bench -- --quiet
  programs=build/bench/bin
fi
[ "$plan" != full ] || options+=(--page docs/performance.md)
exec /usr/bin/python3 benchmarks/bench.py --plan "$plan" --bin "$programs" --command "${words% }" "${options[@]}"
