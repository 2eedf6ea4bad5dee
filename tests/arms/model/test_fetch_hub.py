import contextlib
import threading
from collections.abc import Generator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest

from arms.model.cache import ModelCache
from arms.model.fetch import fetch
from arms.model.fetch.hub import Hub
from servicekit.errors import UnavailableError
from tests.arms.model.tiny import TinyModel


@dataclass(kw_only=True)
class HubScript:
    """What the test's hub does with each request, one entry a request; the last one stays."""

    content: bytes
    behaviours: list[str]
    ranges: list[str | None] = field(default_factory=list)

    def next(self) -> str:
        return self.behaviours.pop(0) if len(self.behaviours) > 1 else self.behaviours[0]


def handler_for(script: HubScript) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            behaviour = script.next()
            wanted = self.headers["Range"]
            script.ranges.append(wanted)
            if behaviour == "missing":
                self.send_error(404)
                return
            if behaviour == "redirect":
                self.send_response(302)
                self.send_header("Location", "/elsewhere")
                self.end_headers()
                return
            start = 0 if wanted is None or behaviour == "no ranges" else int(wanted[6:-1])
            body = script.content[start:]
            self.send_response(206 if start else 200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[: len(body) // 2] if behaviour == "breaks off" else body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class's name
            """Say nothing."""

    return Handler


@contextlib.contextmanager
def serving(script: HubScript) -> Generator[Hub]:
    with ThreadingHTTPServer(("127.0.0.1", 0), handler_for(script)) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield Hub(base_url=f"http://127.0.0.1:{server.server_port}")
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize(
    ("behaviours", "ranges"),
    [
        pytest.param(["whole"], [None], id="whole"),
        pytest.param(["redirect", "whole"], [None, None], id="redirected"),
        pytest.param(["breaks off", "whole"], [None, "bytes=150000-"], id="resumed"),
        pytest.param(["breaks off", "no ranges"], [None, "bytes=150000-"], id="begun again without ranges"),
    ],
)
def test_a_hub_that_serves(
    tiny: TinyModel, cache: ModelCache, behaviours: list[str], ranges: list[str | None]
) -> None:
    script = HubScript(content=tiny.content, behaviours=behaviours)
    with serving(script) as hub:
        assert fetch(model=tiny.model, cache=cache, sources=[hub]).read_bytes() == tiny.content
    assert script.ranges == ranges


def test_a_fetch_that_broke_off_resumes_in_the_next_process(tiny: TinyModel, cache: ModelCache) -> None:
    script = HubScript(content=tiny.content, behaviours=["breaks off", "missing"])
    with serving(script) as hub, pytest.raises(UnavailableError, match="HTTP 404"):
        fetch(model=tiny.model, cache=cache, sources=[hub])
    script.behaviours = ["whole"]
    with serving(script) as hub:
        fetch(model=tiny.model, cache=cache, sources=[hub])
    assert script.ranges[-1] == "bytes=150000-"


@pytest.mark.parametrize(
    ("shape", "text"),
    [
        pytest.param((b"x", slice(1, None), b""), "other bytes", id="one wrong byte"),
        pytest.param((b"", slice(None), b"x"), "more than 300001 bytes", id="too long"),
        pytest.param((b"", slice(None, -1), b""), "other bytes", id="too short"),
    ],
)
def test_wrong_bytes_are_an_error_and_no_file(
    tiny: TinyModel, cache: ModelCache, shape: tuple[bytes, slice, bytes], text: str
) -> None:
    before, kept, after = shape
    with (
        serving(HubScript(content=before + tiny.content[kept] + after, behaviours=["whole"])) as hub,
        pytest.raises(UnavailableError, match=text),
    ):
        fetch(model=tiny.model, cache=cache, sources=[hub])
    assert not cache.path_of(tiny.model).exists()


def test_wrong_bytes_are_not_resumed(tiny: TinyModel, cache: ModelCache) -> None:
    with (
        serving(HubScript(content=b"x" + tiny.content[1:], behaviours=["whole"])) as hub,
        pytest.raises(UnavailableError),
    ):
        fetch(model=tiny.model, cache=cache, sources=[hub])
    script = HubScript(content=tiny.content, behaviours=["whole"])
    with serving(script) as hub:
        fetch(model=tiny.model, cache=cache, sources=[hub])
    assert script.ranges == [None]


def test_an_unreachable_hub_is_given_up_at_once(tiny: TinyModel, cache: ModelCache) -> None:
    hub = Hub(base_url="http://127.0.0.1:1")  # nothing listens there
    with pytest.raises(UnavailableError, match="hub: "):
        fetch(model=tiny.model, cache=cache, sources=[hub])


def test_the_default_waits_seconds_not_minutes_for_a_connection() -> None:
    timeout = Hub().timeout
    assert isinstance(timeout, httpx.Timeout)
    assert timeout.connect is not None
    assert timeout.connect <= 5
