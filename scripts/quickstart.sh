#!/usr/bin/env bash
# From nothing to a running program: installs what is needed, builds into build/release, runs the example.
#
#   scripts/quickstart.sh
#
# Debian 12, as root or with sudo. A few minutes the first time, seconds after that.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/packages.sh

scripts/install_packages.sh "${build_packages[@]}"
scripts/install_uv.sh

echo "build: build/release"
started=$SECONDS
cmake --preset release >build-release.log 2>&1 && cmake --build --preset release >>build-release.log 2>&1 ||
  { cat build-release.log >&2; rm -f build-release.log; exit 1; }
rm -f build-release.log
echo "build: done in $((SECONDS - started)) s"

echo "run: build/release/bin/pysandbox run examples/iris/summarize.py --data examples/iris/iris.csv --out results/"
build/release/bin/pysandbox run examples/iris/summarize.py --data examples/iris/iris.csv --out results/
echo "run: done, and these files came out of the sandbox:"
for file in results/output.txt results/summary.json; do
  echo "  $file ($(stat -c %s "$file") bytes)"
done
echo "next: build/release/bin/pysandbox doctor says what this machine can enforce"
