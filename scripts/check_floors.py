#!/usr/bin/env python3
"""Checks that every #include keeps to the floors of the house, and that every source file is built.

    check_floors.py [ROOT]

Prints each violation as file:line: sentence. Exit status 1 if there is one. Needs nothing but Python 3.11.
"""

import re
import sys
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

# THE RULES ------------------------------------------------------------------------------------------------------------

# Which headers of this project each folder may include. The first line that fits a file counts. A folder ends in '/';
# other names are files, in which '*' stands for any letters. The last column says what else may be included: the C++
# standard library, the kernel's and the C library's headers, other libraries (see LIBRARIES).
FLOORS = """
include/pysandbox/                include/pysandbox/                                     std
src/support/hmac.*                src/support/                                           std libraries
src/support/                      src/support/ include/pysandbox/error.* include/pysandbox/export.*   std linux
src/value/                        src/value/ @PUBLIC @SUPPORT                            std linux libraries
src/wire/seccomp_profile.*        src/wire/seccomp_profile.* src/container/seccomp/python_strict.*   std linux libraries
src/wire/                         src/wire/ src/value/ @PUBLIC @SUPPORT                  std linux libraries

src/container/init/               src/container/init/ @INIT @SUPPORT @GENERATED          std linux
src/container/launch_plan.*       @INIT @SUPPORT                                         std linux
src/container/control_channel.*   @INIT @SUPPORT                                         std linux
src/container/steward_protocol.*  @INIT @SUPPORT                                         std linux

src/job/                          src/job/ src/wire/stored_json.* @VALUE                 std linux libraries
src/environment/                  src/environment/ src/file/digest.* @VALUE              std linux libraries
src/process/                      src/process/ @VALUE                                    std linux libraries
src/packages/                     src/packages/ src/process/ src/file/digest.* src/wire/json_document.* @VALUE   std linux libraries
src/oci/                          src/oci/ src/process/ src/container/ src/wire/json_document.* src/wire/seccomp_profile.* @VALUE   std linux libraries
src/network/                      src/network/ @VALUE                                    std linux libraries
src/docker/                       src/docker/ src/container/ src/network/curl_handle.* src/wire/json_document.* src/wire/seccomp_profile.* src/wire/json_field.* @VALUE   std linux libraries
src/container/                    src/container/ @VALUE                                  std linux libraries
src/file/                         src/file/ @VALUE                                       std linux libraries
src/runners/                      src/runners/ @VALUE                                    std

src/queue/                        src/ @PUBLIC                                           std linux libraries
src/sandbox.*                     src/ @PUBLIC                                           std linux libraries
src/worker.*                      src/ @PUBLIC                                           std linux libraries

server/http/                      server/http/ include/pysandbox/byte_source.* include/pysandbox/error.*   std linux libraries
server/api/                       server/ src/wire/json_document.* src/wire/base64.* src/value/text.* src/value/words.* @PUBLIC   std linux libraries
cli/                              cli/ src/runners/ src/wire/json_document.* src/wire/json_field.* src/support/unique_fd.* @PUBLIC   std linux libraries
server/                           server/ src/runners/ @PUBLIC                                        std linux libraries
examples/                         examples/ @PUBLIC                                      std linux libraries
benchmarks/stage_bench.cpp        src/ @PUBLIC @GENERATED                                  std linux libraries
benchmarks/                       benchmarks/ @PUBLIC                                    std linux libraries
tests/                            tests/ src/ cli/ server/ @PUBLIC @GENERATED            std linux libraries
"""
GROUPS = {
    "@PUBLIC": "include/pysandbox/",
    "@SUPPORT": "src/support/",
    "@VALUE": "src/value/ src/support/ include/pysandbox/",
    "@INIT": "src/container/launch_plan.* src/container/control_channel.* src/container/steward_protocol.*",
    "@GENERATED": "generated/*.inc",  # made while building
}

# Where each library may be included.
LIBRARIES = """
Boost.JSON        boost/json       src/wire/ src/packages/ src/docker/ src/oci/ server/ cli/ tests/server/ tests/unit/oci_test.* tests/docker/
Boost.Process     boost/process    src/process/
Boost.Asio        boost/asio       src/process/ server/ tests/support/
Boost.Optional    boost/optional   src/process/
Boost.Traits      boost/type_traits  src/process/
Boost.Beast       boost/beast      server/http/
Boost.URL         boost/url        server/
CLI11             CLI              cli/ server/command_line.*
fmt               fmt              *.cpp
Google Benchmark  benchmark        benchmarks/
GoogleTest        gtest            tests/
GoogleTest        gmock            tests/
libarchive        archive.h        src/docker/ server/api/ tests/server/
libarchive        archive_entry.h  src/docker/ server/api/ tests/server/
libcurl           curl             src/network/ src/docker/ cli/
libmagic          magic.h          src/file/
libpqxx           pqxx             src/job/
libseccomp        seccomp.h        src/container/seccomp/
nettle            nettle           src/file/ src/support/hmac.* server/keys/
prometheus-cpp    prometheus       server/metrics/
spdlog            spdlog           server/log.*
toml++            toml++           cli/script_metadata.*
SQLite            sqlite3.h        src/job/ tests/
"""

