"""What is wrong is refused with a machine code, stores nothing, and leaves the server as it was."""
import contextlib
import gzip
import http.client
import json
import os
import re
import socket
import unittest

import host
from server_process import Server

SANITIZED = bool(os.environ.get("PYSANDBOX_SANITIZE"))
UNKNOWN = "084eaaed-951a-42b1-a68d-785613793f21"
SQL = ("'; DROP TABLE jobs; --", "\" OR \"\"=\"", "1' OR '1'='1", "$1", "?1", "%s", "\\'; SELECT pg_sleep(9); --", "/*", "--")
TRAVERSALS = ("..", "../../etc/passwd", "..%2f..%2fetc%2fpasswd", "%2e%2e", "....//", "/etc/passwd", "%2fetc%2fpasswd",
              "..\\..\\x", "%00", "a%00b", ".", "%252e%252e", "084eaaed", "z" * 32, "0" * 31, "0" * 33, "0" * 100_0)


def nested(depth, opening="[", closing="]"):
    return opening * depth + closing * depth


def job(**fields):
    return json.dumps({"code": "print(1)", **fields})


BAD_JSON = {
    "empty": "", "blank": " \n", "cut off": '{"code": "print(1)"', "no value": '{"code": }', "trailing comma": '{"code": "1",}',
    "two values": '{"code": "1"} {"code": "1"}', "garbage behind": '{"code": "1"}x', "single quotes": "{'code': '1'}",
    "a comment": '{"code": "1" /* x */}', "no number": '{"code": "1", "timeout": NaN}',
    "infinity": '{"code": "1", "timeout": Infinity}', "hexadecimal": '{"code": "1", "timeout": 0x10}',
    "a leading zero": '{"code": "1", "timeout": 010}', "a bare word": "code", "a control character": '{"code": "a\tb\x01"}',
    "a lone surrogate": '{"code": "\\ud800"}', "a bad escape": '{"code": "\\x41"}', "an array": '["code"]', "text": '"code"',
    "a number": "1", "null": "null", "a duplicate key": '{"code": "1", "code": "2"}',
    "a duplicate key within": job(resource_limits=0).replace("0}", '{"memory": 64, "memory": 65}}'),
    "deep arrays": '{"code": "1", "metadata": ' + nested(100_000) + "}",
    "deep objects": '{"code": "1", "metadata": ' + nested(50_000, '{"a":', "}").replace(":}", ":1}") + "}",
    "deep at the top": nested(1_000_000), "only opened": "[" * 1_000_000,
    "invalid UTF-8": b'{"code": "\xff\xfe"}', "overlong UTF-8": b'{"code": "\xc0\xaf"}', "a surrogate in UTF-8": b'{"code": "\xed\xa0\x80"}',
    "UTF-16": '{"code": "1"}'.encode("utf-16"), "a NUL": b'{"code": "1"}\x00', "a huge number": '{"code": "1", "timeout": 1e999}',
}

WRONG_TYPES = {
    "code is a number": {"code": 1}, "code is null": {"code": None}, "code is an array": {"code": ["print(1)"]},
    "no code": {"packages": []}, "empty code": {"code": ""}, "a NUL in the code": {"code": "print(1)\x00"},
    **{f"{field} is {value!r}": {"code": "1", field: value} for field, values in {
        "data_urls": (1, True, {"a": 1}, [1], [None], [["x"]], [{}], "not json", [{"url": 1}]),
        "files": (1, "x", [1], [{}], [{"path": 1, "content": ""}], [{"path": "a", "content": 1}], [{"path": "a", "content": "", "encoding": "rot13"}],
                  [{"path": "a", "content": "%%%", "encoding": "base64"}], [{"path": "a"}], [{"path": "a", "content": "", "file_id": UNKNOWN}]),
        "args": (1, "x", [1], {"a": 1}), "stdin": (1, [], {}), "env": (1, ["A=1"], {"A": 1}, {"A=B": "1"}, {"": "1"}),
        "outputs": (1, [1], {"a": 1}), "packages": (1, [1], {"a": 1}), "timeout": ("soon", [], {}, True, "1s"),
        "resource_limits": (1, "x", [1], {"memory": "much"}, {"memory": []}, {"memory": True}),
        "priority": ("high", 1.5, []), "ttl": ("long", -1, []), "wait": ("yes", [], {}, -1),
        "callback_url": (1, [], "ftp://example.org/", "not a url"), "entry_point": (1, [], "../x.py", "/x.py", "a/../../x.py", ""),
        "minimum_isolation": (1, "most", [])}.items() for value in values
       if not (field in ("data_urls", "entry_point") and value == "")},
}

