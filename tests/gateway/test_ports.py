"""Ports: free ones are told, a taken one is an error that names it, and nothing stays bound."""

import asyncio
import socket

import httpx
import pytest

from gateway.routes.table import DOORS
from gateway.sockets import bound, url
from servicekit.errors import UnavailableError
from tests.gateway.conftest import FREE, Gateway, Starter


async def test_every_port_is_told(gateway: Gateway) -> None:
    assert gateway.running.name == "gateway"
    assert set(gateway.running.endpoints) == {
        "rest",
        *(f"rest.{door}" for door in DOORS if door != "gateway"),
    }
    assert len(set(gateway.running.endpoints.values())) == len(DOORS)


async def test_a_taken_port_is_named(start: Starter) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(UnavailableError, match=f"port {port} on 127.0.0.1, for judge, is taken"):
            async with start(ports={**FREE, "judge": port}):
                pass


def test_nothing_stays_bound_when_one_port_cannot_be_had() -> None:
    with bound(host="127.0.0.1", ports={"a": 0}) as first:
        port = first["a"].getsockname()[1]
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]
        with pytest.raises(UnavailableError), bound(host="127.0.0.1", ports={"a": port, "b": taken}):
            pass
    with bound(host="127.0.0.1", ports={"a": port}) as again:
        assert url(again["a"]) == f"http://127.0.0.1:{port}"


def test_a_host_that_is_not_ours() -> None:
    with (
        pytest.raises(UnavailableError, match="gateway cannot listen on"),
        bound(host="nowhere.invalid", ports={"gateway": 0}),
    ):
        pass


async def test_it_ends_with_requests_running_and_frees_its_ports(start: Starter) -> None:
    async with start() as gateway:
        port = gateway.port()
        gateway.fakes.trouble.hang = asyncio.Event()
        async with gateway.client() as api:
            hanging = asyncio.create_task(api.get("/tasks"))
            await gateway.fakes.trouble.entered.wait()
            await gateway.running.drain(0.2)
            answer = await hanging
            assert (answer.status_code, answer.json()["error"]["code"]) == (503, "SERVICE_UNAVAILABLE")
            assert "shutting down" in answer.json()["error"]["message"]
            with pytest.raises(httpx.ConnectError):
                await api.get("/tasks")
    with bound(host="127.0.0.1", ports={"a": port}):
        pass
