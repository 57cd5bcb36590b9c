# What pysandbox needs of Debian 12, by purpose. Sourced by the other scripts.
build_packages=(g++ cmake ninja-build ccache pkg-config libboost1.81-dev libfmt-dev libseccomp-dev libsqlite3-dev nettle-dev
                libcli11-dev libmagic-dev libcurl4-openssl-dev python3)
test_packages=(libgtest-dev libgmock-dev libbenchmark-dev bubblewrap util-linux binutils qemu-system-x86 busybox-static xz-utils cpio openssl
               clang-14 libclang-rt-14-dev)