LINUX = """
aio.h alloca.h byteswap.h dirent.h dlfcn.h elf.h endian.h err.h errno.h execinfo.h fcntl.h features.h fnmatch.h ftw.h
getopt.h glob.h grp.h ifaddrs.h libgen.h limits.h link.h mntent.h netdb.h poll.h pthread.h pty.h pwd.h resolv.h sched.h
semaphore.h signal.h spawn.h stddef.h stdint.h stdio.h stdlib.h string.h strings.h syslog.h termios.h time.h ucontext.h
unistd.h utime.h wait.h arpa/ asm/ linux/ net/ netinet/ sys/
"""

STD = """
algorithm any array atomic barrier bit bitset charconv chrono codecvt compare complex concepts condition_variable
coroutine deque exception execution filesystem format forward_list fstream functional future initializer_list iomanip
ios iosfwd iostream istream iterator latch limits list locale map memory memory_resource mutex new numbers numeric
optional ostream queue random ranges ratio regex scoped_allocator semaphore set shared_mutex source_location span
sstream stack stdexcept stop_token streambuf string string_view syncstream system_error thread tuple type_traits
typeindex typeinfo unordered_map unordered_set utility valarray variant vector version
cassert cctype cerrno cfenv cfloat cinttypes climits clocale cmath csetjmp csignal cstdarg cstddef cstdint cstdio
cstdlib cstring ctime cuchar cwchar cwctype
"""

# Every source file below these is named in a CMakeLists.txt below the same folder, and every name there is a file.
BUILT = "src cli server tests examples benchmarks"
BUILT_KINDS = (".cpp", ".S")

LONGEST_FILE = 500  # lines; tests may be longer

# THE CHECK ------------------------------------------------------------------------------------------------------------

FOLDERS = "include src cli server examples benchmarks tests".split()
SOURCE_KINDS = (".hpp", ".cpp", ".h", ".c", ".S", ".inc")
INCLUDE = re.compile(r'^\s*#\s*include\s*(?:<([^>]+)>|"([^"]+)"|(\S+))')
NAMED_SOURCE = re.compile(r"[^\s\"'();<>:]+\.(?:cpp|S)(?![\w.])")


@dataclass(frozen=True, order=True)
class Violation:
    file: str
    line: int
    sentence: str

    def __str__(self):
        return f"{self.file}:{self.line}: {self.sentence}"


@dataclass(frozen=True)
class Floor:
    where: str
    own_headers: list
    kinds: set


def fits(path, pattern):
    """Whether a path lies in a folder ("src/job/") or matches a name ("src/worker.*", "*.cpp")."""
    if pattern.endswith("/"):
        return path.startswith(pattern)
    if "/" not in pattern:
        path = PurePosixPath(path).name
    return re.fullmatch(re.escape(pattern).replace(r"\*", "[^/]*"), path) is not None


def fits_any(path, patterns):
    return any(fits(path, pattern) for pattern in patterns)


def parse_floors(text):
    kinds = {"std", "linux", "libraries"}
    for line in filter(None, map(str.strip, text.splitlines())):
        where, *words = line.split()
        own = " ".join(GROUPS.get(word, word) for word in words if word not in kinds).split()
        yield Floor(where, own, kinds & set(words))


def parse_libraries(text):
    for line in filter(None, map(str.strip, text.splitlines())):
        name, header, where = re.split(r"\s{2,}", line, maxsplit=2)
        yield name, header, where.split()


