"""Following a task from the terminal: what the stream says last is what the user reads."""

import io
import threading
from collections.abc import Generator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from rich.console import Console

from cli.client.follow import follow
from cli.client.rest import Api, ApiError

TASK = "task_" + "1" * 16
STREAM = b"""id: 1
event: task.queued
data: {"sequence": 1, "type": "task.queued", "data": {}}

: still here

event: error
data: {"error": {"code": "UNAUTHENTICATED", "message": "valid credentials are needed", "details": {},
data:  "request_id": "r-1"}}

"""


class Answer(BaseHTTPRequestHandler):
    """A stream whose reader's key ends."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.end_headers()
        self.wfile.write(STREAM)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base's own name
        pass


@pytest.fixture
def url() -> Generator[str]:
    server = HTTPServer(("127.0.0.1", 0), Answer)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_key_that_ends_ends_the_following_with_what_the_platform_said(url: str) -> None:
    shown = io.StringIO()
    with Api(base_url=url) as api, pytest.raises(ApiError, match="valid credentials are needed") as caught:
        follow(api, TASK, console=Console(file=shown, width=100))
    assert (caught.value.reason, caught.value.request_id) == ("UNAUTHENTICATED", "r-1")
    assert "queued" in shown.getvalue()
