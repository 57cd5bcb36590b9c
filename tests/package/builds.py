"""Building, installing and using pysandbox in the ways its users have."""

import os
import shlex
import shutil
import subprocess
from pathlib import Path

HERE = Path(__file__).resolve().parent
SOURCE = HERE.parents[1]
COMPILER = shlex.split(os.environ.get("CXX", "g++"))

# What pysandbox is built with and its users need not have. Links to shared libraries stay: CMake itself loads some.
BUILT_WITH = """
/usr/include/boost /usr/include/fmt /usr/include/nettle /usr/include/CLI /usr/include/seccomp.h /usr/include/magic.h
/usr/lib/*/libnettle.a /usr/lib/*/libseccomp.a /usr/lib/*/cmake/fmt /usr/lib/*/cmake/Boost* /usr/*/cmake/CLI11
"""
HIDE = f"""
for path in {' '.join(BUILT_WITH.split())}; do
  if [ -d "$path" ]; then mount -t tmpfs none "$path" || exit
  elif [ -e "$path" ]; then mount --bind /dev/null "$path" || exit
  fi
done
exec "$@"
"""


def run(*words, **options):
    """Runs a command that must succeed and returns what it printed."""
    done = subprocess.run([str(word) for word in words], text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, **options)
    if done.returncode != 0:
        raise AssertionError(f"{shlex.join(map(str, words))}: exit status {done.returncode}\n{done.stdout}")
    return done.stdout


def run_without_what_it_was_built_with(*words):
    return run("unshare", "--user", "--map-root-user", "--mount", "sh", "-c", HIDE, "sh", *words)


def settings(**values):
    return [f"-D{name}={value}" for name, value in values.items()]


def build(source, place, *words):
    """A release build of the CMake project `source` in `place`."""
    if shutil.which("ccache"):
        words = [*settings(CMAKE_CXX_COMPILER_LAUNCHER="ccache", CMAKE_C_COMPILER_LAUNCHER="ccache"), *words]
    run("cmake", "-S", source, "-B", place, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Release", *words)
    run("cmake", "--build", place, "-j2")


def build_pysandbox(place, *words):
    build(SOURCE, place, *words, *settings(PYSANDBOX_BUILD_CLI="ON", PYSANDBOX_BUILD_SERVER="OFF", PYSANDBOX_BUILD_TESTS="OFF",
                                           PYSANDBOX_BUILD_BENCHMARKS="OFF", PYSANDBOX_BUILD_EXAMPLES="OFF"))


def pkg_config(directory, *words):
    """What pkg-config says of pysandbox when it knows no other package."""
    return shlex.split(run("pkg-config", *words, "pysandbox",
                           env={"PATH": os.environ["PATH"], "PKG_CONFIG_LIBDIR": str(directory)}))


def files_below(directory):
    return {path.relative_to(directory).as_posix() for path in directory.rglob("*") if not path.is_dir()}


def needed_by(binary):
    """The shared libraries that an ELF file asks for itself, without their versions."""
    lines = run("readelf", "--dynamic", "--wide", binary).splitlines()
    return {line.split("[")[1].split(".so")[0] for line in lines if "(NEEDED)" in line}
