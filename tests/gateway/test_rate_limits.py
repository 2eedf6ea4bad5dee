"""Rate limits at the wire: exact, per client, shared on a real Redis, and honest when Redis is away."""

import asyncio
import time
from collections import Counter
from typing import Any

import httpx
import pytest

from gateway.edge.client_address import ClientAddresses, networks
from servicekit.errors import ValidationFailedError
from tests.gateway.conftest import Gateway, Starter
from tests.support.valkey import Valkey


async def statuses(gateway: Gateway, number: int, **headers: str) -> Counter[int]:
    async with gateway.client() as api:
        answers = await asyncio.gather(*(api.get("/stats", headers=headers) for _ in range(number)))
    return Counter(answer.status_code for answer in answers)


async def test_exactly_the_limit_passes(start: Starter) -> None:
    async with start(rate_limit_ip=20) as gateway:
        assert await statuses(gateway, 50) == {200: 20, 429: 30}


async def test_every_answer_tells_where_its_client_stands(start: Starter) -> None:
    async with start(rate_limit_ip=2) as gateway, gateway.client() as api:
        first = await api.get("/stats")
        second = await api.get("/nope")
        third = await api.get("/stats", headers={"X-Request-ID": "mine"})
    assert [it.status_code for it in (first, second, third)] == [200, 404, 429]
    assert first.headers["ratelimit-policy"] == '"ip";q=2;w=60'
    assert first.headers["ratelimit"].startswith('"ip";r=1;t=')
    assert [it.headers["x-ratelimit-remaining"] for it in (first, second, third)] == ["1", "0", "0"]
    assert {it.headers["x-ratelimit-limit"] for it in (first, second, third)} == {"2"}
    assert 1 <= int(third.headers["retry-after"]) <= 60
    assert third.headers["retry-after"] == third.headers["x-ratelimit-reset"]
    assert third.json()["error"]["code"] == "RATE_LIMIT"
    assert third.headers["x-request-id"] == third.json()["error"]["request_id"] == "mine"


async def test_probes_are_not_limited(start: Starter) -> None:
    async with start(rate_limit_ip=1) as gateway, gateway.client() as api:
        for _ in range(3):
            for path in ("/health", "/ready", "/metrics"):
                answer = await api.get(path)
                assert answer.status_code == 200
                assert "ratelimit" not in answer.headers


async def test_zero_turns_it_off(start: Starter) -> None:
    async with start(rate_limit_ip=0) as gateway, gateway.client() as api:
        assert "ratelimit" not in (await api.get("/stats")).headers


async def test_all_ports_count_together(start: Starter) -> None:
    async with start(rate_limit_ip=1) as gateway, gateway.client() as api, gateway.client("reflex") as reflex:
        assert (await api.get("/stats")).status_code == 200
        assert (await reflex.get("/stats")).status_code == 429


async def test_a_refused_request_reaches_nobody(start: Starter) -> None:
    async with start(rate_limit_ip=1) as gateway, gateway.client() as api:
        await api.get("/stats")
        assert (await api.post("/tasks", json={"goal": "x"})).status_code == 429
        assert gateway.fakes.tasks.requests == []


async def test_a_spoofed_address_changes_nothing(start: Starter) -> None:
    async with start(rate_limit_ip=1) as gateway, gateway.client() as api:
        told = [
            (await api.get("/stats", headers={"X-Forwarded-For": f"198.51.100.{number}"})).status_code
            for number in range(3)
        ]
    assert told == [200, 429, 429]


async def test_a_trusted_proxy_is_believed(start: Starter) -> None:
    async with start(rate_limit_ip=1, trusted_proxies=("127.0.0.0/8",)) as gateway, gateway.client() as api:
        told = [
            (
                await api.get("/stats", headers={"X-Forwarded-For": f"203.0.113.9, 198.51.100.{number}"})
            ).status_code
            for number in (1, 2, 1)
        ]
    assert told == [200, 200, 429]


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("192.0.2.1", "203.0.113.5", "192.0.2.1"),
        ("10.0.0.1", "203.0.113.5", "203.0.113.5"),
        ("10.0.0.1", "203.0.113.6, 203.0.113.5, 10.0.0.2", "203.0.113.5"),
        ("10.0.0.1", "nonsense, 203.0.113.5", "203.0.113.5"),
        ("10.0.0.1", "203.0.113.5, nonsense", "10.0.0.1"),
        ("10.0.0.1", "10.0.0.2", "10.0.0.2"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("::ffff:10.0.0.1", "203.0.113.5", "203.0.113.5"),
        ("2001:db8:1:2:3::4", "", "2001:db8:1:2::/64"),
        ("10.0.0.1", "[2001:db8:1:2:ffff::1]", "2001:db8:1:2::/64"),
        ("not an address", "", "unknown"),
    ],
)
def test_whose_request_it_is(peer: str, forwarded: str, address: str) -> None:
    scope: dict[str, Any] = {"client": (peer, 1), "headers": [(b"x-forwarded-for", forwarded.encode())]}
    assert ClientAddresses(trusted=networks(["10.0.0.0/8"])).of(scope) == address


def test_a_malformed_network_is_an_error() -> None:
    with pytest.raises(ValidationFailedError, match="TRUSTED_PROXIES"):
        networks(["10.0.0.1/8"])


async def test_gateways_share_the_limit_on_redis(start: Starter, redis_url: str) -> None:
    settings: dict[str, Any] = {"rate_limit_ip": 30, "redis_url": redis_url, "redis_timeout": 5}
    async with start(**settings) as first, start(**settings) as second:
        told = await asyncio.gather(statuses(first, 40), statuses(second, 40))
    assert sum(told, Counter[int]()) == {200: 30, 429: 50}


@pytest.mark.parametrize("trouble", ["kill", "freeze"])
async def test_without_redis_it_serves_its_part_and_says_so(
    start: Starter, redis_server: Valkey, trouble: str
) -> None:
    settings: dict[str, Any] = {"redis_url": redis_server.url, "redis_pause": 0.2, "replicas": 2}
    async with start(rate_limit_ip=10, **settings) as gateway, gateway.client() as api:
        assert (await api.get("/stats")).headers["x-ratelimit-limit"] == "10"
        redis_server.kill() if trouble == "kill" else redis_server.pause()
        told = [await api.get("/stats") for _ in range(7)]
        assert [it.status_code for it in told] == [200] * 5 + [429] * 2
        assert {it.headers["x-ratelimit-limit"] for it in told} == {"5"}
        assert 'octollm_rate_limit_degraded{service="gateway"} 1.0' in (await api.get("/metrics")).text
        redis_server.start() if trouble == "kill" else redis_server.resume()
        give_up = time.monotonic() + 20
        while (await api.get("/stats")).headers["x-ratelimit-limit"] != "10":
            assert time.monotonic() < give_up, "Redis is back and nobody noticed"
            await asyncio.sleep(0.05)
        assert 'octollm_rate_limit_degraded{service="gateway"} 0.0' in (await api.get("/metrics")).text


async def test_an_unreachable_redis_does_not_keep_the_gateway_from_starting(start: Starter) -> None:
    url = "unix:///nowhere/redis.sock"
    async with start(rate_limit_ip=1, redis_url=url) as gateway, gateway.client() as api:
        assert (await api.get("/stats")).status_code == 200
        answer: httpx.Response = await api.get("/stats")
        assert answer.status_code == 429
