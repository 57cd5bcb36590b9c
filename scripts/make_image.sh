#!/usr/bin/env bash
# Makes the image in which the docker runner runs programs, of this machine's own packages: no registry is asked.
#
#   scripts/make_image.sh FILE.tar                   # a root file system, for `docker import` and the like
#   scripts/make_image.sh --import NAME [ENGINE]     # into an engine, by its API; unix:///run/docker.sock if none is named
#
# On Debian 12, as anybody who may use the engine. deploy/sandbox-image/Dockerfile makes the same with a registry.
set -euo pipefail
cd "$(dirname "$0")/.."

usage() { sed -n 's/^# \{0,1\}//; 2,6p' "$0" >&2; exit 2; }

# The interpreter with its library, a shell for `subprocess`, and what compiled packages expect of any system.
packages="python3 python3-minimal python3.11 python3.11-minimal libpython3.11-minimal libpython3.11-stdlib
          dash coreutils libc6 libc-bin libgcc-s1 libstdc++6 zlib1g libbz2-1.0 liblzma5 libexpat1 libffi8 libssl3 libsqlite3-0
          libuuid1 libcrypt1 libnsl2 libtirpc3 libncursesw6 libtinfo6 libreadline8 libdb5.3 libselinux1 libpcre2-8-0 libacl1
          libattr1 libgmp10 libgssapi-krb5-2 libkrb5-3 libk5crypto3 libkrb5support0 libcom-err2 libkeyutils1
          media-types tzdata base-files"

for package in $packages; do
  dpkg -s "$package" >/dev/null 2>&1 || missing="${missing:-} $package"
done
if [ -n "${missing:-}" ]; then
  echo "make_image: these packages are missing; install them first:$missing" >&2
  exit 1
fi

make_root() {
  local root=$1 name path
  mkdir -p "$root"/usr/{bin,sbin,lib,lib64} "$root"/{etc,dev,proc,sys,workspace}
  for name in bin sbin lib lib64; do ln -s "usr/$name" "$root/$name"; done
  # Files and links that packages own; neither documentation nor what configuring them left on this machine.
  # shellcheck disable=SC2086
  dpkg -L $packages | sort -u | while read -r path; do
    case $path in
      /usr/share/doc* | /usr/share/man* | /usr/share/info* | /usr/share/lintian* | /usr/share/locale* | /usr/share/bash-completion*) ;;
      /usr/share/applications* | /usr/share/pixmaps* | /usr/share/binfmts* | /usr/share/bug* | /usr/share/doc-base* | /var/* | /etc/*) ;;
      */gconv/*) ;;  # encodings of the C library, which Python brings itself
      *) if [ -L "$path" ] || [ -f "$path" ]; then printf '%s\n' "${path#/}"; fi ;;
    esac
  done | sed -E 's,^(bin|sbin|lib|lib64)/,usr/\1/,' | sort -u >"$root.list"
  # No package owns what was compiled when it was configured; without it each program would compile its imports anew.
  sed -n -E 's,^(.*)/([^/]*)\.py$,/\1/__pycache__/\2.cpython-311.pyc,p' "$root.list" | while read -r path; do
    if [ -f "$path" ]; then printf '%s\n' "${path#/}"; fi
  done >"$root.compiled"
  tar -C / --create --no-recursion --owner=0 --group=0 --files-from "$root.list" --files-from "$root.compiled" | tar -C "$root" --extract --no-same-owner
  ldconfig -r "$root" 2>/dev/null
  chmod -R u+rwX,go+rX "$root/etc"
}

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

make_tar() {
  make_root "$scratch/root"
  deploy/sandbox-image/finish.sh "$scratch/root"
  tar -C "$scratch/root" --sort=name --owner=0 --group=0 --numeric-owner --create --file "$1" .
}

# The version of the image's layout; the runner takes no image without it.
label="LABEL%20io.pysandbox.image%3D1"

import() {
  local name=$1 engine=${2:-unix:///run/docker.sock} answer
  command -v curl >/dev/null || { echo "make_image: curl is missing; install it first" >&2; exit 1; }
  case $name in
    *[!a-z0-9._/:-]* | "") echo "make_image: $name is no name of an image; write name or name:tag in small letters" >&2; exit 2 ;;
  esac
  local repository=${name%:*} tag=${name##*:}
  [ "$tag" != "$name" ] || tag=latest
  local -a where
  case $engine in
    unix://*) where=(--unix-socket "${engine#unix://}" "http://docker") ;;
    tcp://*) where=("http://${engine#tcp://}") ;;
    *) echo "make_image: $engine is no address of an engine; write unix:///PATH or tcp://HOST:PORT" >&2; exit 2 ;;
  esac
  local url=${where[-1]}
  unset 'where[-1]'
  make_tar "$scratch/root.tar"
  answer=$(curl --silent --show-error --noproxy '*' --max-time 300 "${where[@]}" --header "Content-Type: application/x-tar" \
    --upload-file "$scratch/root.tar" --request POST \
    "$url/images/create?fromSrc=-&repo=$repository&tag=$tag&changes=$label")
  case $answer in
    *'"error"'* | *'"message"'*) echo "make_image: the engine refused the image: $answer" >&2; exit 1 ;;
    *sha256:*) echo "$name is in the engine at $engine" ;;
    *) echo "make_image: the engine gave no image: $answer" >&2; exit 1 ;;
  esac
}

case ${1:-} in
  --import) [ $# -eq 2 ] || [ $# -eq 3 ] || usage; import "${@:2}" ;;
  "" | -*) usage ;;
  *) [ $# -eq 1 ] || usage; make_tar "$1"; echo "$1: $(stat -c %s "$1") bytes" ;;
esac
