"""`pysandbox env`, as a user starts it, on wheels of the test's own. PYSANDBOX names the program."""
import json
import pathlib
import subprocess
import sys

from run_test import CommandLine

MAKE_WHEELS = pathlib.Path(__file__).resolve().parents[1] / "packages/make_wheels.py"


class Environments(CommandLine):
    @classmethod
    def setUpClass(cls):
        import tempfile

        cls.wheels = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.wheels.cleanup)
        subprocess.run([sys.executable, MAKE_WHEELS, cls.wheels.name], check=True)

    def env(self, verb, *words):
        return self.run_it("env", verb, *words, "--store", self.dir / "store", timeout=120)

    def build(self, *words):
        return self.env("build", *words, "--no-index", "--find-links", self.wheels.name)

    def test_builds_lists_shows_and_prunes(self):
        done = self.build("framelike", "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        built = json.loads(done.stdout)
        self.assertEqual(built["packages"], [{"name": "framelike", "version": "1.0"}, {"name": "numlike", "version": "2.0"}])
        self.assertEqual(done.stderr, b"")

        listed = json.loads(self.env("list", "--json").stdout)
        self.assertEqual([one["digest"] for one in listed], [built["digest"]])
        self.assertGreater(listed[0]["size_bytes"], 100_000)
        self.assertRegex(listed[0]["last_used_at"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
        line = self.env("list").stdout.decode()
        self.assertTrue(line.startswith(built["digest"][:12]), line)
        self.assertIn("framelike 1.0, numlike 2.0", line)

        self.assertIn(built["digest"].encode(), self.env("show", built["digest"][:8]).stdout)
        self.assertGreater(json.loads(self.env("prune", "--budget", "0", "--json").stdout)["freed_bytes"], 100_000)
        self.assertEqual(self.env("list").stdout, b"")

    def test_tells_what_it_does_when_nobody_can_see_a_line_redrawn(self):
        done = self.build("numlike<2")
        self.assertIn(b"pysandbox: resolving numlike<2\n", done.stderr)
        self.assertIn(b"pysandbox: unpacking numlike 1.0\n", done.stderr)
        self.assertEqual(self.build("numlike<2", "-q").stderr, b"")

    def test_takes_no_options_for_the_installer_among_packages(self):
        self.assert_one_clear_line(self.build("numlike --pre"), "'numlike --pre'", "no requirement")
        self.assert_one_clear_line(self.build("pkg @ file:///etc"), "addresses are not allowed")
        self.assert_one_clear_line(self.build("../numlike"), "paths are not allowed")

    def test_says_why_a_set_cannot_be_had(self):
        done = self.build("pandsa", "-q")
        self.assert_one_clear_line(done, "'pandsa'", "did you mean 'pandas'?")

    def test_says_that_there_is_no_such_environment(self):
        self.assert_one_clear_line(self.env("show", "0123abcd"), "no environment", "pysandbox env list")

    def test_builds_from_source_where_that_is_allowed(self):
        sources = self.dir / "sources"
        sources.mkdir()
        subprocess.run([sys.executable, "-B", MAKE_WHEELS.with_name("make_sources.py"), sources], check=True)
        words = "srclike<2", "--no-index", "--find-links", sources
        self.assert_one_clear_line(self.env("build", *words, "-q"), "'srclike'")
        done = self.env("build", *words, "--allow-source-builds")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn(b"pysandbox: building srclike 1.0 from source\n", done.stderr)


del CommandLine  # its tests are run by run_test

if __name__ == "__main__":
    import unittest

    unittest.main()
