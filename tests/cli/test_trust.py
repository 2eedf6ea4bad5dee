"""The client commands over https: whom they believe, and what they say when they do not."""

import ssl
import threading
from collections.abc import Generator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from cli.client.rest import Api
from cli.client.trust import trusted
from servicekit.errors import UnavailableError, ValidationFailedError
from tests.support.certificates import Files, issued


class Answer(BaseHTTPRequestHandler):
    """Says that everything is fine."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b'{"status": "healthy"}')

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base's own name
        pass


@pytest.fixture
def served(tmp_path: Path) -> Generator[tuple[str, Files]]:
    files = issued(tmp_path, "127.0.0.1")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(files.cert, files.key)
    server = HTTPServer(("127.0.0.1", 0), Answer)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"https://127.0.0.1:{server.server_port}", files
    server.shutdown()
    server.server_close()
    thread.join()


def test_an_authority_that_is_named_is_believed(
    served: tuple[str, Files], monkeypatch: pytest.MonkeyPatch
) -> None:
    url, files = served
    monkeypatch.delenv("OCTOLLM_TLS_CA_FILE", raising=False)
    with Api(base_url=url) as api, pytest.raises(UnavailableError, match="name its authority in OCTOLLM_TLS"):
        api.health()
    monkeypatch.setenv("OCTOLLM_TLS_CA_FILE", str(files.ca))
    with Api(base_url=url) as api:
        assert api.health() == {"status": "healthy"}


def test_what_is_no_authority_is_told(tmp_path: Path) -> None:
    for path in (tmp_path / "none.pem", tmp_path):
        with pytest.raises(ValidationFailedError, match="OCTOLLM_TLS_CA_FILE"):
            trusted({"OCTOLLM_TLS_CA_FILE": str(path)})
