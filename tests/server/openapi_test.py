"""Real answers of a running server against its own description. Needs python3-jsonschema."""

import io
import json
import os
import pathlib
import re
import sys
import tempfile
import unittest
import zipfile

try:
    import jsonschema
except ImportError:
    jsonschema = None

from server_process import Server, run_program

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "packages"))
import make_wheels

if jsonschema is None and os.environ.get("CI"):
    raise RuntimeError("python3-jsonschema is missing; install it")


def closed(schema):
    """The schema, with no member allowed that it does not name: what a server answers is to be described whole."""
    if isinstance(schema, list):
        return [closed(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    schema = {name: closed(each) for name, each in schema.items()}
    if schema.get("type") == "object" and "properties" in schema:
        schema.setdefault("additionalProperties", False)
    return schema


class Description:
    def __init__(self, document):
        self.document = document
        self.components = closed(document["components"])
        self.seen = set()

    def resolve(self, node):
        while "$ref" in node:
            target = self.document
            for part in node["$ref"].removeprefix("#/").split("/"):
                target = target[part]
            node = target
        return node

    def operations(self):
        for path, methods in self.document["paths"].items():
            for method, operation in methods.items():
                yield method, path, operation

    def operation(self, method, target):
        path = target.partition("?")[0]
        for known, pattern, operation in self.operations():
            if known == method.lower() and re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", pattern), path):
                return operation
        raise AssertionError(f"{method} {target} is not described")

    def validator(self, schema):
        return jsonschema.Draft202012Validator({**closed(schema), "components": self.components})

    def check(self, method, target, answer):
        operation = self.operation(method, target)
        described = operation["responses"].get(str(answer.status))
        if described is None:
            raise AssertionError(f"{method} {target}: {answer.status} is not described: {answer}")
        described = self.resolve(described)
        self.seen.add((operation["operationId"], answer.status))
        for name in described.get("headers", {}):
            if name.lower() not in answer.headers:
                raise AssertionError(f"{method} {target}: {name} is missing: {answer}")
        if method == "HEAD" or answer.status in (204, 304):
            return answer
        kind = answer.headers["content-type"].partition(";")[0]
        content = described["content"]
        schema = content.get(kind) or content.get("*/*")
        if schema is None:
            raise AssertionError(f"{method} {target}: {kind} is not described: {answer}")
        if kind == "application/json" and "contentMediaType" not in schema["schema"]:
            self.validator(schema["schema"]).validate(answer.json())
        return answer


@unittest.skipUnless(jsonschema, "python3-jsonschema is missing")
class OpenApi(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        wheels = cls.enterClassContext(tempfile.TemporaryDirectory())
        for wheel in make_wheels.good():
            wheel.write(wheels)
        cls.server = Server("--allow-address", "127.0.0.1:9", "--no-index", "--find-links", wheels)
        made = run_program("key", "create", "--name", "test", "--rate", 100000, "--max-jobs", 3, "--data-dir", cls.server.data_dir)
        cls.server.key = made.stdout.strip()
        slow = run_program("key", "create", "--name", "slow", "--rate", 1, "--data-dir", cls.server.data_dir)
        cls.slow_key = slow.stdout.strip()
        cls.server.__enter__()
        cls.addClassCleanup(cls.server.__exit__, None)
        cls.description = Description(cls.server.get("/openapi.json").json())

    def ask(self, method, target, *more, **options):
        return self.description.check(method, target, self.server.request(method, target, *more, **options))

    def test_every_schema_is_one(self):
        for name, schema in self.description.document["components"]["schemas"].items():
            with self.subTest(name):
                jsonschema.Draft202012Validator.check_schema(schema)

    def test_every_reference_leads_somewhere(self):
        for reference in set(re.findall(r'"\$ref": *"([^"]+)"', json.dumps(self.description.document))):
            self.description.resolve({"$ref": reference})

    def test_nothing_is_defined_in_vain(self):
        text = json.dumps(self.description.document)
        for kind in ("schemas", "responses", "parameters"):
            for name in self.description.document["components"][kind]:
                self.assertIn(f'"#/components/{kind}/{name}"', text)

    def test_what_is_asked_is_described_as_it_is_understood(self):
        submission = {
            "code": "print(1)", "entry_point": "a.py", "args": ["x"], "stdin": "s", "env": {"A": "b"},
            "data_urls": ["/api/files/x", {"url": "https://example.org/a", "filename": "b"}],
            "files": [{"path": "a", "content": "b"}, {"path": "b", "content": "AA==", "encoding": "base64"}],
            "outputs": ["*"], "packages": [], "environment": "", "timeout": 3, "resource_limits": {"memory": 64, "processes": 8},
            "minimum_isolation": "rlimits", "isolation": "fresh", "wait": True, "priority": 1, "ttl": 5, "metadata": {"a": [1]},
            "callback_url": "http://127.0.0.1:9/", "callback_secret": "s"}
        schema = self.description.document["components"]["schemas"]["Submission"]
        self.assertEqual(sorted(schema["properties"]), sorted([*submission, "limits"]))
        self.description.validator(schema).validate(submission)
        answer = self.server.post("/api/jobs", {**submission, "data_urls": [], "wait": False})
        self.assertEqual(answer.status, 200, answer)
        self.assertNotIn("warnings", answer.json())
        self.server.results(answer.json()["job_id"])

    def test_every_answer_is_as_described(self):
        ask = self.ask
        for page in ("/health", "/ready", "/capabilities", "/metrics", "/openapi.json"):
            self.assertEqual(ask("GET", page).status, 200)

        code = "import sys\nopen('a.txt', 'w').write('0123456789')\nprint('out')\nsys.stderr.write('err')\nraise ValueError('x')"
        done = ask("POST", "/api/jobs", {"code": code, "wait": 60, "metadata": {"a": 1}}).json()
        self.assertEqual(done["outcome"], "exception")
        job = f"/api/jobs/{done['job_id']}"
        ask("POST", "/api/jobs", {"code": "open('x'*20, 'w')", "wait": True, "no_such_field": 1})
        ask("POST", "/api/jobs", {"code": "import time; time.sleep(60)", "timeout": 0.2, "wait": True, "ttl": 60})
        for page in ("", "/status", "/results", "/files", "/files.zip"):
            answer = ask("GET", job + page)
            self.assertEqual(answer.status, 200, answer)
        self.assertEqual(zipfile.ZipFile(io.BytesIO(answer.body)).namelist(), ["a.txt"])
        self.assertIn("event: end", ask("GET", job + "/events").body.decode())
        ask("GET", job + "/events?after=1000")

        file = done["files"][0]["url"]
        tag = ask("GET", file).headers["etag"]
        self.assertEqual(ask("GET", file, headers={"Range": "bytes=1-3"}).body, b"123")
        self.assertEqual(ask("GET", file, headers={"Range": "bytes=99-"}).status, 416)
        for method in ("GET", "HEAD"):
            self.assertEqual(ask(method, file, headers={"If-None-Match": tag}).status, 304)
        ask("HEAD", file)
        ask("DELETE", file)
        self.assertEqual(ask("GET", file).status, 404)

        sleeper = {"code": "import time; time.sleep(600)", "timeout": 700}
        running = ask("POST", "/api/jobs", {**sleeper, "wait": 0.1})
        self.assertEqual(running.status, 202)
        second = ask("POST", "/api/jobs", sleeper, headers={"Idempotency-Key": "k"}).json()["job_id"]
        self.assertEqual(ask("POST", "/api/jobs", {"code": "1"}, headers={"Idempotency-Key": "k"}).status, 409)
        third = ask("POST", "/api/jobs", {**sleeper, "priority": -1}).json()["job_id"]
        refused = ask("POST", "/api/jobs", sleeper)
        self.assertEqual((refused.status, refused.json()["code"]), (429, "too_many_jobs"))
        self.assertIsNotNone(ask("GET", f"/api/jobs/{third}").json()["queue"])
        self.assertEqual(ask("GET", f"/api/jobs/{third}/results").status, 400)
        ask("GET", "/api/jobs?limit=2")
        self.assertEqual(ask("GET", "/api/jobs?limit=0").status, 400)
        ask("POST", f"/api/jobs/{third}/cancel")
        self.assertEqual(ask("POST", f"/api/jobs/{third}/cancel").status, 409)
        ask("POST", f"/api/jobs/{second}/cancel")
        ask("DELETE", f"/api/jobs/{running.json()['job_id']}")
        ask("DELETE", job)
        for page in ("", "/status", "/results", "/files", "/files.zip", "/events"):
            self.assertEqual(ask("GET", job + page).status, 404)

        parts = b"".join(b'--x\r\nContent-Disposition: form-data; name="file"; filename="%d"\r\n\r\nabc\r\n' % i for i in range(2))
        multipart = {"Content-Type": "multipart/form-data; boundary=x"}
        upload = ask("POST", "/api/files", parts + b"--x--\r\n", headers=multipart).json()["url"]
        self.assertEqual(ask("POST", "/api/files", b"x", headers=multipart).status, 400)
        self.assertEqual(ask("POST", "/api/files", b"x").status, 415)
        ask("PUT", "/api/files?filename=a", b"abc")
        tag = ask("GET", upload).headers["etag"]
        self.assertEqual(ask("GET", upload, headers={"Range": "bytes=-1"}).status, 206)
        self.assertEqual(ask("HEAD", upload, headers={"If-None-Match": tag}).status, 304)
        self.assertEqual(ask("GET", upload, headers={"If-None-Match": tag}).status, 304)
        ask("HEAD", upload)
        ask("DELETE", upload)

        ask("GET", "/api/environments")
        self.assertEqual(ask("POST", "/api/environments", {"packages": ["framelike"], "wait": 0}).status, 202)
        self.assertEqual(ask("POST", "/api/environments", {"packages": ["numlike"], "wait": 60}).status, 200)
        ask("GET", "/api/environments")

        for body, status in ((b"{", 400), ({"code": 3}, 400), ({"code": "1", "timeout": 1e9}, 400)):
            self.assertEqual(ask("POST", "/api/jobs", body, headers={"Content-Type": "application/json"}).status, status)
        self.assertEqual(ask("GET", "/api/jobs", headers={"X-API-Key": "wrong"}).status, 401)
        self.assertEqual(ask("GET", "/api/jobs", headers={"Host": "evil.example"}).status, 403)
        self.assertEqual(ask("GET", "/api/jobs", headers={"Origin": "https://evil.example"}).status, 403)
        ask("GET", "/api/jobs", headers={"X-API-Key": self.slow_key})
        self.assertEqual(ask("GET", "/api/jobs", headers={"X-API-Key": self.slow_key}).status, 429)

        missed = [(operation["operationId"], status) for _, _, operation in self.description.operations()
                  for status in operation["responses"]
                  if int(status) < 400 and (operation["operationId"], int(status)) not in self.description.seen]
        self.assertEqual(missed, [], "described, and never seen")


if __name__ == "__main__":
    unittest.main()
