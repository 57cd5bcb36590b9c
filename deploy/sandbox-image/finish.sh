#!/bin/sh
# What the docker runner needs in an image, besides python3: finish.sh ROOT ("/" in a Dockerfile).
#
# The engine mounts one bounded tmpfs, at /workspace. What else a program may write lies in it too, under one bound.
set -eu
root=${1%/}

mkdir -p "$root/workspace" "$root/run"
rm -rf "$root/tmp" "$root/data" "$root/run/pysandbox" "$root/environment"
ln -s workspace/.pysandbox/tmp "$root/tmp"
ln -s workspace/.pysandbox/data "$root/data"
ln -s ../workspace/.pysandbox "$root/run/pysandbox"

# Process 1 of each container. Nobody may read it, so the kernel lets no other process look into its memory
# (would_dump() in fs/exec.c), although all belong to one user.
rm -f "$root/usr/bin/pysandbox-keeper"
python=$(readlink "$root/usr/bin/python3")
cp "$root/usr/bin/${python##*/}" "$root/usr/bin/pysandbox-keeper"
chmod 0111 "$root/usr/bin/pysandbox-keeper"

# DockerRunnerOptions::user_id, for programs that ask for a name.
printf 'root:x:0:0:root:/root:/usr/sbin/nologin\nsandbox:x:65533:65533:sandbox:/workspace:/usr/sbin/nologin\n' > "$root/etc/passwd"
printf 'root:x:0:\nsandbox:x:65533:\n' > "$root/etc/group"
printf 'passwd: files\ngroup: files\nhosts: files\n' > "$root/etc/nsswitch.conf"
