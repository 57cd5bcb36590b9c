"""Clients of the seed service work unchanged: its document's commands (seed_commands.py), run by bash and curl.

What differs from the document: host, port, ids and paths of files; and, so that no package index is needed, pandas: the
lines that use it have the csv module in their place, all others stay. packages_test.py runs them as they are.
"""
import json
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

import seed_commands as seed
from local_web import LocalWeb
from server_process import Server

IRIS = pathlib.Path(__file__).resolve().parents[2] / "examples/iris/iris.csv"
JOB_ID = "e5169b06-d2af-47a9-9647-588496810391"  # of the document
FILE_ID = "370161e6-f57a-44f1-a156-db83660e1cf3"
UPLOAD_ID = "f7e05f2b-2342-4c9f-8142-b9f927e54c3a"
IRIS_URL = "https://raw.githubusercontent.com/plotly/datasets/master/iris.csv"
UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"

WITHOUT_PANDAS = {
    "import pandas as pd\n": "import csv\n",
    "df = pd.read_csv(input_file)\n": "with open(input_file, newline='') as f:\n    df = list(csv.DictReader(f))\n",
    "{df.head()}": "{df[:5]}",
    "in df.columns:": "in df[0]:",
    "df.select_dtypes(include=['number']).columns":
        "[name for name, value in df[0].items() if value.replace('.', '', 1).isdigit()]",
    "df[column_name].sum()": "sum(float(row[column_name]) for row in df)",
}


