#!/usr/bin/env bash
# Every test: installs what tests need, builds, runs all through ctest, then again under the sanitizers.
#
#   scripts/test.sh            everything
#   scripts/test.sh --quick    no sanitizers, package index, guest, and nothing that takes minutes: while working
#
# With CI set in the environment a missing capability is a failure and not a skip.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/packages.sh

jobs=$(nproc)
step() { printf '\n== %s (%s s so far)\n' "$*" "$SECONDS"; }

step "packages"
scripts/install_packages.sh "${build_packages[@]}" "${test_packages[@]}"
scripts/install_uv.sh

build() {
  cmake --preset "$1" >/dev/null
  cmake --build --preset "$1" -- --quiet
}

step "build"
build test

step "tests"
if [ "${1:-}" = --quick ]; then
  ctest --preset test -j "$jobs" -LE 'package|guest|slow|index'
  exit 0
fi
ctest --preset test -j "$jobs" -LE 'package|guest'

for sanitizer in asan tsan; do
  step "tests under $sanitizer"
  build "$sanitizer"
  ctest --preset "$sanitizer" -j "$jobs"
done

step "fuzzers"
build fuzz
ctest --preset fuzz -j "$jobs"

step "installed package, and a guest with cgroup v2"
ctest --preset test -L 'package|guest'
step "all passed"