OUT_OF_RANGE = {
    "timeout": (0, -1, 1e12, "1e12"), "memory": (0, -1, 1e15), "cpu": (0, -1, 1e9),
}

BAD_PATHS = ("../x", "/etc/passwd", "a/../b", "a//b", "./a", "", "a/", "x" * 300, "a\x00b", "..", ".")


class BadInput(unittest.TestCase):
    """Its server has one job, one file of it and one upload; after each test it has the same and nothing else."""

    @classmethod
    def setUpClass(cls):
        cls.server = cls.enterClassContext(Server("--rate", 10_000_000, "--log-level", "error", "--max-body-bytes", 4 << 20,
                                                  "--max-upload-bytes", 8 << 20, "--pool-max", 0))  # whose descriptors come and go
        cls.job_id = cls.server.submit("open('a.txt', 'w').write('a')\nprint(1)")
        cls.server.results(cls.job_id)
        cls.upload = cls.server.request("PUT", "/api/files?filename=u.txt", b"u").json()
        cls.server.post("/api/jobs", "{")  # so that whatever is made once is made
        cls.open_files = host.open_files(cls.server.process.pid)
        cls.memory = host.memory_bytes(cls.server.process.pid)

    def setUp(self):
        self.before = self.there(self.server)

    @staticmethod
    def there(server):
        """What a client and the disk have of jobs and files."""
        return (server.get("/api/jobs").json(), host.files_below(server.data_dir / "files"))

    def tearDown(self):
        self.assertIsNone(self.server.process.poll(), self.server.log())
        self.assertEqual(host.settled(lambda: self.there(self.server), self.before), self.before)
        self.assertEqual(self.server.get("/health").json(), {"status": "ok"})
        self.assertEqual(self.server.get(self.upload["url"]).body, b"u")
        self.assertEqual(host.settled(lambda: host.open_files(self.server.process.pid) <= self.open_files + 2, True), True)
        if not SANITIZED:  # those keep what is freed
            self.assertLess(host.memory_bytes(self.server.process.pid), self.memory + (64 << 20))

    def assert_refused(self, answer, *codes, what=""):
        self.assertTrue(400 <= answer.status < 500, f"{what}: {answer}")
        error = answer.json()
        self.assertEqual(set(error), {"error", "code", "details", "request_id"}, what)
        self.assertRegex(error["code"], r"^[a-z][a-z0-9_]*$", what)
        self.assertTrue(error["error"], what)
        self.assertLess(len(answer.body), 4000, what)
        self.assertNotRegex(answer.body.decode(), r"(?i)sqlite|postgres|select |boost|std::|/tmp/|\.cpp", what)
        if codes:
            self.assertIn(error["code"], codes, f"{what}: {answer}")

    def submit(self, body, headers=None):
        return self.server.post("/api/jobs", body, {"Content-Type": "application/json", **(headers or {})})

    # JSON

    def test_what_is_no_json_object(self):
        for name, body in BAD_JSON.items():
            with self.subTest(name):
                self.assert_refused(self.submit(body), what=name)

    def test_deep_but_valid_metadata_is_taken_or_refused_and_nothing_else(self):
        for depth in (10, 31, 32, 33, 100, 1000):
            answer = self.submit('{"code": 1, "metadata": ' + nested(depth) + "}")  # `code` is wrong: never a job
            self.assert_refused(answer, what=depth)

    def test_a_body_that_is_too_large(self):
        self.assert_refused(self.submit(job(stdin="x" * (5 << 20))), "body_too_large", what="with its length")
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=30)
        with contextlib.closing(connection), contextlib.suppress(ConnectionResetError, BrokenPipeError):
            connection.request("POST", "/api/jobs", iter([b"x" * 100_000] * 100), {"Content-Type": "application/json"}, encode_chunked=True)
            self.assertEqual(connection.getresponse().status, 413)

    def test_wrong_types_and_values(self):
        for name, body in WRONG_TYPES.items():
            with self.subTest(name):
                self.assert_refused(self.submit(json.dumps(body)), what=name)

    def test_limits_out_of_range_say_the_range(self):
        for field, values in OUT_OF_RANGE.items():
            for value in values:
                body = {"timeout": value} if field == "timeout" else {"resource_limits": {field: value}}
                with self.subTest(f"{field} {value}"):
                    answer = self.submit(job(**body))
                    self.assert_refused(answer, "limit_out_of_range", what=f"{field} {value}")
                    self.assertTrue(answer.json()["details"], answer)

    def test_paths_that_lead_elsewhere(self):
        for path in BAD_PATHS:
            with self.subTest(path):
                self.assert_refused(self.submit(job(files=[{"path": path, "content": "x"}])), what=path)
        self.assert_refused(self.submit(job(files=[{"path": "a", "content": "x"}, {"path": "a", "content": "y"}])))
        self.assert_refused(self.submit(job(files=[{"path": "main.py", "content": "x"}])))
        self.assert_refused(self.submit(job(files=[{"path": f"{number}", "content": ""} for number in range(101)])))

    def test_urls_that_no_server_should_follow(self):
        """A job with such an input is refused, or ends without having run; a callback to it is refused."""
        for url in ("file:///etc/passwd", "ftp://example.org/x", "gopher://127.0.0.1/", "dict://127.0.0.1:11211/", "http://",
                    "http://user:password@example.org/", "javascript:1", "/api/files/../../etc/passwd", "/api/files/" + UNKNOWN,
                    "http://127.0.0.1/", f"http://127.0.0.1:{self.server.port}/health", "http://[::1]/", "http://2130706433/",
                    "http://169.254.169.254/latest/meta-data/", "http://0x7f.1/", "http://127.1/", "http://[::ffff:127.0.0.1]/",
                    "http://exa mple.org/", "http://127.0.0.1/\r\nX: 1"):
            with self.subTest(url):
                answer = self.submit(job(data_urls=[url]))
                if answer.status == 200:
                    job_id = answer.json()["job_id"]
                    results = self.server.results(job_id)
                    self.assertEqual(self.server.delete(f"/api/jobs/{job_id}").status, 200)
                    self.assertEqual((results["outcome"], results["stdout"], len(results["warnings"])), ("input_error", None, 1))
                else:
                    self.assert_refused(answer, what=url)
                self.assert_refused(self.submit(job(callback_url=url)), what="callback " + url)

    def test_other_kinds_of_body_and_no_body(self):
        self.assert_refused(self.server.post("/api/jobs", "code=print(1)", {"Content-Type": "application/x-www-form-urlencoded"}))
        self.assert_refused(self.server.post("/api/jobs", "<code/>", {"Content-Type": "text/xml"}))
        self.assert_refused(self.server.post("/api/jobs"))
        self.assert_refused(self.server.request("GET", "/api/jobs", "body"))
        self.assert_refused(self.submit(gzip.compress(job().encode()), {"Content-Encoding": "gzip"}))
        self.assert_refused(self.submit(job(), {"Transfer-Encoding": "gzip, chunked"}))

    def test_keys_of_idempotency_that_are_none(self):
        self.assert_refused(self.submit(job(), {"Idempotency-Key": "k" * 300}))

    # IDS, QUERIES, METHODS

    def test_unknown_and_impossible_ids(self):
        for what in (UNKNOWN, UNKNOWN.replace("-", ""), *TRAVERSALS):
            for target in (f"/api/jobs/{what}", f"/api/jobs/{what}/status", f"/api/jobs/{what}/results", f"/api/jobs/{what}/events",
                           f"/api/jobs/{what}/files", f"/api/jobs/{what}/files.zip", f"/api/jobs/{self.job_id}/files/{what}",
                           f"/api/files/{what}"):
                with self.subTest(target[:100]):
                    self.assert_not_there(self.server.get(target), target)
            for method, target in (("DELETE", f"/api/jobs/{what}"), ("POST", f"/api/jobs/{what}/cancel"),
                                   ("DELETE", f"/api/files/{what}"), ("DELETE", f"/api/jobs/{self.job_id}/files/{what}")):
                with self.subTest(method + target[:100]):
                    self.assert_not_there(self.server.request(method, target), target)

    def assert_not_there(self, answer, target):
        # "." and ".." are gone from a path before it means anything, so another page may be meant.
        if re.search(r"/(\.|\.\.|%2e%2e)(/|$)", target, re.I) and answer.status == 200:
            self.assertNotIn(b"root:", answer.body)
            return
        self.assertIn(answer.status, (400, 404, 405), target)
        self.assert_refused(answer, what=target)

    def test_files_of_one_kind_are_not_files_of_the_other(self):
        artifact = self.server.get(f"/api/jobs/{self.job_id}/files").json()["files"][0]["id"]
        self.assert_refused(self.server.get(f"/api/jobs/{self.job_id}/files/{self.upload['file_id']}"), "not_found")
        self.assert_refused(self.server.get(f"/api/jobs/{UNKNOWN}/files/{artifact}"), "not_found")

    def test_sql_in_every_string(self):
        for text in SQL:
            quoted = "".join(f"%{byte:02x}" for byte in text.encode())
            for target in (f"/api/jobs/{quoted}/status", f"/api/files/{quoted}", f"/api/jobs?status={quoted}", f"/api/jobs?outcome={quoted}",
                           f"/api/jobs?cursor={quoted}", f"/api/jobs?limit={quoted}", f"/api/jobs/{self.job_id}/files/{quoted}",
                           f"/api/jobs/{self.job_id}/events?after={quoted}"):
                with self.subTest(target):
                    self.assert_refused(self.server.get(target), what=target)

    def test_sql_in_what_is_kept_is_kept_as_it_is(self):
        for text in SQL:
            fields = {"metadata": {"text": text}, "args": [text], "stdin": text, "env": {"TEXT": text},
                      "files": [{"path": "a.txt", "content": text}]}
            job_id = self.server.submit("import os, sys\nprint([sys.argv[1], sys.stdin.read(), os.environ['TEXT'], open('a.txt').read()])",
                                        {"Idempotency-Key": text}, **fields)
            self.assertEqual(self.server.results(job_id)["stdout"], f"{[text] * 4}\n")
            self.assertEqual(self.server.get(f"/api/jobs/{job_id}/status").json()["metadata"], {"text": text})
            self.assertEqual(self.server.delete(f"/api/jobs/{job_id}").status, 200)

    def test_pages_that_make_no_sense(self):
        for query in ("limit=0", "limit=-1", "limit=201", "limit=x", "limit=1.5", "limit=99999999999999999999", "status=done",
                      "outcome=fine", "cursor=x", "cursor=" + "9" * 1000):
            with self.subTest(query):
                self.assert_refused(self.server.get("/api/jobs?" + query), what=query)

    def test_other_methods_and_places(self):
        for method, target, status in (("PUT", "/api/jobs", 405), ("PATCH", f"/api/jobs/{self.job_id}", 405), ("GET", "/api/nothing", 404),
                                       ("GET", "/", 404), ("POST", "/health", 405), ("BREW", "/api/jobs", 405), ("DELETE", "/api/jobs", 405)):
            with self.subTest(f"{method} {target}"):
                answer = self.server.request(method, target)
                self.assertIn(answer.status, (status, 501) if method == "BREW" else (status,), answer)
                self.assert_refused(answer) if answer.status < 500 else None
                if status == 405 and method != "BREW":
                    self.assertIn("allow", answer.headers)

    def test_ranges_that_are_none(self):
        target = self.upload["url"]
        for wanted in ("bytes=5-", "bytes=9-10", "bytes=-0"):
            self.assertEqual(self.server.get(target, {"Range": wanted}).status, 416, wanted)
        for wanted in ("bytes=x", "lines=0-1", "bytes=2-1", "bytes=", "bytes=" + ",".join(["0-0"] * 1000)):
            self.assertIn(self.server.get(target, {"Range": wanted}).status, (200, 416), wanted)

    # UPLOADS

    def post_form(self, body, content_type="multipart/form-data; boundary=b"):
        return self.server.post("/api/files", body, {"Content-Type": content_type})

    def test_forms_that_are_none(self):
        part = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nx\r\n'
        whole = part + b"--b--\r\n"
        cases = {
            "no boundary": (whole, "multipart/form-data"), "an empty boundary": (whole, "multipart/form-data; boundary="),
            "a long boundary": (whole, "multipart/form-data; boundary=" + "b" * 71), "another type": (whole, "text/plain"),
            "another boundary": (whole, "multipart/form-data; boundary=c"), "nothing": (b"", None), "no parts": (b"--b--\r\n", None),
            "no end": (part, None), "cut in the boundary": (whole[:-5], None), "cut in the head": (part[:20], None),
            "cut in the data": (part[:-3], None), "no name": (whole.replace(b' name="file";', b""), None),
            "no disposition": (b"--b\r\n\r\nx\r\n--b--\r\n", None), "another field": (whole.replace(b'"file"', b'"other"'), None),
            "a head that does not end": (b"--b\r\n" + b"X: " + b"y" * 100_000 + b"\r\n--b--\r\n", None),
            "ten thousand parts": (part * 10_000 + b"--b--\r\n", None),
            "ten thousand other parts": (part.replace(b'"file"', b'"x"') * 10_000 + b"--b--\r\n", None),
            "a whole one and a broken one": (part + b"--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"b\"\r\n\r\ny", None),
            "too large": (part[:-3] + b"x" * (9 << 20) + b"\r\n--b--\r\n", None),
        }
        for name, (body, content_type) in cases.items():
            with self.subTest(name):
                with contextlib.suppress(ConnectionResetError, BrokenPipeError):
                    self.assert_refused(self.post_form(body, content_type or "multipart/form-data; boundary=b"), what=name)
                self.assertEqual(host.settled(lambda: self.there(self.server), self.before), self.before, name)

    def test_names_of_uploads_that_lead_elsewhere_are_made_safe_or_refused(self):
        for name in ("../../etc/passwd", "/etc/passwd", "..", "a\\..\\b", "C:\\x", "a%00b", "x" * 5000, "", "a%0d%0aX: 1"):
            answer = self.server.request("PUT", "/api/files?filename=" + name.replace(" ", "%20"), b"x")
            if answer.status == 201:
                kept = answer.json()["filename"]
                self.assertNotRegex(kept, r"[/\x00]|^\.\.?$", name[:50])
                download = self.server.get(answer.json()["url"])
                self.assertNotIn("x", download.headers)
                self.assertRegex(download.headers["content-disposition"], r"^attachment;[ -~]*$")
                self.assertEqual(self.server.delete(answer.json()["url"]).status, 200)
            else:
                self.assert_refused(answer, what=name[:50])

    def test_uploads_that_break_off_leave_nothing(self):
        for head in (b"PUT /api/files?filename=a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n" + b"x" * 1000,
                     b"PUT /api/files?filename=a HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nxxxxx\r\n",
                     b"POST /api/files HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; boundary=b\r\n"
                     b'Content-Length: 9999\r\n\r\n--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nxx'):
            with socket.create_connection(("127.0.0.1", self.server.port), timeout=30) as connection:
                connection.sendall(head)

    # FRAMING: one of each kind here; tests/http has the rest

    def raw(self, request):
        """The status of the answer to these bytes; nothing if the connection is closed without one."""
        with socket.create_connection(("127.0.0.1", self.server.port), timeout=30) as connection:
            connection.sendall(request)
            connection.shutdown(socket.SHUT_WR)
            answer = b""
            with contextlib.suppress(ConnectionResetError):
                while piece := connection.recv(65536):
                    answer += piece
        return [int(status) for status in re.findall(rb"^HTTP/1\.1 (\d+)", answer, re.M)]

    def test_framings_that_could_smuggle_a_request(self):
        smuggled = b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"
        start = b"POST /api/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        for name, request in {
            "two lengths": start + b"Content-Length: 2\r\nContent-Length: 5\r\n\r\n{}",
            "length and chunks": start + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            "a length with a sign": start + b"Content-Length: +2\r\n\r\n{}",
            "a space before the colon": start + b"Content-Length : 2\r\n\r\n{}",
            "a folded line": start + b"X: a\r\n b\r\nContent-Length: 2\r\n\r\n{}",
            "another coding": start + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
            "a bad chunk": start + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
            "no host": b"GET /health HTTP/1.1\r\n\r\n",
            "two hosts": b"GET /health HTTP/1.1\r\nHost: localhost\r\nHost: evil\r\n\r\n",
            "a foreign host": b"GET /health HTTP/1.1\r\nHost: evil.example\r\n\r\n",
            "an absolute target": b"GET http://evil.example/health HTTP/1.1\r\nHost: localhost\r\n\r\n",
            "no target": b"GET HTTP/1.1\r\nHost: localhost\r\n\r\n",
            "an old version": b"GET /health HTTP/3.0\r\nHost: localhost\r\n\r\n",
            "a bare line feed": b"GET /health HTTP/1.1\nHost: localhost\n\n",
            "no http": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        }.items():
            with self.subTest(name):
                statuses = self.raw(request + (smuggled if b"Host: localhost" in request else b""))
                self.assertLessEqual(len(statuses), 1, f"{name}: what follows is not answered: {statuses}")
                self.assertTrue(all(400 <= status < 600 and status != 500 for status in statuses), f"{name}: {statuses}")

    def test_heads_that_are_too_large(self):
        for name, head in {"one field": b"X: " + b"y" * 100_000, "many fields": b"\r\n".join(b"X-%d: y" % n for n in range(5000))}.items():
            statuses = self.raw(b"GET /health HTTP/1.1\r\nHost: localhost\r\n" + head + b"\r\n\r\n")
            self.assertIn(statuses, ([431], [400], []), name)
        self.assertIn(self.raw(b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n"), ([414], [431], [400], []))

    def test_pages_of_strangers_cannot_ask(self):
        self.assert_refused(self.submit(job(), {"Origin": "https://evil.example"}))
        self.assert_refused(self.submit(job(), {"Host": "evil.example"}))


if __name__ == "__main__":
    unittest.main()
