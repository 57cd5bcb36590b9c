# What pysandbox needs of Debian 12, by purpose. Sourced by the other scripts.
build_packages=(g++ cmake ninja-build ccache pkg-config python3 python3-pip
                libboost1.81-dev libfmt-dev libseccomp-dev libsqlite3-dev libpqxx-dev nettle-dev libcli11-dev libmagic-dev
                libcurl4-openssl-dev libarchive-dev libspdlog-dev prometheus-cpp-dev libtomlplusplus-dev)
test_packages=(libgtest-dev libgmock-dev libbenchmark-dev clang-14 libclang-rt-14-dev bubblewrap util-linux binutils openssl curl
               postgresql nginx python3-jsonschema strace qemu-system-x86 busybox-static xz-utils cpio
               docker.io docker-compose python3-yaml runc crun runsc python3-dev)
bench_packages=(libbenchmark-dev bubblewrap firejail runc crun runsc docker.io postgresql nginx)  # and what is compared with
