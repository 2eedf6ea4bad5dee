"""The key set over time: rotation, a source that is away, a real file and a real HTTP server."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from gateway.auth.key_location import key_source
from gateway.auth.key_source import KeySource
from servicekit.errors import UnavailableError, ValidationFailedError
from tests.gateway.auth.issuer import ec, ed, key_set


class Provider:
    """A source that a test turns on and off."""

    def __init__(self, *keys: object) -> None:
        self.text = key_set(*keys)
        self.away = False
        self.asked = 0
        self.now = 1000.0

    async def load(self) -> bytes:
        self.asked += 1
        await asyncio.sleep(0)
        if self.away:
            raise UnavailableError("away")
        return self.text

    def source(self) -> KeySource:
        return KeySource(load=self.load, pause=30, age=300, clock=lambda: self.now)


async def test_a_new_key_is_found_and_a_removed_one_goes() -> None:
    provider = Provider(ec("old"))
    keys = provider.source()
    assert await keys.find("old")
    assert await keys.find("new") is None  # within the pause: nobody is asked
    provider.text = key_set(ec("old"), ec("new"))
    assert await keys.find("new") is None
    assert provider.asked == 1
    provider.now += 31
    assert await keys.find("new")
    provider.text = key_set(ec("new"))
    assert await keys.find("old")
    provider.now += 301
    assert await keys.find("old")  # nobody waits for the renewal
    await asyncio.sleep(0.05)
    assert await keys.find("old") is None
    assert await keys.find("new")
    await keys.close()


async def test_unknown_ids_cause_one_fetch_in_thirty_seconds() -> None:
    provider = Provider(ec("one"))
    keys = provider.source()
    await keys.find("one")
    for second in range(90):
        provider.now = 1000.0 + second
        assert set(await asyncio.gather(*(keys.find(f"k{second}-{i}") for i in range(20)))) == {None}
    assert provider.asked == 3


@pytest.mark.parametrize("trouble", ["away", "garbage"])
async def test_the_last_good_set_is_kept(trouble: str) -> None:
    provider = Provider(ec("one"))
    keys = provider.source()
    await keys.find("one")
    good = provider.text
    if trouble == "away":
        provider.away = True
    else:
        provider.text = b"<html>502 Bad Gateway</html>"
    provider.now += 1000
    for _ in range(3):
        assert await keys.find("one")
        assert await keys.find("two") is None
        await asyncio.sleep(0.01)
        provider.now += 31
    provider.away, provider.text = False, good
    assert await keys.find("two") is None
    assert await keys.find("one")
    await keys.close()


async def test_an_emptied_set_locks_everybody_out() -> None:
    provider = Provider(ec("one"))
    keys = provider.source()
    await keys.find("one")
    provider.text = key_set()
    provider.now += 31
    await keys.find("unknown")
    assert await keys.find("one") is None


async def test_without_any_set_nobody_can_tell_and_it_is_tried_again_soon() -> None:
    provider = Provider(ec("one"))
    provider.away = True
    keys = provider.source()
    with pytest.raises(UnavailableError):
        await keys.find("one")
    provider.away = False
    with pytest.raises(UnavailableError):
        await keys.find("one")
    provider.now += 1
    assert await keys.find("one")
    assert provider.asked == 2


async def test_a_file_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "jwks.json"
    path.write_bytes(key_set(ec()))
    keys = key_source(str(path))
    assert await keys.find("ec")
    path.write_bytes(key_set(ec(), ed()))
    await asyncio.sleep(1.05)
    assert await keys.find("ed")
    with pytest.raises(UnavailableError):
        await key_source(str(tmp_path / "none")).find("ec")


@asynccontextmanager
async def answering(answer: bytes) -> AsyncIterator[str]:
    """A server that says the same to everybody; its URL."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/jwks"


def http(body: bytes, *, status: str = "200 OK", more: str = "") -> bytes:
    return f"HTTP/1.1 {status}\r\ncontent-length: {len(body)}\r\n{more}\r\n".encode() + body


async def test_a_url_is_fetched() -> None:
    async with answering(http(key_set(ec()))) as url:
        keys = key_source(url)
        assert await keys.find("ec")
        assert await keys.find("ed") is None


@pytest.mark.parametrize(
    "answer",
    [
        http(key_set(ec()), status="500 Oh"),
        http(b"", status="302 Found", more="location: http://127.0.0.1:1/\r\n"),
        http(b'{"keys": [' + b" " * 300_000 + b"]}"),
        http(b"<html>"),
        b"hello",
        b"",
    ],
    ids=["status", "redirect", "too large", "no set", "no HTTP", "nothing"],
)
async def test_an_answer_that_is_no_set_is_none(answer: bytes) -> None:
    async with answering(answer) as url:
        with pytest.raises(UnavailableError):
            await key_source(url).find("ec")


@pytest.mark.parametrize("url", ["http://login.example/jwks", "ftp://127.0.0.1/jwks", "file:///etc/passwd"])
def test_a_url_that_others_could_answer_is_refused(url: str) -> None:
    with pytest.raises(ValidationFailedError, match="https"):
        key_source(url)
