"""Jobs with packages of the real index: the seed document's pandas commands, verbatim but for host, ids and the address
of the file; and every package of the curated set, at work inside of the sandbox."""
import json
import pathlib
import shutil
import unittest

import seed_commands as seed
import seed_test  # as a module: its tests are not these
from event_stream import EventStream
from local_web import LocalWeb
from seed_test import IRIS, IRIS_URL, UPLOAD_ID
from server_process import Server

WORK = pathlib.Path(__file__).resolve().parents[1] / "packages/work"
OUTPUT = "Input file: {file}\nTotal sum of sepal_length: 876.5\nNumber of rows: 150\n"


class Packages(unittest.TestCase):
    """One server, so that each set is made once."""

    @classmethod
    def setUpClass(cls):
        cls.web = cls.enterClassContext(LocalWeb({"/plotly/datasets/master/iris.csv": IRIS.read_bytes()}))
        cls.server = cls.enterClassContext(Server("--allow-address", cls.web.address))

    # What the document's commands need.
    setUp, bash, curl, here, curl_from_file, assert_submitted, assert_results = (
        getattr(seed_test.SeedDocument, name) for name in
        ("setUp", "bash", "curl", "here", "curl_from_file", "assert_submitted", "assert_results"))

    def check_output(self, job_id, title, file):
        self.server.results(job_id)
        results = self.assert_results(self.curl(seed.RESULTS_WITH_URL, job_id=job_id), job_id, "completed")
        self.assertIn("Total sum of sepal_length: 876.5\n", results["stdout"])
        self.assertIn("pandas", [package["name"] for package in results["environment"]["packages"]])
        (output,) = results["files"]
        self.assertEqual(output["filename"], "output.txt")
        command = self.here(seed.DOWNLOAD_OUTPUT, job_id=job_id, file_id=output["id"])
        self.assertEqual(self.bash(command).decode(), f"{title}\n" + OUTPUT.format(file=file))

    def test_the_seed_documents_pandas_script_reads_a_file_at_a_url(self):
        def change(job):
            self.assertEqual((job["data_urls"], job["packages"]), ([IRIS_URL], ["pandas"]))
            return {**job, "data_urls": [IRIS_URL.replace("https://raw.githubusercontent.com", self.web.url)]}

        job_id = self.assert_submitted(self.curl_from_file(seed.SUBMIT_WITH_URL, change))
        self.check_output(job_id, "Data URL Test Result", "/data/iris.csv")

    def test_the_seed_documents_pandas_script_reads_an_upload(self):
        shutil.copy(IRIS, self.dir / "data.csv")
        upload = self.curl(seed.UPLOAD.replace("/path/to/local/data.csv", str(self.dir / "data.csv")))

        def change(job):
            self.assertEqual((job["data_urls"], job["packages"]), (["/api/files/" + UPLOAD_ID], ["pandas"]))
            return {**job, "data_urls": [upload["url"]]}

        job_id = self.assert_submitted(self.curl_from_file(seed.SUBMIT_WITH_UPLOAD, change))
        self.check_output(job_id, "Data Processing Result", "/data/data.csv")

    def test_a_set_that_is_there_is_used_without_a_step_to_make_it(self):
        code = "import pandas; print(pandas.Series([1, 2]).sum())"
        self.server.results(self.server.submit(code, packages=["pandas"]))
        again = self.server.submit(code, packages=[" Pandas "])
        self.assertEqual(self.server.results(again)["stdout"], "3\n")
        with EventStream(self.server, again) as stream:
            self.assertNotIn("progress", [event.kind for event in stream])

    def test_a_package_that_does_not_exist_ends_the_job_with_its_name(self):
        results = self.server.results(self.server.submit("pass", packages=["pandsa-is-no-package-of-anybody"]))
        self.assertEqual((results["status"], results["outcome"]), ("failed", "package_error"))
        self.assertIn("pandsa-is-no-package-of-anybody", json.dumps(results["failure"]))

    def test_every_package_of_the_curated_set_works_in_the_sandbox(self):
        for script in sorted(WORK.glob("*.py")):
            with self.subTest(script.stem):
                job_id = self.server.submit(script.read_text(), environment="data-science", timeout=120,
                                            resource_limits={"memory": 1536, "cpu": 2})
                results = self.server.results(job_id)
                self.assertEqual((results["outcome"], results["stdout"]), ("ok", "works\n"), results)
                wanted = script.read_text().splitlines()[0].removeprefix("# leaves:").split()
                self.assertEqual([file["path"] for file in results["files"]], sorted(wanted))


if __name__ == "__main__":
    unittest.main()
