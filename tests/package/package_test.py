"""An installed pysandbox is of use to somebody else's project.

PYSANDBOX_STATIC_BUILD and PYSANDBOX_SHARED_BUILD may name release builds that exist already.
"""

import os
import re
import sys
import tempfile
import unittest
from pathlib import Path

from builds import (COMPILER, HERE, SOURCE, build, build_pysandbox, files_below, needed_by, pkg_config, run,
                    run_without_what_it_was_built_with, settings)

HEADERS = sorted(path.name for path in (SOURCE / "include/pysandbox").iterdir())
VERSION = re.search(r'PYSANDBOX_VERSION "(.*)"', (SOURCE / "include/pysandbox/export.hpp").read_text())[1]
CPLUSPLUS = {"libstdc++", "libm", "libgcc_s", "libc"}
CONSUMER_SAYS = f"""\
a directory was named
version {VERSION}
a program ran
the library called a FileStore of ours
a result travelled as JSON
our Error came back to us
an Error of the library was caught
dynamic_cast knew the stores apart
a job waits in SQLite
"""


def temporary_directory(cleanup):
    place = tempfile.TemporaryDirectory(prefix="pysandbox-package-")
    cleanup(place.cleanup)
    return Path(place.name)


class UserProject(unittest.TestCase):
    """Has a directory to work in."""

    def setUp(self):
        self.place = temporary_directory(self.addCleanup)

    def assert_works(self, consumer):
        data = Path(tempfile.mkdtemp(dir=self.place))
        self.assertEqual(run(consumer, data), CONSUMER_SAYS)

    def compile_consumer(self, *words):
        program = self.place / "consumer"
        run(*COMPILER, "-std=c++20", "-O1", "-Wall", "-Wextra", "-Wpedantic", "-Wshadow", "-Werror",
            HERE / "consumer/main.cpp", "-o", program, *words)
        return program


class Package:
    """What holds for both kinds of package, installed and then moved to a place with a space in its name."""

    @classmethod
    def setUpClass(cls):
        place = temporary_directory(cls.addClassCleanup)
        built = os.environ.get(cls.build_variable)
        if not built:
            built = place / "build"
            build_pysandbox(built, *cls.build_settings)
        run("cmake", "--install", built, "--prefix", place / "installed")
        cls.built = Path(built).resolve()
        cls.prefix = place / "moved elsewhere"
        (place / "installed").rename(cls.prefix)
        cls.libdir = next(cls.prefix.glob("lib/**/pkgconfig")).parent

    def find_package_words(self, wanted=""):
        return ["-S", HERE / "consumer", "-B", self.place, "-G", "Ninja",
                *settings(CMAKE_BUILD_TYPE="Release", CMAKE_PREFIX_PATH=self.prefix, PYSANDBOX_WANTED=wanted)]

    def test_exactly_what_users_need_is_installed(self):
        lib = self.libdir.relative_to(self.prefix).as_posix()
        self.assertEqual(files_below(self.prefix), {
            "bin/pysandbox",
            "share/bash-completion/completions/pysandbox",
            "share/zsh/site-functions/_pysandbox",
            "share/fish/vendor_completions.d/pysandbox.fish",
            *(f"include/pysandbox/{name}" for name in HEADERS),
            *(f"{lib}/{name}" for name in self.library_files),
            *(f"{lib}/libpysandbox_{part}.a" for part in self.components),
            f"{lib}/pkgconfig/pysandbox.pc",
            *(f"{lib}/cmake/pysandbox/pysandbox-{name}.cmake"
              for name in ("config", "config-version", "targets", "targets-release",
                           *(f"{part}-targets" for part in self.parts_of_the_library),
                           *(f"{part}-targets{kind}" for part in self.components for kind in ("", "-release")))),
        })

    def test_no_installed_text_names_the_place_where_it_was_built(self):
        for path in filter(Path.is_file, self.prefix.rglob("*")):
            content = path.read_bytes()
            if b"\0" not in content and not content.startswith(b"!<arch>"):
                for place in (SOURCE, self.built, self.prefix.parent):
                    self.assertNotIn(str(place).encode(), content, path)

    def test_find_package_is_enough_where_nothing_it_was_built_with_is_there(self):
        run_without_what_it_was_built_with("cmake", *self.find_package_words())
        run_without_what_it_was_built_with("cmake", "--build", self.place)
        self.assert_works(self.place / "consumer")

    def test_find_package_takes_this_version_and_no_later_one(self):
        run("cmake", *self.find_package_words(VERSION))
        with self.assertRaisesRegex(AssertionError, f"version: {VERSION}"):
            run("cmake", *self.find_package_words(int(VERSION.split(".")[0]) + 1))

    def test_the_way_out_to_the_network_is_a_component(self):
        run("cmake", "-S", HERE / "network_consumer", "-B", self.place, "-G", "Ninja",
            *settings(CMAKE_BUILD_TYPE="Release", CMAKE_PREFIX_PATH=self.prefix))
        run("cmake", "--build", self.place)
        consumer = self.place / "network_consumer"
        self.assertEqual(run(consumer), "a public place\nno public place\ninvalid_request\n")
        self.assertIn("libcurl", needed_by(consumer))

    def test_pkg_config_is_enough_where_it_knows_no_other_package(self):
        where = self.libdir / "pkgconfig"
        self.assertEqual(pkg_config(where, "--modversion"), [VERSION])
        consumer = self.compile_consumer(*pkg_config(where, "--cflags", "--libs", *self.pkg_config_words),
                                         f"-Wl,-rpath,{self.libdir}")
        self.assert_works(consumer)
        self.assertLessEqual(needed_by(consumer), CPLUSPLUS | self.consumer_loads)

    def test_the_program_runs_in_an_empty_environment_from_anywhere(self):
        self.assertEqual(run(self.prefix / "bin/pysandbox", "run", "-c", "print(1)", env={}, cwd=self.place), "1\n")
        self.assertEqual(run(self.prefix / "bin/pysandbox", "--version", env={}), f"pysandbox {VERSION}\n")


