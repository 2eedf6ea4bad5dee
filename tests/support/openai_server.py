"""An OpenAI-compatible model server that answers at once: typed answers by their schema, text as a stream."""

import json
import threading
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

USAGE = {"prompt_tokens": 40, "completion_tokens": 20, "total_tokens": 60}


@dataclass(kw_only=True)
class ModelServer:
    """What it says.

    Attributes:
        url: for OCTOLLM_MODEL_BASE_URL.
        typed: answers by the name of the schema that is asked for.
        text: what it writes where no schema is given.
        requests: what it was asked.
    """

    url: str = ""
    typed: Mapping[str, Any] = field(default_factory=dict)
    text: str = "It is so."
    requests: list[dict[str, Any]] = field(default_factory=list)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    said: ModelServer

    def do_GET(self) -> None:
        self._send(json.dumps({"object": "list", "data": []}).encode(), "application/json")

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.said.requests.append(asked)
        schema = asked.get("response_format", {}).get("json_schema", {}).get("name")
        content = json.dumps(self.said.typed[schema]) if schema else self.said.text
        if asked.get("stream"):
            self._send(_streamed(content).encode(), "text/event-stream")
        else:
            choice = {"finish_reason": "stop", "message": {"role": "assistant", "content": content}}
            self._send(json.dumps(_part("chat.completion", choice, usage=USAGE)).encode(), "application/json")

    def _send(self, body: bytes, media_type: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class's name
        """Say nothing."""


@contextmanager
def running_model(said: ModelServer) -> Generator[ModelServer]:
    """Run it on a free port until the block ends."""
    with ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"said": said})) as server:
        said.url = f"http://127.0.0.1:{server.server_port}/v1"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield said
        server.shutdown()
        thread.join()


def _streamed(content: str) -> str:
    half = len(content) // 2
    parts = [
        _part("chat.completion.chunk", {"delta": {"role": "assistant", "content": content[:half]}}),
        _part("chat.completion.chunk", {"delta": {"content": content[half:]}}),
        _part("chat.completion.chunk", {"delta": {}, "finish_reason": "stop"}, usage=USAGE),
    ]
    return "".join(f"data: {json.dumps(part)}\n\n" for part in parts) + "data: [DONE]\n\n"


def _part(kind: str, choice: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "id": "1",
        "object": kind,
        "created": 1,
        "model": "m",
        "choices": [{"index": 0, **choice}],
        **more,
    }
