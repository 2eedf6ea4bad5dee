"""The reflex over the wire, on both ports that serve it."""

import json
from typing import Any

import httpx
import pytest

from gateway.schemas.reflex import CacheEntry, CheckBatchResponse, CheckResponse, PutCacheResponse, Stats
from tests.gateway.conftest import Gateway


@pytest.mark.parametrize("door", ["gateway", "reflex"])
async def test_check(gateway: Gateway, door: str) -> None:
    async with gateway.client(door) as api:
        answer = await api.post(
            "/check",
            json={"text": "a@b.c", "checks": {"cache": False}, "redact": False, "user_id": "u"},
            headers={"X-Request-ID": "r-1"},
        )
    told = answer.json()
    assert answer.status_code == 200
    assert CheckResponse.model_validate(told)
    assert (told["request_id"], told["action"], told["sanitized_text"]) == ("r-1", "sanitize", "[EMAIL]")
    assert (told["findings"][0]["category"], told["findings"][0]["severity"]) == ("pii", "medium")
    options = gateway.fakes.reflex.requests[0].options
    assert (options.cache, options.pii, options.secrets, options.injection) == (False, True, True, True)
    assert options.HasField("redact")
    assert not options.redact


@pytest.mark.parametrize("door", ["gateway", "reflex"])
async def test_a_batch_is_answered_in_its_order(gateway: Gateway, door: str) -> None:
    texts = ["a@b.c", "nothing", "d@e.f"]
    async with gateway.client(door) as api:
        answer = await api.post("/check/batch", json={"texts": texts, "checks": {"pii": False}})
    told = CheckBatchResponse.model_validate_json(answer.content)
    assert [it.action for it in told.results] == ["sanitize", "allow", "sanitize"]
    assert not gateway.fakes.reflex.requests[0].options.pii


@pytest.mark.parametrize(
    ("texts", "status", "field"),
    [
        ([], 400, "texts"),
        (["x"] * 101, 400, "texts"),
        ([""], 400, "texts[0]"),
        (["x" * 100_001], 400, "texts[0]"),
        (["\u00e4" * 52_429] * 10, 400, "texts"),
        (["x" * 100_000] * 14, 400, "texts"),
        (["x" * 100_000] * 33, 413, None),
        (["x" * 100_000] * 10, 200, None),
    ],
)
async def test_bounds_of_a_batch(
    api: httpx.AsyncClient, texts: list[str], status: int, field: str | None
) -> None:
    body = json.dumps({"texts": texts}, ensure_ascii=False).encode()
    answer = await api.post("/check/batch", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == status
    if status != 200:
        assert answer.json()["error"]["details"].get("field") == field


@pytest.mark.parametrize("letter", ["\u4e2d", "\U0001f642", '"', "\n"])
async def test_what_fits_may_be_written_with_escapes(api: httpx.AsyncClient, letter: str) -> None:
    headers = {"Content-Type": "application/json"}
    one = json.dumps({"text": letter * 100_000})
    assert (await api.post("/check", content=one, headers=headers)).status_code == 200
    length = 1024 * 1024 // len(letter.encode()) // 20
    many = json.dumps({"texts": [letter * length] * 20})
    assert (await api.post("/check/batch", content=many, headers=headers)).status_code == 200


@pytest.mark.parametrize("value", [None, 0, 2**53 + 1, 10**30, 1.0, "x", [], {}, {"a": [1, {"b": None}]}])
async def test_cached_values_come_back_exactly(api: httpx.AsyncClient, value: Any) -> None:
    put = await api.post("/cache", json={"key": "a:b_c.d-e", "value": value})
    assert (put.status_code, put.headers["location"]) == (201, "/api/v1/cache/a:b_c.d-e")
    assert PutCacheResponse.model_validate(put.json())
    got = await api.get("/cache/a:b_c.d-e")
    assert CacheEntry.model_validate(got.json())
    assert json.dumps(got.json()["value"]) == json.dumps(value)


async def test_a_value_under_a_text_is_found_by_check(api: httpx.AsyncClient) -> None:
    await api.post("/cache", json={"text": "hello", "value": {"answer": 42}, "ttl_seconds": 1})
    told = (await api.post("/check", json={"text": "hello"})).json()
    assert told["cache"] == {"hit": True, "key": "text:5", "value": {"answer": 42}}


async def test_delete(api: httpx.AsyncClient) -> None:
    await api.post("/cache", json={"key": "k", "value": 1})
    gone = await api.delete("/cache/k")
    assert (gone.status_code, gone.content) == (204, b"")
    for answer in (await api.delete("/cache/k"), await api.get("/cache/k")):
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "NOT_FOUND")


async def test_a_value_of_a_mebibyte_fits_and_a_larger_one_does_not(api: httpx.AsyncClient) -> None:
    fits = "x" * (2**20 - 2)
    assert (await api.post("/cache", json={"key": "k", "value": fits})).status_code == 201
    refused = await api.post("/cache", json={"key": "k", "value": fits + "x"})
    assert (refused.status_code, refused.json()["error"]["details"]["field"]) == (400, "value")


@pytest.mark.parametrize("key", ["", ".", "..", ".k", "a/b", "a b", "\u00e9", "k" * 201])
async def test_a_key_that_no_path_can_name_is_refused(api: httpx.AsyncClient, key: str) -> None:
    refused = await api.post("/cache", json={"key": key, "value": 1})
    assert (refused.status_code, refused.json()["error"]["details"]["field"]) == (400, "key")


@pytest.mark.parametrize("body", [{"value": 1}, {"key": "a", "text": "b", "value": 1}])
async def test_exactly_one_of_key_and_text(api: httpx.AsyncClient, body: dict[str, Any]) -> None:
    answer = await api.post("/cache", json=body)
    assert answer.status_code == 400
    assert "exactly one of key and text" in answer.json()["error"]["message"]


async def test_stats(gateway: Gateway) -> None:
    async with gateway.client("reflex") as api:
        assert Stats.model_validate((await api.get("/stats")).json())
