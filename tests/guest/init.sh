#!/bin/busybox sh
# The guest's pid 1: makes a machine of the host's root and runs /run/guest/command in it.
#
# The host's root is shared read-only and lies under a tmpfs, so every path is valid and may be written. It must be
# a real root: pivot_root(2), which the product needs, does not work while / is the initramfs.
export PATH=/bin
busybox mkdir -p /proc /sys /dev /host /over /new
busybox mount -t proc proc /proc
busybox --install -s /bin
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
for module in /modules/*.ko; do insmod "$module"; done

share() { mount -t 9p -o "trans=virtio,version=9p2000.L,msize=524288,$3" "$1" "$2"; }

share host /host ro,cache=loose || { echo "GUEST: the host's root cannot be mounted"; poweroff -f; }
mount -t tmpfs tmpfs /over
mkdir /over/upper /over/scratch
mount -t overlay -o lowerdir=/host,upperdir=/over/upper,workdir=/over/scratch overlay /new
for place in proc sys dev; do mount --move "/$place" "/new/$place"; done
mkdir -p /new/dev/shm /new/dev/pts
mount -t tmpfs -o mode=1777 tmpfs /new/dev/shm
mount -t devpts devpts /new/dev/pts
mount -t tmpfs -o mode=1777 tmpfs /new/tmp
mount -t tmpfs -o mode=755 tmpfs /new/run
mount -t cgroup2 cgroup2 /new/sys/fs/cgroup
mkdir /new/run/guest
share guest /new/run/guest rw || { echo "GUEST: the runner's directory cannot be mounted"; poweroff -f; }
# A tree below /tmp or /run would be hidden by the empty ones.
tree=$(cat /new/run/guest/tree)
case $tree in
  /tmp/*|/run/*) mkdir -p "/new$tree" && mount --bind "/host$tree" "/new$tree" ;;
esac
ip link set lo up

# The second serial port carries the program's output and nothing else; raw, for it is not a screen.
stty -F /new/dev/ttyS1 raw -echo
exec switch_root /new /bin/sh /run/guest/command < /new/dev/null > /new/dev/ttyS1 2>&1
