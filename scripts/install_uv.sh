#!/usr/bin/env bash
# Puts uv, which asks package indexes faster than pip does, where programs are found: into /usr/local/bin for root, else into
# build/tools. Without it, pip is used.
#
# It comes from the index that pip is configured for.
set -euo pipefail
cd "$(dirname "$0")/.."

place=build/tools
[ "$(id -u)" -ne 0 ] || place=/usr/local/bin
if command -v uv >/dev/null || [ -x "$place/uv" ]; then
  echo "uv: is there"
  exit 0
fi
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
if ! python3 -m pip install --quiet --disable-pip-version-check --root-user-action ignore --only-binary :all: \
     --target "$folder" 'uv>=0.8' >"$folder/log" 2>&1; then
  tail -n 3 "$folder/log" >&2
  echo "uv: cannot be had from pip's index; pip will be used for packages"
  exit 0
fi
mkdir -p "$place"
install -m 755 "$folder/bin/uv" "$place/uv"
echo "uv: installed into $place"
