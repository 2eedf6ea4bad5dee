"""Pages of other origins: those on the list may call and read, nobody else is told anything."""

import pytest

from gateway.edge.cors import origins
from servicekit.errors import ValidationFailedError
from tests.gateway.conftest import Starter

OURS = "https://app.example.com"
PREFLIGHT = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type"}


async def test_without_a_list_nothing_is_said(start: Starter) -> None:
    async with start() as gateway, gateway.client() as api:
        answer = await api.get("/stats", headers={"Origin": OURS})
        assert not [name for name in answer.headers if name.startswith("access-control") or name == "vary"]
        assert (await api.options("/tasks", headers={"Origin": OURS, **PREFLIGHT})).status_code == 405


async def test_a_page_on_the_list_may_call_and_read_errors_too(start: Starter) -> None:
    async with start(cors_origins=(OURS,), rate_limit_ip=3) as gateway, gateway.client() as api:
        asked = [await api.options("/tasks", headers={"Origin": OURS, **PREFLIGHT}) for _ in range(5)]
        for preflight in asked:  # more than the rate limit: they are not counted
            assert preflight.status_code == 204
            assert preflight.headers["access-control-allow-methods"] == "GET, HEAD, POST"
            assert "idempotency-key" in preflight.headers["access-control-allow-headers"]
        told = [
            await api.get(path, headers={"Origin": OURS})
            for path in ("/stats", "/nope", "/tasks?page=0", "/stats")
        ]
        assert [it.status_code for it in told] == [200, 404, 400, 429]
        for answer in (*asked, *told):
            assert answer.headers["access-control-allow-origin"] == OURS
            assert answer.headers["vary"] == "origin"
            assert "access-control-allow-credentials" not in answer.headers


@pytest.mark.parametrize(
    "origin", ["https://app.example.com.evil.test", "http://app.example.com", "null", "*", ""]
)
async def test_another_page_may_not(start: Starter, origin: str) -> None:
    async with start(cors_origins=(OURS,)) as gateway, gateway.client() as api:
        answer = await api.get("/stats", headers={"Origin": origin})
        assert "access-control-allow-origin" not in answer.headers
        assert answer.headers["vary"] == "origin"  # a cache in between must not mix the two up
        assert (await api.options("/tasks", headers={"Origin": origin, **PREFLIGHT})).status_code == 405


async def test_a_preflight_for_no_route_is_a_404(start: Starter) -> None:
    async with start(cors_origins=(OURS,)) as gateway, gateway.client() as api:
        assert (await api.options("/nope", headers={"Origin": OURS, **PREFLIGHT})).status_code == 404


@pytest.mark.parametrize("text", ["*", "https://*", "https://a.b/", "a.b", "ftp://a.b", "null", ""])
def test_what_is_no_origin(text: str) -> None:
    with pytest.raises(ValidationFailedError, match="CORS_ORIGINS"):
        origins([text])
