"""A server that says what a test tells it to, in the words of docs/http-api.md, on a free port of this machine."""
import hashlib
import http.server
import json
import threading

JOB = "0b1f3c52-7a64-4f0e-9d9a-2f6f5f0f5a11"


class Request:
    def __init__(self, handler):
        self.method = handler.command
        self.path = handler.path
        self.headers = handler.headers
        self.size = 0
        digest = hashlib.sha256()
        kept = []
        left = int(handler.headers.get("Content-Length") or 0)
        while left > 0 and (piece := handler.rfile.read(min(left, 1 << 20))):
            left -= len(piece)
            self.size += len(piece)
            digest.update(piece)
            if self.size <= 1 << 20:
                kept.append(piece)
        self.body = b"".join(kept)
        self.sha256 = digest.hexdigest()

    def json(self):
        return json.loads(self.body)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_any(self):
        request = Request(self)
        with self.server.lock:
            self.server.requests.append(request)
            waiting = self.server.answers.get((request.method, request.path.split("?")[0]), [])
            answer = waiting.pop(0) if len(waiting) > 1 else waiting[0] if waiting else None
        if answer is None:
            answer = refusal(404, "not_found", "Job not found")
        try:
            answer(self)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    do_GET = do_POST = do_PUT = do_DELETE = do_any

    def log_message(self, *_):
        pass


class StubServer(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, port=0):
        self.lock = threading.Lock()
        self.requests = []
        self.answers = {}
        super().__init__(("127.0.0.1", port), Handler)
        self.thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02})
        self.thread.start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}"

    def on(self, method, path, *answers):
        """What `method` on `path` is answered, one after the other; the last one stays."""
        with self.lock:
            self.answers[method, path] = list(answers)

    def seen(self, method, path):
        with self.lock:
            return [r for r in self.requests if r.method == method and r.path.split("?")[0] == path]

    def handle_error(self, *_):
        pass  # clients go away as they like

    def close(self):
        self.shutdown()
        self.thread.join()
        self.server_close()


def reply(document, status=200, **headers):
    return raw(json.dumps(document).encode(), status, content_type="application/json", **headers)


def raw(body, status=200, **headers):
    def answer(handler):
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), str(value))
        if "content_length" not in headers:
            handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)
    return answer


def refusal(status, code, sentence, details=(), **headers):
    return reply({"error": sentence, "code": code, "details": list(details), "request_id": "r1"}, status, **headers)


def event(number, name, **data):
    return f"id: {number}\nevent: {name}\ndata: {json.dumps({'at': '2025-05-04T11:52:24.877Z', **data})}\n\n".encode()


def events(*pieces):
    """A stream of events that ends with the connection. A piece that can be called is: it may wait for something."""
    def answer(handler):
        handler.send_response(200)
        handler.send_header("Content-Type", "text/event-stream; charset=utf-8")
        handler.send_header("Connection", "close")
        handler.end_headers()
        for piece in pieces:
            if callable(piece):
                piece()
            else:
                handler.wfile.write(piece)
                handler.wfile.flush()
        handler.close_connection = True
    return answer


def result(outcome="ok", files=(), **more):
    return {"job_id": JOB, "status": "completed" if outcome == "ok" else "failed", "stdout": None, "stderr": None,
            "execution_time": 0.1, "resource_usage": "{}", "files": list(files), "outcome": outcome,
            "exit_code": 0 if outcome == "ok" else None, "signal": None, "stdout_truncated": False, "stderr_truncated": False,
            "error": None, "failure": None, "usage": {"wall_time": 0.1}, "isolation": None, "environment": None, "warnings": [],
            "metadata": None, "created_at": "2025-05-04T11:52:24.877Z", "started_at": None, "completed_at": None, "attempt": 1,
            **more}


def status(state="running", **more):
    return {"job_id": JOB, "status": state, "created_at": "2025-05-04T11:52:24.877Z", "started_at": None, "completed_at": None,
            "outcome": None, "attempt": 1, "queue": None, "cancel_requested": False, "priority": 0, **more}


def file_entry(path, content, number=1, **more):
    name = f"11111111-1111-4111-8111-{number:012d}"
    return {"id": name, "filename": path.rsplit("/")[-1], "content_type": "text/plain", "size": len(content), "path": path,
            "sha256": hashlib.sha256(content).hexdigest(), "url": f"/api/jobs/{JOB}/files/{name}", **more}
