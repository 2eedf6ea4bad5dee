"""A corpus of hostile JSON and text: 400 with the envelope or an honest answer, never a 5xx."""

import json

import httpx
import pytest

from gateway.schemas.errors import ErrorEnvelope
from tests.gateway.conftest import Gateway

pytestmark = pytest.mark.asyncio(loop_scope="module")
JSON_TYPE = {"Content-Type": "application/json"}
REFUSED = {
    "empty": b"",
    "not JSON": b"{goal: x}",
    "trailing": b'{"goal":"x"} x',
    "two documents": b'{"goal":"x"}{"goal":"x"}',
    "comment": b'{"goal":"x"/**/}',
    "single quotes": b"{'goal':'x'}",
    "byte order mark": b'\xef\xbb\xbf{"goal":"x"}',
    "utf-16": '{"goal":"x"}'.encode("utf-16"),
    "latin-1": '{"goal":"\u00e9"}'.encode("latin-1"),
    "overlong utf-8": b'{"goal":"\xc0\xaf"}',
    "encoded surrogate": b'{"goal":"\xed\xa0\x80"}',
    "lone high surrogate": b'{"goal":"\\ud800"}',
    "lone low surrogate": b'{"goal":"x \\udc00 y"}',
    "surrogate in a key": b'{"goal":"x","context":{"\\ud800":1}}',
    "NUL": b'{"goal":"a\\u0000b"}',
    "NUL in a key": b'{"goal":"x","context":{"\\u0000":1}}',
    "raw NUL": b'{"goal":"a\0b"}',
    "NaN": b'{"goal":"x","budget":{"max_cost_dollars":NaN}}',
    "Infinity": b'{"goal":"x","context":{"a":Infinity}}',
    "a float too large": b'{"goal":"x","context":{"a":1e400}}',
    "an integer of 5000 digits": b'{"goal":"x","context":{"a":' + b"9" * 5000 + b"}}",
    "a duplicate key": b'{"goal":"x","goal":"y"}',
    "a duplicate key inside": b'{"goal":"x","context":{"a":{"b":1,"b":2}}}',
    "a duplicate key by escape": b'{"goal":"x","\\u0067oal":"y"}',
    "33 levels": b'{"goal":"x","context":' + b"[" * 33 + b"]" * 33 + b"}",
    "100000 levels": b"[" * 100_000 + b"]" * 100_000,
    "unclosed levels": b'{"a":' * 50_000,
    "prototype": b'{"goal":"x","__proto__":{}}',
    "class": b'{"goal":"x","__class__":"y"}',
}
TAKEN = {
    "emoji": '{"goal":"\U0001f419\u200d\U0001f41a"}',
    "escaped pair": '{"goal":"\\ud83d\\udc19"}',
    "right to left": '{"goal":"\u202eabc"}',
    "line separator": '{"goal":"a\\u2028b"}',
    "quotes and markup": '{"goal":"\'; DROP TABLE tasks; -- <script>${jndi:ldap://x}</script> %s %n {0}"}',
    "an escaped escape": '{"goal":"\\\\u0000"}',
    "huge integer": '{"goal":"x","context":{"a":100000000000000000000000000000000000000}}',
    "negative zero": '{"goal":"x","context":{"a":-0.0,"b":1E-400}}',
    "combining": '{"goal":"' + "a" + "\u0301" * 5000 + '"}',
}


@pytest.mark.parametrize("path", ["/tasks", "/check", "/cache"])
@pytest.mark.parametrize("body", REFUSED.values(), ids=REFUSED.keys())
async def test_refused(shared_api: httpx.AsyncClient, path: str, body: bytes) -> None:
    answer = await shared_api.post(path, content=body, headers=JSON_TYPE)
    assert answer.status_code == 400, answer.text
    assert ErrorEnvelope.model_validate(answer.json()).error.code == "VALIDATION_ERROR"


@pytest.mark.parametrize("body", TAKEN.values(), ids=TAKEN.keys())
async def test_taken_exactly(shared: Gateway, shared_api: httpx.AsyncClient, body: str) -> None:
    answer = await shared_api.post("/tasks", content=body.encode(), headers=JSON_TYPE)
    assert answer.status_code == 202, answer.text
    sent, told = json.loads(body), answer.json()
    assert told["goal"] == sent["goal"]
    assert told["context"] == sent.get("context", {})
    assert shared.fakes.tasks.requests[-1].spec.goal == sent["goal"]


@pytest.mark.parametrize(
    "target",
    [
        "/tasks?page=100000000000000000000",
        "/tasks?page=%D9%A1",
        "/tasks?sort_by=created_at%00",
        "/tasks?status=queued%0d%0aX:1",
        "/tasks/%00",
        "/tasks/..%2f..%2fetc%2fpasswd",
        "/tasks/task_0123456789abcde%00",
        "/tasks/task_0123456789abcde\u0661",
        "/cache/%E2%80%8B",
        "/arms/..",
        "/tasks?=1",
        "/tasks?&&&",
        "/tasks?%",
        "/tasks?page[]=1",
    ],
)
async def test_hostile_targets(shared_api: httpx.AsyncClient, target: str) -> None:
    answer = await shared_api.get(target)
    assert answer.status_code in {200, 400, 404}, answer.text
    assert answer.status_code != 200 or target == "/tasks?&&&"


@pytest.mark.parametrize("value", ["a\tb", "\u00ff" * 10, "x" * 10_000, "%0d%0aSet-Cookie: a=b"])
async def test_hostile_headers(shared_api: httpx.AsyncClient, value: str) -> None:
    names = ("X-Request-ID", "Idempotency-Key", "If-None-Match", "Last-Event-ID", "Accept", "X-Forwarded-For")
    for name in names:
        answer = await shared_api.get("/stats", headers={name.encode(): value.encode("latin-1")})
        assert answer.status_code == 200
        assert "set-cookie" not in answer.headers
