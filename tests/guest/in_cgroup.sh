#!/bin/sh
# Inside of the guest, runs a program at some place in the cgroup tree: in_cgroup.sh PLACE PROGRAM [ARGUMENT...]
#
# As an ordinary user:
#   delegated  alone in a cgroup of the user's, as `systemd-run --user --scope -p Delegate=yes` makes it
#   desktop    with another process in a cgroup of the user's whose parent is too, as in a terminal window
#   foreign    in a cgroup of root's, as after a plain login
# As root:
#   session    with another process in a cgroup, as after root's login
#   namespace  alone in a cgroup that is the root of a cgroup namespace, as in a container
#   part       the same without the namespace: the kernel names a path that cannot be seen
set -eu
place=$1
program=$2
shift 2
tree=/sys/fs/cgroup
user=54321
own=$place.scope

make_cgroup() {  # PATH OWNER
  mkdir "$tree/$1"
  for file in . cgroup.procs cgroup.threads cgroup.subtree_control; do chown "$2" "$tree/$1/$file"; done
}

hand_down() { echo "+cpu +memory +pids" > "$tree/$1/cgroup.subtree_control"; }

add_company() {
  sleep 1000 > /dev/null 2>&1 &
  echo $! > "$tree/$own/cgroup.procs"
}

step_in() { echo $$ > "$tree/$own/cgroup.procs"; }

# Of a copy, since such a user may not be able to reach the build directory.
run_as_user() {
  copy=$(mktemp -d /tmp/program-XXXXXX)
  chmod 755 "$copy"
  cp "$program" "$copy/program"
  mkdir -m 700 "$copy/home"
  chown $user:$user "$copy/home"
  cd "$copy/home"
  exec env -i PATH="$PATH" HOME="$copy/home" XDG_RUNTIME_DIR="$copy/home" TMPDIR="$copy/home" \
    PYTHONDONTWRITEBYTECODE=1 PYSANDBOX_TEST_USER=ordinary \
    ${PYSANDBOX_EXPECT_CGROUP:+PYSANDBOX_EXPECT_CGROUP="$PYSANDBOX_EXPECT_CGROUP"} \
    setpriv --reuid $user --regid $user --clear-groups --inh-caps=-all "$copy/program" "$@"
}

hand_down .
case $place in
  delegated)
    own=$place.$$.scope
    make_cgroup "$own" $user
    step_in
    run_as_user "$@"
    ;;
  desktop)
    make_cgroup desktop.slice $user
    hand_down desktop.slice
    own=desktop.slice/terminal.scope
    make_cgroup "$own" $user
    add_company
    step_in
    run_as_user "$@"
    ;;
  foreign)
    make_cgroup "$own" root
    step_in
    run_as_user "$@"
    ;;
  session)
    make_cgroup session.slice root
    own=session.slice/session.scope
    make_cgroup "$own" root
    add_company
    step_in
    exec "$program" "$@"
    ;;
  namespace)
    make_cgroup "$own" root
    step_in
    exec unshare --cgroup --mount sh -c "umount $tree && mount -t cgroup2 cgroup2 $tree && exec \"\$@\"" \
      sh "$program" "$@"
    ;;
  part)
    make_cgroup "$own" root
    step_in
    exec unshare --mount sh -c "mount --bind $tree/$own $tree && exec \"\$@\"" sh "$program" "$@"
    ;;
  *)
    echo "no such place: $place" >&2
    exit 1
    ;;
esac
