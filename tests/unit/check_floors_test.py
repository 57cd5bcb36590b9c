#!/usr/bin/env python3
"""Proves that scripts/check_floors.py lets a house in order pass and catches a breach of each of its rules."""

import io
import sys
import tempfile
import unittest
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))
import check_floors  # noqa: E402

# One file of each floor with everything that it may include.
IN_ORDER = {
    "include/pysandbox/error.hpp": "#include <string>\n#include <pysandbox/export.hpp>\n",
    "include/pysandbox/export.hpp": "",
    "include/pysandbox/job.hpp": "#include <vector>\n",
    "src/CMakeLists.txt": """
        add_library(pysandbox sandbox.cpp worker.cpp value/words.cpp wire/json.cpp wire/boost_json.cpp
          container/bootstrap.S container/runner.cpp container/launch_plan.cpp
          environment/prepare.cpp file/digest.cpp file/content_type.cpp  # file/comment.cpp
          job/store.cpp ${PROJECT_SOURCE_DIR}/src/support/syscall.cpp)
        target_sources(pysandbox PRIVATE ${CMAKE_CURRENT_BINARY_DIR}/generated.cpp)
        set_source_files_properties(container/bootstrap.S PROPERTIES OBJECT_DEPENDS nothing)""",
    "src/sandbox.cpp": '#include <pysandbox/job.hpp>\n#include "worker.hpp"\n#include "file/digest.hpp"\n',
    "src/worker.hpp": "",
    "src/worker.cpp": '#include "worker.hpp"\n#include "environment/prepare.hpp"\n#include "file/digest.hpp"\n',
    "src/value/words.hpp": "#include <pysandbox/job.hpp>\n",
    "src/value/words.cpp": '#include "value/words.hpp"\n#include "support/syscall.hpp"\n#include <fmt/format.h>\n',
    "src/wire/json.cpp": '#include <boost/json/value.hpp>\n#include <fmt/format.h>\n#include "value/words.hpp"\n',
    "src/wire/json_field.hpp": "",
    "src/wire/stored_json.hpp": "#include <pysandbox/job.hpp>\n",
    "src/wire/boost_json.cpp": "#include <boost/json/src.hpp>\n",
    "src/support/syscall.hpp": "#include <sys/stat.h>\n#include <pysandbox/error.hpp>\n",
    "src/support/syscall.cpp": '#include "support/syscall.hpp"\n#include <unistd.h>\n',
    "src/job/store.cpp": '#include <sqlite3.h>\n#include "value/words.hpp"\n#include "support/syscall.hpp"\n'
    '#include "wire/stored_json.hpp"\n',
    "src/job/store.hpp": "",
    "src/environment/prepare.hpp": "#include <pysandbox/job.hpp>\n",
    "src/environment/prepare.cpp": '#include "environment/prepare.hpp"\n',
    "src/file/artifacts.hpp": "#include <string>\n",
    "src/file/digest.hpp": "#include <nettle/sha2.h>\n",
    "src/file/digest.cpp": '#include "file/digest.hpp"\n',
    "src/file/content_type.cpp": "#include <magic.h>\n",
    "src/container/bootstrap.S": "",
    "src/container/runner.hpp": "",
    "src/container/runner.cpp": '#include "container/runner.hpp"\n#include "container/launch_plan.hpp"\n',
    "src/container/launch_plan.hpp": "#include <linux/seccomp.h>\n",
    "src/container/launch_plan.cpp": '#include "container/launch_plan.hpp"\n',
    "src/container/init/CMakeLists.txt": "add_executable(i main.cpp ${CMAKE_CURRENT_SOURCE_DIR}/../launch_plan.cpp)\n",
    "src/container/init/main.cpp": '#include "container/launch_plan.hpp"\n#include "container/init/step.hpp"\n'
    '#include "support/syscall.hpp"\n#include "python_strict.inc"\n',
    "src/container/init/step.hpp": "",
    "src/container/seccomp/CMakeLists.txt": "add_executable(make_filter make_filter.cpp)\n",
    "src/container/seccomp/make_filter.cpp": "#include <seccomp.h>\n",
    "cli/CMakeLists.txt": "add_executable(cli main.cpp)\n",
    "cli/main.cpp": '#include <CLI/CLI.hpp>\n#include <pysandbox/job.hpp>\n#include "probes.hpp"\n',
    "cli/probes.hpp": "",
    "examples/CMakeLists.txt": "add_executable(example 01_run.cpp)\n",
    "examples/01_run.cpp": "#include <pysandbox/job.hpp>\n#include <iostream>\n",
    "benchmarks/CMakeLists.txt": "add_executable(benchmarks run.cpp)\n",
    "benchmarks/run.cpp": "#include <benchmark/benchmark.h>\n#include <pysandbox/job.hpp>\n",
    "tests/CMakeLists.txt": "add_executable(tests unit/job_test.cpp)\n",
    "tests/support/bytes.hpp": "",
    "tests/unit/job_test.cpp": '#include <gtest/gtest.h>\n#include <sqlite3.h>\n#include "job/store.hpp"\n'
    '#include "../support/bytes.hpp"\n' + "\n" * 600,
}


