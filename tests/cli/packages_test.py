"""Packages on the command line: flags, the block in a script, and a wheel that this test makes. PYSANDBOX names the program."""
import base64
import hashlib
import json
import os
import pathlib
import subprocess
import tempfile
import unittest
import zipfile

PROGRAM = os.environ["PYSANDBOX"]
NO_PACKAGES = b"built without packages"


def make_wheel(directory, name, version="1.0", code="TEXT = 'hello'\n"):
    info = f"{name}-{version}.dist-info"
    files = {
        f"{name}/__init__.py": code,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(
        f"{path},sha256={base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b'=').decode()},{len(text)}\n"
        for path, text in files.items())
    files[f"{info}/RECORD"] = record + f"{info}/RECORD,,\n"
    with zipfile.ZipFile(directory / f"{name}-{version}-py3-none-any.whl", "w") as wheel:
        for path, text in files.items():
            wheel.writestr(path, text)


class Packages(unittest.TestCase):
    def setUp(self):
        place = tempfile.TemporaryDirectory()
        self.addCleanup(place.cleanup)
        self.dir = pathlib.Path(place.name)

    def run_it(self, *words):
        return subprocess.run([PROGRAM, "run", *map(str, words)], capture_output=True, cwd=self.dir, timeout=300)

    def script(self, text):
        (self.dir / "script.py").write_text(text)
        return "script.py"

    def assert_refused(self, done, *parts):
        self.assertEqual((done.returncode, done.stdout), (125, b""), done)
        self.assertEqual(done.stderr.count(b"\n"), 1, done.stderr)
        for part in parts:
            self.assertIn(part, done.stderr.decode())

    def test_a_script_says_which_python_it_needs(self):
        block = "# /// script\n# requires-python = '{}'\n# ///\nprint('ran')\n"
        done = self.run_it(self.script(block.format(">=3.99")))
        self.assert_refused(done, "requires Python >=3.99", "--python", "--no-script-metadata")
        self.assertEqual(self.run_it(self.script(block.format(">=3.8,<4"))).stdout, b"ran\n")
        self.assertEqual(self.run_it(self.script(block.format(">=3.99")), "--no-script-metadata").stdout, b"ran\n")

    def test_a_block_that_is_wrong_is_refused(self):
        self.assert_refused(self.run_it("-c", "# /// script\n# dependencies = 'pandas'\n# ///\n"), "no array of strings")

    def test_a_program_without_packages_needs_no_more_libraries_than_it_did(self):
        head = subprocess.run(["readelf", "--dynamic", PROGRAM], capture_output=True, text=True, check=True).stdout
        needed = {line.split("[")[1].split("]")[0].split(".so")[0] for line in head.splitlines() if "(NEEDED)" in line}
        known = {"libm", "libc", "ld-linux-x86-64", "libgcc_s", "libstdc++", "libsqlite3", "libpysandbox", "libasan",
                 "libubsan", "libtsan", "libdl"}
        self.assertEqual(needed - known, set())

    def test_what_is_no_requirement_is_refused(self):
        for package in ("--index-url=http://example.org", "./here", "pandas @ file:///etc/passwd", ""):
            done = self.run_it("-c", "print(1)", f"--package={package}", "--environment-store", self.dir / "store")
            self.assertEqual((done.returncode, done.stdout), (125, b""), done)

    def run_with_packages(self, *words):
        done = self.run_it(*words, "--environment-store", self.dir / "store", "--no-index", "--find-links", self.dir)
        if NO_PACKAGES in done.stderr:
            self.skipTest("this program was built without packages")
        return done

    def test_packages_come_from_flags_and_from_the_script(self):
        make_wheel(self.dir, "first")
        make_wheel(self.dir, "second")
        code = "import first, second; print(first.TEXT, second.TEXT)"
        self.assertEqual(self.run_with_packages("-c", code, "--package", "first,second").stdout, b"hello hello\n")
        self.assertEqual(self.run_with_packages("-c", code, "-p", "first>=1,<2", "-p", "second").stdout, b"hello hello\n")
        script = self.script("# /// script\n# dependencies = ['second']\n# ///\n" + code)
        done = self.run_with_packages(script, "--package", "first", "--json")
        result = json.loads(done.stdout)
        self.assertEqual(result["stdout"], "hello hello\n")
        self.assertEqual([package["name"] for package in result["environment"]["packages"]], ["first", "second"])

    def test_a_package_that_is_not_there_is_named(self):
        done = self.run_with_packages("-c", "print(1)", "--package", "nowhere")
        self.assertEqual((done.returncode, done.stdout), (125, b""), done)
        self.assertIn(b"nowhere", done.stderr)


if __name__ == "__main__":
    unittest.main()
