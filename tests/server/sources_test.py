"""Packages that are built from source, over HTTP: only where the operator allows it, and unseen by other keys."""
import pathlib
import subprocess
import sys
import tempfile
import unittest

from server_process import Server, run_program

MAKE_SOURCES = pathlib.Path(__file__).resolve().parents[1] / "packages/make_sources.py"

# Marks are looked for by name and by content; the words of this program are not one.
SEARCH = """
import os, sys
import numlike
word, found, seen = ("MARK" + "ED-").encode(), [], 0
for top in ("/environment", "/tmp", "/var/tmp", "/dev/shm", "/workspace", "/data", "/run", "/etc", "/usr/local"):
    for folder, folders, files in os.walk(top):
        for name in files:
            path, seen = os.path.join(folder, name), seen + 1
            try:
                with open(path, "rb") as file:
                    if word in file.read(1 << 16) or word.decode() in name:
                        found.append(path)
            except OSError:
                pass
print(found, numlike.value, [name for name in os.listdir("/proc") if name.isdigit() and int(name) > 10], seen > 5)
"""


class Sources(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = cls.enterClassContext(tempfile.TemporaryDirectory())
        subprocess.run([sys.executable, "-B", MAKE_SOURCES, cls.folder], check=True)

    def serve(self, *flags, **options):
        return Server("--no-index", "--find-links", self.folder, *flags, **options)

    def test_no_request_can_turn_it_on(self):
        with self.serve() as server:
            body = {"packages": ["srclike<2"], "allow_source_builds": True}
            self.assertEqual(server.post("/api/environments", body).status, 400)
            results = server.results(server.submit("import srclike", **body))  # unknown fields of jobs are passed over
            self.assertEqual(results["outcome"], "package_error")
            self.assertIn("'srclike'", results["failure"]["observed"])

    def test_an_operator_can(self):
        with self.serve("--allow-source-builds") as server:
            results = server.results(server.submit("import srclike; print(srclike.value)", packages=["srclike<2"]))
            self.assertEqual((results["outcome"], results["stdout"]), ("ok", "1.0\n"), results)
            failed = server.results(server.submit("1", packages=["fails"]))
            self.assertEqual(failed["outcome"], "package_error")
            self.assertIn("the compiler is on holiday", failed["failure"]["observed"])

    def test_what_one_tenants_package_does_is_not_seen_by_anothers_job(self):
        server = self.serve("--allow-source-builds", "--workers", "2")
        keys = []
        for name in ("one", "other"):
            made = run_program("key", "create", "--name", name, "--data-dir", server.data_dir)
            keys.append({"Authorization": "Bearer " + made.stdout.strip()})
        one, other = keys
        with server:
            code = "import marks, time\nprint(marks.built, marks.imported, flush=True)\ntime.sleep(20)"
            first = server.submit("import marks\nprint(marks.built, marks.imported)\n" + SEARCH, one, packages=["marks"])
            printed, found = server.results(first, one)["stdout"].splitlines()
            self.assertRegex(printed, r"\[.*'/tmp'.*\] \[.*'/tmp'.*\]")  # it could where it may
            self.assertIn("'/tmp/MARKED-BY-AN-IMPORT'", found)  # and whoever searches finds it
            self.assertNotRegex(printed, "'/environment|'/usr|'/etc")
            running = server.submit(code, one, packages=["marks"])  # while it is still there
            # Another set that shares its wheels; and the same set, whose sitecustomize alone runs, as a part of that job.
            for packages in (["numlike"], ["marks"]):
                results = server.results(server.submit(SEARCH, other, packages=packages), other)
                own = results["stdout"]
                self.assertEqual(results["outcome"], "ok", results)
                if packages == ["numlike"]:
                    self.assertEqual(own, "[] 42 [] True\n")
                else:
                    self.assertNotIn("BY-A-BUILD", own)
                    self.assertNotIn("BY-AN-IMPORT", own)
            server.delete(f"/api/jobs/{running}", one)


if __name__ == "__main__":
    unittest.main()
