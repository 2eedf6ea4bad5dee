"""A stream of files that a program forged is read without harm."""

import pytest

from arms.executor.sandbox.collect import MISSING, parsed


def framed(*contents: bytes | None) -> bytes:
    return b"".join(
        (MISSING if content is None else len(content)).to_bytes(8, "big") + (content or b"")
        for content in contents
    )


@pytest.mark.parametrize(
    ("stream", "files", "cut"),
    [
        (framed(b"one", b"two"), {"a": b"one", "b": b"two"}, False),
        (framed(None, b"two"), {"b": b"two"}, False),
        (framed(b"", None), {"a": b""}, False),
        (b"", {}, True),
        (framed(b"one"), {"a": b"one"}, True),
        (framed(b"one") + b"\0\0", {"a": b"one"}, True),
        (framed(b"one", b"two")[:-1], {"a": b"one"}, True),
        ((2**63).to_bytes(8, "big") + b"x", {}, True),
        (framed(b"x" * 11, b""), {}, True),
        (framed(b"x" * 6, b"y" * 6), {"a": b"x" * 6}, True),
        (framed(b"one", b"two", b"three"), {"a": b"one", "b": b"two"}, False),
    ],
)
def test_parsed(stream: bytes, files: dict[str, bytes], cut: bool) -> None:
    assert parsed(stream, names=("a", "b"), cap=10) == (files, cut)
