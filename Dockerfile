# pysandbox-server, and the command line, on Debian 12:
#
#   docker build --tag pysandbox-server .
#
# The image needs no --privileged, but three options: docs/deploy.md. BASE may be any other image of Debian 12.
ARG BASE=debian:bookworm-slim

FROM ${BASE} AS build
COPY scripts/packages.sh scripts/install_packages.sh /source/scripts/
RUN bash -euc '. /source/scripts/packages.sh; /source/scripts/install_packages.sh "${build_packages[@]}"'
COPY . /source
RUN cmake -S /source -B /build -G Ninja -D CMAKE_BUILD_TYPE=Release -D PYSANDBOX_BUILD_TESTS=OFF \
      -D PYSANDBOX_BUILD_BENCHMARKS=OFF -D PYSANDBOX_BUILD_EXAMPLES=OFF \
 && cmake --build /build \
 && install --strip -D --target-directory=/programs /build/bin/pysandbox /build/bin/pysandbox-server

FROM ${BASE}
# The libraries that `ldd` and dlopen(3) name, the interpreter of jobs, and pip, which makes their packages ready.
RUN apt-get update \
 && DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends \
      ca-certificates python3 python3-pip \
      libarchive13 libcurl4 libfmt9 libmagic1 libnettle8 libpqxx-6.4 libprometheus-cpp-core1.0 libspdlog1.10 libsqlite3-0 \
 && rm -rf /var/lib/apt/lists/*
# A user of its own. Jobs are isolated by user namespaces, for which nobody has to be root.
RUN groupadd --gid 3004 pysandbox \
 && useradd --uid 3004 --gid 3004 --home-dir /var/lib/pysandbox --no-create-home --shell /usr/sbin/nologin pysandbox \
 && install -d -o pysandbox -g pysandbox -m 0700 /run/pysandbox /var/lib/pysandbox
COPY --from=build /programs/ /usr/bin/
ENV PYSANDBOX_LISTEN=0.0.0.0:3004 PYSANDBOX_DATA_DIR=/var/lib/pysandbox XDG_RUNTIME_DIR=/run/pysandbox PYTHONDONTWRITEBYTECODE=1
USER pysandbox
VOLUME /var/lib/pysandbox
EXPOSE 3004
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s \
  CMD ["python3", "-c", "import os, urllib.request as r; r.urlopen('http://127.0.0.1:' + os.environ['PYSANDBOX_LISTEN'].rpartition(':')[2] + '/ready', timeout=4)"]
ENTRYPOINT ["pysandbox-server"]
