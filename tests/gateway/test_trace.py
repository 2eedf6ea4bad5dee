"""The caller's trace context and request id reach the services behind; nonsense does not."""

import httpx
import pytest

from tests.gateway.conftest import Gateway

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


async def test_the_callers_trace_travels_on(gateway: Gateway, api: httpx.AsyncClient) -> None:
    headers = {"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01", "tracestate": "a=b", "X-Request-ID": "r-1"}
    await api.post("/tasks", json={"goal": "x"}, headers=headers)
    told = gateway.fakes.tasks.metadata
    assert told["traceparent"].split("-")[1] == TRACE
    assert (told["tracestate"], told["x-request-id"]) == ("a=b", "r-1")
    await api.post("/tasks", json={"goal": "x"})
    assert TRACE not in str(gateway.fakes.tasks.metadata)


@pytest.mark.parametrize(
    "sent", ["", "00", f"00-{TRACE}-0-01", f"ff-{TRACE}-00f067aa0ba902b7-01", "\u00ff" * 50]
)
async def test_nonsense_is_as_good_as_none(gateway: Gateway, api: httpx.AsyncClient, sent: str) -> None:
    answer = await api.post("/tasks", json={"goal": "x"}, headers={b"traceparent": sent.encode("latin-1")})
    assert answer.status_code == 202
    assert sent not in gateway.fakes.tasks.metadata.values()