def check(changes):
    """The violations in a house in order, after `changes` (a text of None removes a file)."""
    with tempfile.TemporaryDirectory() as root:
        for name, text in (IN_ORDER | changes).items():
            if text is not None:
                path = Path(root, name)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)
        return [str(violation) for violation in check_floors.House(root).violations()]


class CheckFloors(unittest.TestCase):
    def assert_caught(self, changes, *beginnings):
        found = check(changes)
        self.assertEqual(len(found), len(beginnings), found)
        for violation, beginning in zip(found, beginnings):
            self.assertTrue(violation.startswith(beginning), f"{violation!r} does not begin with {beginning!r}")

    def assert_include_caught(self, file, include):
        """That one more #include in a file is caught, in its line."""
        before = IN_ORDER.get(file, "")
        line = before.count("\n") + 1
        self.assert_caught({file: f"{before}#include {include}\n"}, f"{file}:{line}: includes ")

    def test_lets_a_house_in_order_pass(self):
        self.assertEqual(check({}), [])

    def test_catches_anything_but_std_and_itself_in_a_public_header(self):
        for include in ("<unistd.h>", "<sys/stat.h>", "<fmt/format.h>", "<magic.h>", '"support/syscall.hpp"'):
            with self.subTest(include):
                self.assert_include_caught("include/pysandbox/job.hpp", include)

    def test_catches_a_job_or_a_library_in_support(self):
        for include in ("<pysandbox/job.hpp>", '"value/words.hpp"', '"file/digest.hpp"', "<fmt/format.h>"):
            with self.subTest(include):
                self.assert_include_caught("src/support/syscall.cpp", include)

    def test_catches_a_stage_in_another_stage(self):
        stages = {
            "job": "job/store.hpp",
            "environment": "environment/prepare.hpp",
            "container": "container/runner.hpp",
            "file": "file/artifacts.hpp",  # not the digest, which prepare may take
        }
        files = ("src/job/store.cpp", "src/environment/prepare.cpp", "src/container/runner.cpp", "src/file/digest.cpp")
        for file in files:
            for stage, header in stages.items():
                if f"/{stage}/" not in file:
                    with self.subTest(file=file, header=header):
                        self.assert_include_caught(file, f'"{header}"')

    def test_catches_a_stage_by_a_relative_name(self):
        self.assert_include_caught("src/job/store.cpp", '"../file/digest.hpp"')

    def test_catches_the_pipeline_in_a_stage(self):
        self.assert_include_caught("src/job/store.cpp", '"worker.hpp"')

    def test_catches_a_stage_below_the_pipeline(self):
        self.assert_include_caught("src/wire/json.cpp", '"file/digest.hpp"')
        self.assert_include_caught("src/value/words.hpp", '"worker.hpp"')

    def test_catches_the_wire_format_where_it_does_not_belong(self):
        self.assert_include_caught("src/value/words.cpp", '"wire/stored_json.hpp"')
        self.assert_include_caught("src/job/store.cpp", '"wire/json_field.hpp"')
        self.assert_include_caught("src/file/digest.cpp", '"wire/stored_json.hpp"')

    def test_catches_the_host_side_in_init(self):
        for include in ('"container/runner.hpp"', "<pysandbox/job.hpp>", '"value/words.hpp"', "<fmt/format.h>"):
            with self.subTest(include):
                self.assert_include_caught("src/container/init/main.cpp", include)

    def test_catches_the_host_side_in_what_init_shares_with_it(self):
        for include in ('"container/runner.hpp"', "<pysandbox/job.hpp>", "<fmt/format.h>"):
            with self.subTest(include):
                self.assert_include_caught("src/container/launch_plan.cpp", include)

    def test_catches_inner_headers_in_programs(self):
        for file in ("cli/main.cpp", "examples/01_run.cpp", "benchmarks/run.cpp"):
            for include in ('"support/syscall.hpp"', '"../src/value/words.hpp"', '"../tests/support/bytes.hpp"'):
                with self.subTest(file=file, include=include):
                    self.assert_include_caught(file, include)

    def test_catches_one_program_in_another(self):
        self.assert_include_caught("examples/01_run.cpp", '"../cli/probes.hpp"')

    def test_catches_each_library_outside_of_its_folder(self):
        elsewhere = {
            "boost/json/value.hpp": "src/job/store.cpp",
            "boost/process/v2.hpp": "cli/main.cpp",
            "boost/asio/post.hpp": "src/job/store.cpp",
            "boost/optional/optional.hpp": "src/job/store.cpp",
            "boost/type_traits/is_same.hpp": "src/job/store.cpp",
            "boost/beast/http.hpp": "cli/main.cpp",
            "boost/url/url.hpp": "cli/main.cpp",
            "CLI/CLI.hpp": "examples/01_run.cpp",
            "fmt/format.h": "src/value/words.hpp",
            "benchmark/benchmark.h": "tests/unit/job_test.cpp",
            "gtest/gtest.h": "src/job/store.cpp",
            "gmock/gmock.h": "benchmarks/run.cpp",
            "archive.h": "src/job/store.cpp",
            "archive_entry.h": "cli/main.cpp",
            "curl/curl.h": "src/file/digest.cpp",
            "magic.h": "src/job/store.cpp",
            "pqxx/pqxx": "src/file/digest.cpp",
            "seccomp.h": "src/container/runner.cpp",
            "nettle/sha2.h": "src/job/store.cpp",
            "prometheus/registry.h": "cli/main.cpp",
            "spdlog/spdlog.h": "cli/main.cpp",
            "sqlite3.h": "src/file/digest.cpp",
            "toml++/toml.h": "src/job/store.cpp",
        }
        self.assertEqual(
            {prefix for _, prefix, _ in check_floors.parse_libraries(check_floors.LIBRARIES)}
            - {prefix for header in elsewhere for prefix in (header, header.rpartition("/")[0])},
            set(),
            "every library of the table must be tried here",
        )
        for header, file in elsewhere.items():
            with self.subTest(header):
                self.assert_include_caught(file, f"<{header}>")

    def test_catches_a_library_that_no_table_names(self):
        for header in ("zlib.h", "boost/regex.hpp", "openssl/sha.h", "vendor/unistd.h", "stringy"):
            with self.subTest(header):
                self.assert_include_caught("src/file/digest.cpp", f"<{header}>")

    def test_catches_a_header_that_does_not_exist(self):
        self.assert_include_caught("src/file/digest.cpp", '"file/gone.hpp"')
        self.assert_include_caught("src/file/digest.cpp", "<pysandbox/gone.hpp>")
        self.assert_include_caught("src/file/digest.cpp", '"../../../../etc/passwd"')

    def test_catches_an_include_it_cannot_read(self):
        self.assert_include_caught("src/file/digest.cpp", "HEADER")

    def test_reads_every_way_to_write_an_include(self):
        for line in ("  #include <fmt/format.h>", "#  include\t<fmt/format.h>  // why", "#include<fmt/format.h>"):
            with self.subTest(line):
                header = "src/value/words.hpp"
                self.assert_caught({header: line + "\n"}, f"{header}:1: includes <fmt/format.h>")

    def test_catches_a_file_outside_of_the_floors(self):
        self.assert_caught(
            {"include/other/x.hpp": "#include <string>\n"}, "include/other/x.hpp:1: lies in no folder"
        )
        self.assert_caught({"src/new.hpp": "#include <string>\n"}, "src/new.hpp:1: lies in no folder")

    def test_catches_a_source_that_is_not_built(self):
        for file in ("src/job/new.cpp", "src/container/new.S", "cli/new.cpp", "tests/unit/new_test.cpp",
                     "examples/new.cpp", "benchmarks/new.cpp"):  # fmt: skip
            with self.subTest(file):
                self.assert_caught({file: ""}, f"{file}:1: is not built")

    def test_does_not_take_a_comment_for_a_name(self):
        self.assert_caught({"src/file/comment.cpp": ""}, "src/file/comment.cpp:1: is not built")

    def test_does_not_take_a_longer_name_for_a_name(self):
        self.assert_caught({"src/file/gest.cpp": ""}, "src/file/gest.cpp:1: is not built")

    def test_catches_a_name_without_a_source(self):
        self.assert_caught({"cli/main.cpp": None}, "cli/CMakeLists.txt:1: names cli/main.cpp, which does not exist")

    def test_catches_a_file_that_is_too_long(self):
        for file in ("src/worker.hpp", "cli/probes.hpp", "include/pysandbox/export.hpp"):
            with self.subTest(file):
                self.assertEqual(check({file: "\n" * 500}), [])
                self.assert_caught({file: "\n" * 501}, f"{file}:501: has 501 lines")

    def test_says_so_by_its_exit_status(self):
        with tempfile.TemporaryDirectory() as root:
            source = Path(root, "src/value/words.hpp")
            source.parent.mkdir(parents=True)
            source.write_text("#include <string>\n")
            out = io.StringIO()
            with redirect_stdout(out):
                self.assertEqual(check_floors.main([root]), 0)
            self.assertEqual(out.getvalue(), "")
            source.write_text("#include <string>\n#include <zlib.h>\n")
            with redirect_stdout(out):
                self.assertEqual(check_floors.main([root]), 1)
            self.assertTrue(out.getvalue().startswith("src/value/words.hpp:2: includes <zlib.h>, which no table"))
            self.assertEqual(out.getvalue().count("\n"), 1)

    def test_refuses_a_folder_without_sources(self):
        with tempfile.TemporaryDirectory() as root, redirect_stderr(io.StringIO()):
            self.assertEqual(check_floors.main([root]), 2)


if __name__ == "__main__":
    unittest.main()