class House:
    def __init__(self, root):
        self.root = Path(root)
        self.floors = list(parse_floors(FLOORS))
        self.libraries = list(parse_libraries(LIBRARIES))

    def violations(self):
        found = [violation for path in self.sources() for violation in self.of_source(path)]
        for folder in BUILT.split():
            found += self.of_build(folder)
        return sorted(found)

    def files(self, folder, accept):
        base = self.root / folder
        return sorted(p.relative_to(self.root).as_posix() for p in base.rglob("*") if p.is_file() and accept(p))

    def sources(self):
        return [path for folder in FOLDERS for path in self.files(folder, lambda p: p.suffix in SOURCE_KINDS)]

    def lines(self, path):
        return (self.root / path).read_text(encoding="utf-8", errors="replace").splitlines()

    def of_source(self, path):
        lines = self.lines(path)
        for number, line in enumerate(lines, start=1):
            if match := INCLUDE.match(line):
                if sentence := self.objection(path, *match.groups()):
                    yield Violation(path, number, sentence)
        if len(lines) > LONGEST_FILE and not path.startswith("tests/"):
            yield Violation(path, len(lines), f"has {len(lines)} lines; divide it, {LONGEST_FILE} are the most")

    def objection(self, path, angled, quoted, computed):
        """What is wrong with one #include; None if nothing is."""
        floor = next((floor for floor in self.floors if fits(path, floor.where)), None)
        if floor is None:
            return "lies in no folder that the table of floors names"
        if computed:
            return f"includes {computed}, which cannot be checked; write the header's name"
        if quoted or angled.startswith("pysandbox/"):
            return self.objection_to_own(path, floor, quoted, angled)
        return self.objection_to_foreign(path, floor, angled)

    def objection_to_own(self, path, floor, quoted, angled):
        header = self.resolve(path, quoted) if quoted else "include/" + angled
        if header is None or not (header.startswith("generated/") or (self.root / header).is_file()):
            return f"includes {quoted or angled}, which is no header of this project"
        if not fits_any(header, floor.own_headers):
            allowed = ", ".join(floor.own_headers) or "no header of this project"
            return f"includes {header}, but {floor.where} may include only {allowed}"
        return None

    def resolve(self, path, name):
        folder = PurePosixPath(path).parent
        for place in (folder, PurePosixPath(folder.parts[0]), PurePosixPath("src"), PurePosixPath("server")):
            target = (self.root / place / name).resolve()
            if target.is_file() and target.is_relative_to(self.root.resolve()):
                return target.relative_to(self.root.resolve()).as_posix()
        return "generated/" + name if name.endswith(".inc") and "/" not in name else None

    def objection_to_foreign(self, path, floor, header):
        if header in STD.split():
            return None
        if header in LINUX.split() or PurePosixPath(header).parts[0] + "/" in LINUX.split():
            return None if "linux" in floor.kinds else f"includes <{header}>, but {floor.where} may include only std"
        for name, prefix, where in self.libraries:
            if header == prefix or header.startswith(prefix + "/") or header.startswith(prefix + "."):
                if "libraries" not in floor.kinds:
                    return f"includes <{header}> of {name}, but {floor.where} may include no library"
                if not fits_any(path, where):
                    return f"includes <{header}>, but {name} belongs to {' '.join(where)} only"
                return None
        return f"includes <{header}>, which no table in scripts/check_floors.py names"

    def of_build(self, folder):
        named = {}
        for listing in self.files(folder, lambda p: p.name == "CMakeLists.txt"):
            for number, line in enumerate(self.lines(listing), start=1):
                for word in NAMED_SOURCE.findall(line.split("#")[0]):
                    if (source := self.source_named(listing, word)) is not None:
                        named.setdefault(source, (listing, number))
        on_disk = set(self.files(folder, lambda p: p.suffix in BUILT_KINDS))
        for path in on_disk - named.keys():
            yield Violation(path, 1, f"is not built: no CMakeLists.txt below {folder}/ names it")
        for path, (listing, number) in named.items():
            if not (self.root / path).is_file():
                yield Violation(listing, number, f"names {path}, which does not exist")

    def source_named(self, listing, word):
        """The path that a word of a CMakeLists.txt means; None for a file that is made while building."""
        folder = str(self.root.resolve() / PurePosixPath(listing).parent)
        for variable, value in (
            ("${CMAKE_CURRENT_SOURCE_DIR}", folder),
            ("${CMAKE_CURRENT_LIST_DIR}", folder),
            ("${PROJECT_SOURCE_DIR}", str(self.root.resolve())),
        ):
            word = word.replace(variable, value)
        if "$" in word:
            return None
        target = (Path(folder) / word).resolve()
        inside = target.is_relative_to(self.root.resolve())
        return target.relative_to(self.root.resolve()).as_posix() if inside else None


def main(arguments):
    root = Path(arguments[0]) if arguments else Path(__file__).resolve().parent.parent
    house = House(root)
    if not house.sources():
        print(f"{root} holds no source file; give the root of the project", file=sys.stderr)
        return 2
    violations = house.violations()
    for violation in violations:
        print(violation)
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
