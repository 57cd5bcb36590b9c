"""The log of a job as `GET /api/jobs/{id}/events` sends it.

    with EventStream(server, job_id, after=3) as stream:
        for event in stream:
            event.number, event.kind, event.data

The iteration ends with the stream; whether it came to the job's end, the last event says.
"""
import collections
import http.client
import json

Event = collections.namedtuple("Event", "number kind data")


class EventStream:
    def __init__(self, server, job_id, after=None, timeout=60):
        headers = {"Accept": "text/event-stream"}
        if server.key:
            headers["X-API-Key"] = server.key
        if after is not None:
            headers["Last-Event-ID"] = str(after)
        self.connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=timeout)
        self.connection.request("GET", f"/api/jobs/{job_id}/events", headers=headers)
        self.response = self.connection.getresponse()
        if self.response.status != 200:
            body = self.response.read()
            self.close()
            raise AssertionError(f"{self.response.status} {body!r}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.response.close()
        self.connection.close()

    def __iter__(self):
        fields = {}
        while line := self.response.readline():
            line = line.decode().rstrip("\r\n")
            if line:
                name, _, value = line.partition(":")
                if name:  # else a comment
                    value = value.removeprefix(" ")
                    fields[name] = fields[name] + "\n" + value if name == "data" and "data" in fields else value
            elif "data" in fields:
                yield Event(int(fields["id"]), fields.get("event", "message"), json.loads(fields["data"]))
                fields = {}
            else:
                fields = {}


def read_log(server, job_id, after=None):
    """All events until the stream ends."""
    with EventStream(server, job_id, after) as stream:
        return list(stream)
