"""TLS between services at the wire, and what a start says of certificates that are wrong."""

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import grpc
import pytest
import trustme
from octollm.reflex.v1 import reflex_pb2, reflex_pb2_grpc

from servicekit.channel import open_channel
from servicekit.errors import UnavailableError, ValidationFailedError
from servicekit.metrics import Metrics
from servicekit.peer import peer_names
from servicekit.running import Running
from servicekit.server import serve
from servicekit.settings import ServiceSettings
from servicekit.status_board import StatusBoard
from servicekit.tls import MutualTls, check_pair, load_mutual_tls
from tests.support.certificates import Files, issued

CA = trustme.CA()
"""The installation's; making one takes a while."""
OTHER_CA = trustme.CA()


class Reflex(reflex_pb2_grpc.ReflexServiceServicer):
    """Remembers who asked."""

    def __init__(self) -> None:
        self.asked: list[frozenset[str] | None] = []

    async def GetStats(
        self, request: reflex_pb2.GetStatsRequest, context: grpc.aio.ServicerContext[Any, Any]
    ) -> reflex_pb2.GetStatsResponse:
        self.asked.append(peer_names(context))
        return reflex_pb2.GetStatsResponse()


@asynccontextmanager
async def service(folder: Path, tls: MutualTls | None) -> AsyncGenerator[tuple[Running, Reflex]]:
    """A service that may call itself coder."""
    reflex = Reflex()
    async with serve(
        name="coder",
        addresses=[f"unix:{folder}/s", "127.0.0.1:0"],
        register=lambda server: reflex_pb2_grpc.add_ReflexServiceServicer_to_server(reflex, server),
        services=[],
        board=StatusBoard(service="coder"),
        metrics=Metrics(),
        tls=tls,
    ) as running:
        yield running, reflex


async def ask(target: str, *, tls: MutualTls | None, peer: str = "coder") -> None:
    async with open_channel(target, timeout=5, tls=tls, peer=peer) as channel:
        await reflex_pb2_grpc.ReflexServiceStub(channel).GetStats(reflex_pb2.GetStatsRequest())


async def test_services_that_share_an_authority_speak(tmp_path: Path) -> None:
    own = issued(tmp_path / "coder", "coder", "judge", ca=CA).mutual()
    caller = issued(tmp_path / "gateway", "gateway", ca=CA).mutual()
    async with service(tmp_path, own) as (running, reflex):
        await ask(running.endpoints["grpc"], tls=caller)
        await ask(running.endpoints["grpc"], tls=caller, peer="judge")
        await ask(running.endpoints["socket"], tls=caller)
        assert reflex.asked == [frozenset({"gateway"}), frozenset({"gateway"}), None]


async def test_who_shows_nothing_or_the_wrong_thing_is_refused(tmp_path: Path) -> None:
    own = issued(tmp_path / "coder", "coder", ca=CA).mutual()
    good = issued(tmp_path / "gateway", "gateway", ca=CA).mutual()
    stranger = issued(tmp_path / "stranger", "gateway", ca=OTHER_CA).mutual()
    bare = grpc.ssl_channel_credentials(root_certificates=own.authority)
    async with service(tmp_path, own) as (running, reflex):
        target = running.endpoints["grpc"]
        wrong: dict[str, tuple[MutualTls | None, str]] = {
            "a plain connection": (None, "coder"),
            "a certificate of another authority": (replace(stranger, authority=own.authority), "coder"),
            "a service of another authority": (stranger, "coder"),
            "a service of another name": (good, "judge"),
            "a service of a longer name": (good, "coder.example"),
        }
        for case, (tls, peer) in wrong.items():
            try:
                await ask(target, tls=tls, peer=peer)
            except UnavailableError:
                continue
            pytest.fail(f"{case} was accepted")
        options = [("grpc.ssl_target_name_override", "coder")]
        async with grpc.aio.secure_channel(target, bare, options=options) as channel:
            with pytest.raises(grpc.aio.AioRpcError):
                await reflex_pb2_grpc.ReflexServiceStub(channel).GetStats(
                    reflex_pb2.GetStatsRequest(), timeout=5
                )
        assert reflex.asked == []
        await ask(target, tls=good)


NOW = datetime.now(UTC)

Change = Callable[[Files, Path], Files | dict[str, Path | None]]


def _garbled(files: Files, folder: Path) -> Files:
    files.cert.write_text("not a certificate")
    return files


WRONG: dict[str, tuple[Change, str]] = {
    "only a certificate": (
        lambda f, _: {"authority": None, "certificate": f.cert, "key": None},
        "is not: set all",
    ),
    "no authority": (
        lambda f, _: {"authority": None, "certificate": f.cert, "key": f.key},
        "OCTOLLM_MTLS_CA_FILE is not",
    ),
    "a file that is not there": (
        lambda f, d: replace(f, cert=d / "none.pem"),
        "cannot be read: No such file",
    ),
    "a folder": (lambda f, d: replace(f, key=d), "cannot be read"),
    "something else": (_garbled, "holds no certificate"),
    "a certificate for a key": (lambda f, _: replace(f, key=f.cert), "holds no private key"),
    "another's key": (lambda f, d: replace(f, key=issued(d / "x", "coder", ca=CA).key), "does not belong to"),
    "an expired one": (
        lambda _, d: issued(d / "old", "coder", ca=CA, not_after=NOW - timedelta(days=1)),
        "expired on",
    ),
    "a key for an authority": (lambda f, _: replace(f, ca=f.key), "holds no certificate"),
}


@pytest.mark.parametrize(("change", "text"), WRONG.values(), ids=WRONG)
def test_a_wrong_certificate_is_told_at_the_start(tmp_path: Path, change: Change, text: str) -> None:
    changed = change(issued(tmp_path, "coder", ca=CA), tmp_path)
    given: dict[str, Any] = (
        {"authority": changed.ca, "certificate": changed.cert, "key": changed.key}
        if isinstance(changed, Files)
        else changed
    )
    with pytest.raises(ValidationFailedError, match=text) as caught:
        load_mutual_tls(**given)
    assert caught.value.field
    assert caught.value.field.startswith("OCTOLLM_MTLS_")


def test_a_certificate_of_tomorrow_asks_for_the_clock(tmp_path: Path) -> None:
    files = issued(tmp_path, "coder", ca=CA)
    with pytest.raises(ValidationFailedError, match="clock"):
        check_pair(
            certificate=files.cert, key=files.key, prefix="OCTOLLM_TLS", now=datetime(1999, 1, 1, tzinfo=UTC)
        )


def test_nothing_configured_is_plain_and_settings_read_the_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert ServiceSettings().mutual_tls() is None
    files = issued(tmp_path, "coder", ca=CA)
    monkeypatch.setenv("OCTOLLM_MTLS_CA_FILE", str(files.ca))
    monkeypatch.setenv("OCTOLLM_MTLS_CERT_FILE", str(files.cert))
    with pytest.raises(ValidationFailedError, match="OCTOLLM_MTLS_KEY_FILE"):
        ServiceSettings().mutual_tls()
    monkeypatch.setenv("OCTOLLM_MTLS_KEY_FILE", str(files.key))
    assert ServiceSettings().mutual_tls() == files.mutual()