class SeedDocument(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.web = cls.enterClassContext(LocalWeb({"/plotly/datasets/master/iris.csv": IRIS.read_bytes()}))
        cls.server = cls.enterClassContext(Server("--allow-address", cls.web.address))

    def setUp(self):
        self.dir = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))

    def bash(self, command):
        done = subprocess.run(["bash", "-c", command], capture_output=True, cwd=self.dir, timeout=60)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def curl(self, command, **replacements):
        """The parsed answer to a command of the document."""
        return json.loads(self.bash(self.here(command, **replacements)))

    def here(self, command, job_id=None, file_id=None):
        command = command.replace("http://localhost:3004", f"http://localhost:{self.server.port}")
        for old, new in ((JOB_ID, job_id), ("{job_id}", job_id), (FILE_ID, file_id)):
            if new:
                command = command.replace(old, new)
        return command

    def curl_from_file(self, command, change):
        """The same for a command that bash cannot run as it is printed: it has \\' within single quotes, which ends
        them. The JSON that was meant goes through a file. `change` takes what it says and gives what is sent."""
        self.assertNotEqual(subprocess.run(["bash", "-nc", command], capture_output=True).returncode, 0)
        start, body = command.rstrip()[:-1].split("-d '", 1)
        sent = change(json.loads(body.replace("\\'", "'")))
        (self.dir / "job.json").write_text(json.dumps(sent))
        return self.curl(start + "--data @job.json")

    def without_pandas(self, code):
        for old, new in WITHOUT_PANDAS.items():
            self.assertLessEqual(code.count(old), 1, old)
            code = code.replace(old, new)
        self.assertNotRegex(code, r"\bpd\b|pandas")
        return code

    def assert_submitted(self, answer):
        self.assertEqual(set(answer), {"job_id", "status", "message"})
        self.assertRegex(answer["job_id"], f"^{UUID}$")
        self.assertEqual((answer["status"], answer["message"]), ("queued", "Job queued successfully"))
        return answer["job_id"]

    def await_end(self, command, job_id):
        """The status of a job, asked for with the document's command until it is what n8n's loop waits for."""
        def look():
            answer = self.curl(command, job_id=job_id)
            self.assertIn(answer["status"], ("queued", "running", "completed", "failed"))
            return answer if answer["status"] in ("completed", "failed") else None

        answer = self.server.until(look, f"job {job_id} did not end")
        self.assertEqual(answer["job_id"], job_id)
        for name in ("created_at", "started_at", "completed_at"):
            self.assertRegex(answer[name], f"^{TIME}$")
        self.assertLessEqual(answer["created_at"], answer["started_at"])
        self.assertLessEqual(answer["started_at"], answer["completed_at"])
        return answer

    def assert_results(self, answer, job_id, status):
        self.assertEqual((answer["job_id"], answer["status"]), (job_id, status))
        self.assertIsInstance(answer["stdout"], (str, type(None)))
        self.assertIsInstance(answer["stderr"], (str, type(None)))
        self.assertIsInstance(answer["execution_time"], (int, float))
        self.assertTrue(0 <= answer["execution_time"] < 60, answer["execution_time"])
        self.assertIsInstance(answer["resource_usage"], str)
        self.assertEqual(json.loads(answer["resource_usage"]), answer["usage"])
        for file in answer["files"]:
            self.assertRegex(file["id"], f"^{UUID}$")
            self.assertEqual([type(file[name]) for name in ("filename", "content_type", "size")], [str, str, int])
        return answer

    def test_the_quick_start_works_as_printed(self):
        job_id = self.assert_submitted(self.curl(seed.SUBMIT_QUICK_START))
        self.assertEqual(self.await_end(seed.STATUS_QUICK_START, job_id)["status"], "completed")
        results = self.assert_results(self.curl(seed.RESULTS_QUICK_START, job_id=job_id), job_id, "completed")
        self.assertEqual((results["stdout"], results["stderr"], results["files"]), ("55\n", None, []))

    def check_output(self, job_id, title, input_file):
        """The document's steps from the job's submission to its file."""
        self.assertEqual(self.await_end(seed.STATUS_WITH_URL, job_id)["status"], "completed")
        results = self.assert_results(self.curl(seed.RESULTS_WITH_URL, job_id=job_id), job_id, "completed")
        self.assertTrue(results["stdout"].startswith(
            "Current working directory: /workspace\nLooking for data files in multiple locations...\n"
            f"Files in /data directory: 1\nAvailable data files:\n- {input_file}\nUsing input file: {input_file}\n"
            f"Successfully read {input_file}\nData preview:\n"), results["stdout"])
        self.assertTrue(results["stdout"].endswith("Output written to output.txt\n"), results["stdout"])
        self.assertIsNone(results["stderr"])
        self.assertEqual([file["filename"] for file in results["files"]], ["output.txt"])
        output = results["files"][0]
        self.assertTrue(output["content_type"].startswith("text/plain"), output)
        text = self.bash(self.here(seed.DOWNLOAD_OUTPUT, job_id=job_id, file_id=output["id"])).decode()
        self.assertEqual(len(text), output["size"])
        lines = text.splitlines()
        self.assertEqual(lines[:2], [title, f"Input file: {input_file}"])
        self.assertRegex(lines[2], r"^Total sum of sepal_length: 876\.(5|49999|50000)\d*$")
        self.assertEqual(lines[3:], ["Number of rows: 150"])
        headers = self.server.get(f"/api/jobs/{job_id}/files/{output['id']}").headers
        self.assertEqual(headers["content-type"], output["content_type"])

    def test_a_file_at_a_url_is_read(self):
        def change(job):
            self.assertEqual((job["data_urls"], job["packages"]), ([IRIS_URL], ["pandas"]))
            here = IRIS_URL.replace("https://raw.githubusercontent.com", self.web.url)
            return {**job, "code": self.without_pandas(job["code"]), "data_urls": [here], "packages": []}

        job_id = self.assert_submitted(self.curl_from_file(seed.SUBMIT_WITH_URL, change))
        self.check_output(job_id, "Data URL Test Result", "/data/iris.csv")
        self.assertIn("/plotly/datasets/master/iris.csv", self.web.asked)

    def test_an_uploaded_file_is_read(self):
        shutil.copy(IRIS, self.dir / "data.csv")
        upload = self.curl(seed.UPLOAD.replace("/path/to/local/data.csv", str(self.dir / "data.csv")))
        self.assertRegex(upload["file_id"], f"^{UUID}$")
        self.assertEqual((upload["filename"], upload["size"]), ("data.csv", IRIS.stat().st_size))
        self.assertEqual(upload["url"], "/api/files/" + upload["file_id"])
        self.assertEqual(self.server.get(upload["url"]).body, IRIS.read_bytes())

        def change(job):
            self.assertEqual((job["data_urls"], job["packages"]), (["/api/files/" + UPLOAD_ID], ["pandas"]))
            return {**job, "code": self.without_pandas(job["code"]), "data_urls": [upload["url"]], "packages": []}

        job_id = self.assert_submitted(self.curl_from_file(seed.SUBMIT_WITH_UPLOAD, change))
        self.check_output(job_id, "Data Processing Result", "/data/data.csv")

    def test_the_search_in_the_working_directory_finds_the_input_too(self):
        upload = self.server.request("PUT", "/api/files?filename=input.csv", b"value\n10\n25\n").json()
        results = self.server.results(self.server.submit(
            "import glob, os\nprint(glob.glob('*.csv'), sorted(os.listdir('.')))", data_urls=[upload["url"]]))
        self.assertEqual(results["stdout"], "['input.csv'] ['input.csv', 'main.py']\n")

    def test_before_the_end_there_are_no_results_and_the_status_says_why(self):
        job_id = self.server.submit("import time\ntime.sleep(60)")
        before = self.server.get(f"/api/jobs/{job_id}/results")
        self.assertEqual((before.status, before.json()["error"]), (400, "Job has not completed yet"))
        status = self.server.get(f"/api/jobs/{job_id}/status").json()
        self.assertIn(status["status"], ("queued", "running"))
        self.assertIsNone(status["completed_at"])
        self.assertEqual(self.server.delete(f"/api/jobs/{job_id}").status, 200)

    def test_a_failed_job_has_results(self):
        job_id = self.server.submit("print('before')\n1/0")
        self.server.results(job_id)
        answer = self.server.get(f"/api/jobs/{job_id}/results")
        self.assertEqual(answer.status, 200)
        results = self.assert_results(answer.json(), job_id, "failed")
        self.assertEqual(results["stdout"], "before\n")
        self.assertIn("ZeroDivisionError: division by zero", results["stderr"])
        self.assertEqual(self.await_end(seed.STATUS_WITH_URL, job_id)["status"], "failed")

    def test_a_program_that_runs_too_long_fails_with_what_it_printed(self):
        job_id = self.server.submit("print('begun', flush=True)\nimport time\ntime.sleep(60)", timeout=1)
        results = self.assert_results(self.server.results(job_id), job_id, "failed")
        self.assertEqual((results["stdout"], results["outcome"]), ("begun\n", "time_limit"))

    def test_text_in_place_of_values_is_understood(self):
        self.web.files["/a.csv"] = b"1,2\n"
        answer = self.server.post("/api/jobs", {
            "code": "import os\nprint(open('/data/a.csv').read())", "data_urls": json.dumps([self.web.url + "/a.csv"]),
            "packages": "[]", "timeout": "30", "resource_limits": "{\"memory\": 512}"})
        job_id = self.assert_submitted(answer.json())
        self.assertEqual(self.server.results(job_id)["stdout"], "1,2\n\n")
        limits = self.server.get(f"/api/jobs/{job_id}/status").json()["effective_limits"]
        self.assertEqual((limits["time_limit"], limits["memory_bytes"]), (30, 512 << 20))

    def test_numbers_in_text_and_empty_text_are_understood(self):
        job_id = self.server.submit("print(1)", packages="", data_urls=None, timeout="2.5",
                                    resource_limits={"memory": "64", "cpu": "0.5"})
        self.assertEqual(self.server.results(job_id)["stdout"], "1\n")
        limits = self.server.get(f"/api/jobs/{job_id}/status").json()["effective_limits"]
        self.assertEqual((limits["time_limit"], limits["memory_bytes"], limits["cpus"]), (2.5, 64 << 20, 0.5))

    def test_what_does_not_exist_is_not_found(self):
        for target, error in ((f"/api/jobs/{JOB_ID}/status", "Job not found"), (f"/api/jobs/{JOB_ID}/results", "Job not found"),
                              (f"/api/files/{UPLOAD_ID}", "File not found")):
            answer = self.server.get(target)
            self.assertEqual((answer.status, answer.json()["error"]), (404, error))

    def test_code_is_needed(self):
        answer = self.server.post("/api/jobs", {"packages": []})
        self.assertEqual(answer.status, 400)
        self.assertIn("code", answer.json()["error"])


if __name__ == "__main__":
    unittest.main()
