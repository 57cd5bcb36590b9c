#!/bin/sh
# Makes what the guest boots from: make_guest.sh DIRECTORY
#
# Afterwards DIRECTORY holds `kernel` and `initrd`. The kernel comes from the distribution's package once; the
# initrd takes no time and is made anew, so that it always has the init.sh of today. PYSANDBOX_GUEST_KERNEL names
# another package, which must hold the modules below (Debian's "cloud" kernels have no 9p).
set -eu
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1"
cd "$1"
exec 9> lock
flock 9  # two tests may come here at once

# In the order in which they need each other. A kernel may have some of them built in.
modules="virtio_ring virtio virtio_pci_legacy_dev virtio_pci_modern_dev virtio_pci
         netfs fscache 9pnet 9p 9pnet_virtio overlay"

newest_kernel_package() {
  apt-cache depends --important linux-image-amd64 | sed -n 's/^ *Depends: *//p' | head -n 1
}

fetch_kernel() {
  package=${PYSANDBOX_GUEST_KERNEL:-$(newest_kernel_package)}
  if [ -z "$package" ]; then
    echo "no kernel package is known; run apt-get update, or set PYSANDBOX_GUEST_KERNEL" >&2
    exit 1
  fi
  rm -rf unpacked
  mkdir unpacked
  (cd unpacked && apt-get download "$package")
  dpkg-deb --fsys-tarfile unpacked/*.deb | tar -x -C unpacked --wildcards './boot/vmlinuz-*' './lib/modules/*/kernel/*'
  rm -rf modules
  mkdir modules
  for module in $modules; do
    find unpacked/lib/modules \( -name "$module.ko" -o -name "$module.ko.*" \) -exec mv {} modules \;
  done
  for file in modules/*.xz; do
    [ ! -e "$file" ] || xz -d "$file"
  done
  unpack_kernel unpacked/boot/vmlinuz-* unpacked/kernel
  mv unpacked/kernel kernel
  rm -rf unpacked
}

# What unpacks itself takes seven seconds to do so on a processor made of software: boot what is inside of it. A kernel
# that is packed in another way than Debian's boots all the same.
unpack_kernel() {  # FROM TO
  start=$(LC_ALL=C grep -aboP -m 1 '\xfd7zXZ\x00' "$1" | head -n 1 | cut -d : -f 1)
  [ -n "$start" ] && tail -c "+$((start + 1))" "$1" | xz -dc --single-stream > "$2" || cp "$1" "$2"
}

make_initrd() {
  rm -rf root
  mkdir -p root/bin root/modules
  cp "$(command -v busybox)" root/bin/busybox
  cp "$here/init.sh" root/init
  chmod 755 root/init
  number=10
  for module in $modules; do
    [ ! -e "modules/$module.ko" ] || cp "modules/$module.ko" "root/modules/$number-$module.ko"
    number=$((number + 1))
  done
  (cd root && find . | busybox cpio -o -H newc 2> /dev/null) > initrd.new
  mv initrd.new initrd
}

[ -e kernel ] || fetch_kernel
make_initrd
