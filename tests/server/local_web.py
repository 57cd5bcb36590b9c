"""A web server of a test's own, on a free port of 127.0.0.1: files for `data_urls`, and an ear for callbacks."""
import collections
import http.server
import threading

Call = collections.namedtuple("Call", "path headers body")


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        web = self.server.web
        web.asked.append(self.path)
        self.answer(200, web.files[self.path]) if self.path in web.files else self.answer(404, b"no such file\n")

    def do_POST(self):
        web = self.server.web
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        with web.lock:
            web.calls.append(Call(self.path, {name.lower(): value for name, value in self.headers.items()}, body))
            status = web.answers.pop(0) if web.answers else 200
        self.answer(status, b"")

    def answer(self, status, body):
        self.send_response(status)
        self.send_header("Content-Type", "application/octet-stream")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class WebServer(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        """A client that dies in the middle is no news here."""


class LocalWeb:
    """`files` maps paths to bytes; `calls` has every POST, answered with the statuses in `answers` and then with 200."""

    def __init__(self, files=None):
        self.files = dict(files or {})
        self.asked = []
        self.calls = []
        self.answers = []
        self.lock = threading.Lock()
        self.server = WebServer(("127.0.0.1", 0), Handler)
        self.server.web = self
        self.address = f"127.0.0.1:{self.server.server_port}"
        self.url = f"http://{self.address}"
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()