class StaticPackage(Package, UserProject):
    build_variable = "PYSANDBOX_STATIC_BUILD"
    build_settings = settings(BUILD_SHARED_LIBS="OFF")
    library_files = ["libpysandbox.a"]
    components = ["docker", "environments", "network", "oci", "postgres"]
    parts_of_the_library = []
    pkg_config_words = ["--static"]
    consumer_loads = {"libsqlite3"}

    def test_the_program_loads_the_c_library_and_nothing_else(self):
        self.assertLessEqual(needed_by(self.prefix / "bin/pysandbox"), {"libc", "libm", "ld-linux-x86-64"})

    def test_it_can_be_part_of_a_shared_library_of_somebody_else(self):
        words = pkg_config(self.libdir / "pkgconfig", "--cflags", "--libs", *self.pkg_config_words)
        library = self.compile_consumer("-shared", "-fPIC", "-Wl,-z,defs", *words)
        call = ("import ctypes, sys; "
                "ctypes.CDLL(sys.argv[1]).main(2, (ctypes.c_char_p * 3)(b'plugin', sys.argv[2].encode()))")
        self.assertEqual(run(sys.executable, "-c", call, library, self.place), CONSUMER_SAYS)


class SharedPackage(Package, UserProject):
    build_variable = "PYSANDBOX_SHARED_BUILD"
    build_settings = settings(BUILD_SHARED_LIBS="ON", CMAKE_INSTALL_LIBDIR="lib/x86_64-linux-gnu")
    components = ["docker", "environments", "network", "postgres"]
    parts_of_the_library = ["oci"]
    library_files = ["libpysandbox.so", f"libpysandbox.so.{VERSION.split('.')[0]}", f"libpysandbox.so.{VERSION}"]
    pkg_config_words = []
    consumer_loads = {"libpysandbox"}

    def test_it_exports_what_the_headers_declare_and_nothing_else(self):
        headers = [*(SOURCE / "include/pysandbox").iterdir(),
                   *(SOURCE / "src/job").glob("sql_*.hpp")]  # which pysandbox::postgres has in common with it
        declared = " ".join(header.read_text() for header in headers)
        exported = run("nm", "--dynamic", "--demangle", "--defined-only", "--format=posix",
                       self.libdir / "libpysandbox.so")
        names = set()
        for line in exported.splitlines():
            match = re.match(r"(?:typeinfo for |typeinfo name for |vtable for )?pysandbox::(\w+)", line)
            self.assertIsNotNone(match, line)
            names.add(match[1])
            self.assertRegex(declared, rf"PYSANDBOX_EXPORT\b[^;{{]*\b{match[1]}\b", line)
        self.assertLessEqual({"Sandbox", "Error", "FileStore", "open_sqlite_job_store", "version"}, names)

    def test_it_loads_sqlite_and_nettle_and_nothing_else(self):
        loader = {"ld-linux-x86-64"}  # of the C library, for variables of threads
        self.assertEqual(needed_by(self.libdir / "libpysandbox.so") - loader, CPLUSPLUS | {"libsqlite3", "libnettle"})


class SourceTree(UserProject):
    def test_a_project_that_holds_the_sources_builds_the_library_only(self):
        build(HERE / "subproject", self.place, *settings(PYSANDBOX_SOURCE=SOURCE))
        self.assert_works(self.place / "consumer")
        programs = {name for name in files_below(self.place)
                    if "CMakeFiles" not in name and os.access(self.place / name, os.X_OK)}
        made_on_the_way = {f"pysandbox/internal/{name}" for name in
                           ("make_seccomp_filter", "pysandbox_init", "pysandbox_steward", "pysandbox_zygote.so")}
        self.assertEqual(programs, {"consumer"} | made_on_the_way)
        targets = run("cmake", "--build", self.place, "--target", "help")
        self.assertNotRegex(targets, r"pysandbox_cli|test_support|_test\b|example_|_bench\b")
        self.assertIn("Total Tests: 0", run("ctest", "--test-dir", self.place, "-N"))


class PublicHeaders(UserProject):
    def compile(self, text, standard="c++20"):
        source = self.place / "source.cpp"
        source.write_text(text)
        run(*COMPILER, f"-std={standard}", "-Wall", "-Wextra", "-Wpedantic", "-Wshadow", "-Werror", "-fsyntax-only",
            f"-I{SOURCE}/include", source)

    def test_each_can_be_included_alone(self):
        for name in HEADERS:
            with self.subTest(name):
                self.compile(f"#include <pysandbox/{name}>\n")

    def test_all_can_be_included_by_c_plus_plus_23(self):
        self.compile("".join(f"#include <pysandbox/{name}>\n" for name in HEADERS), "c++23")

    def test_they_include_the_standard_library_and_each_other_only(self):
        for name in HEADERS:
            text = (SOURCE / "include/pysandbox" / name).read_text()
            for header in re.findall(r"^\s*#\s*include\s*(.*)", text, re.MULTILINE):
                self.assertRegex(header, r"^<([a-z_]+|pysandbox/[a-z_]+\.hpp)>$", name)


if __name__ == "__main__":
    unittest.main()
