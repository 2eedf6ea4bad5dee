"""Every error, from every layer, carries the envelope and the request id; one table of cases a layer."""

import asyncio
import logging
import re
import uuid
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import pytest_asyncio

from gateway.errors import HTTP_STATUS, INTERNAL_MESSAGE, rest_field
from gateway.schemas.errors import ErrorEnvelope
from servicekit.errors import (
    CancelledByCallerError,
    Code,
    ConflictError,
    DeadlineError,
    InternalError,
    NotFoundError,
    OctoError,
    PayloadTooLargeError,
    PermissionDeniedError,
    RateLimitError,
    UnauthenticatedError,
    UnavailableError,
    ValidationFailedError,
)
from tests.gateway.conftest import Gateway, Starter

SHARED = pytest.mark.asyncio(loop_scope="module")
"""Tests that share one gateway."""

TASK = "/tasks/task_0123456789abcdef"


def envelope(answer: httpx.Response, status: int, code: str, request_id: str = "mine-1") -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    error = answer.json()["error"]
    assert ErrorEnvelope.model_validate(answer.json())
    assert (error["code"], error["request_id"]) == (code, request_id)
    assert answer.headers["x-request-id"] == request_id
    assert answer.headers["content-type"] == "application/json"
    return error


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def mine(shared: Gateway) -> AsyncIterator[httpx.AsyncClient]:
    async with shared.client() as client:
        client.headers["X-Request-ID"] = "mine-1"
        yield client


@SHARED
@pytest.mark.parametrize(
    ("error", "status", "code", "details"),
    [
        (
            ValidationFailedError("no", field="spec.context_json", constraint="must be"),
            400,
            "VALIDATION_ERROR",
            {"field": "context", "constraint": "must be"},
        ),
        (UnauthenticatedError("no"), 401, "UNAUTHENTICATED", {}),
        (
            PermissionDeniedError("no", metadata={"scope": "task:read"}),
            403,
            "PERMISSION_DENIED",
            {"scope": "task:read"},
        ),
        (NotFoundError("no"), 404, "NOT_FOUND", {}),
        (DeadlineError("no"), 408, "TIMEOUT", {}),
        (ConflictError("no"), 409, "CONFLICT", {}),
        (PayloadTooLargeError("no"), 413, "PAYLOAD_TOO_LARGE", {}),
        (RateLimitError("no", retry_after=7.2), 429, "RATE_LIMIT", {}),
        (InternalError("a secret"), 500, "INTERNAL_ERROR", {}),
        (UnavailableError("no", retry_after=2), 503, "SERVICE_UNAVAILABLE", {}),
        (CancelledByCallerError("no"), 503, "SERVICE_UNAVAILABLE", {}),
        (RuntimeError("a secret"), 500, "INTERNAL_ERROR", {}),
    ],
)
async def test_errors_of_services(  # noqa: PLR0917  # the columns of the table
    shared: Gateway,
    mine: httpx.AsyncClient,
    error: Exception,
    status: int,
    code: str,
    details: dict[str, str],
) -> None:
    shared.fakes.trouble.error = error
    answer = await mine.get(TASK)
    shared.fakes.trouble.error = None
    told = envelope(answer, status, code)
    assert told["details"] == details
    assert told["message"] == (INTERNAL_MESSAGE if status == 500 else "no")
    assert "secret" not in answer.text
    assert answer.headers.get("retry-after") == {
        429: "8",
        503: "1" if error.args and not _wait(error) else "2",
    }.get(status)


def _wait(error: Exception) -> float | None:
    return error.retry_after if isinstance(error, OctoError) else None


def test_every_code_has_a_status() -> None:
    assert set(HTTP_STATUS) == set(Code)


@SHARED
@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/no/such/route", 404, "NOT_FOUND"),
        ("GET", "/tasks/", 404, "NOT_FOUND"),
        ("GET", "//tasks", 404, "NOT_FOUND"),
        ("PUT", "/tasks", 405, "METHOD_NOT_ALLOWED"),
        ("OPTIONS", TASK, 405, "METHOD_NOT_ALLOWED"),
        ("LOCK", "/health", 405, "METHOD_NOT_ALLOWED"),
        ("GET", "/check", 405, "METHOD_NOT_ALLOWED"),
        ("GET", "/tasks/short", 400, "VALIDATION_ERROR"),
        ("GET", f"{TASK}%0a", 400, "VALIDATION_ERROR"),
        ("GET", "/tasks/task_0123456789abcd%C3%A9", 400, "VALIDATION_ERROR"),
        ("GET", "/tasks/%ff", 400, "VALIDATION_ERROR"),
        ("GET", "/cache/" + "k" * 201, 400, "VALIDATION_ERROR"),
        ("GET", "/cache/a%2Fb", 404, "NOT_FOUND"),
        ("GET", "/arms/Coder", 400, "VALIDATION_ERROR"),
    ],
)
async def test_errors_of_the_router(
    mine: httpx.AsyncClient, method: str, path: str, status: int, code: str
) -> None:
    envelope(await mine.request(method, path), status, code)


@SHARED
async def test_405_tells_what_is_allowed(mine: httpx.AsyncClient) -> None:
    assert (await mine.put("/tasks")).headers["allow"] == "GET, HEAD, POST"
    assert (await mine.put(TASK)).headers["allow"] == "DELETE, GET, HEAD"


@SHARED
@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("page=0", "page"),
        ("page=-1", "page"),
        ("page=1.0", "page"),
        ("page=1_0", "page"),
        ("page=%201", "page"),
        ("page=" + "9" * 30, "page"),
        ("page=1000000001", "page"),
        ("page=1&page=2", "page"),
        ("page_size=101", "page_size"),
        ("page_size=", "page_size"),
        ("sort_by=goal", "sort_by"),
        ("sort_by=created_at;drop", "sort_by"),
        ("order=ASC", "order"),
        ("status=done", "status[0]"),
        ("status=queued&" * 5 + "status=queued", "status"),
        ("priority=urgent", "priority[0]"),
        ("created_after=yesterday", "created_after"),
        ("created_after=1700000000", "created_after"),
        ("created_after=2026-11-23T09:00:00", "created_after"),
        ("created_after=2026-13-01T00:00:00Z", "created_after"),
        ("created_after=0001-01-01T00:00:00%2B14:00", "created_after"),
        ("created_after=%00", "created_after"),
        ("limit=5", "limit"),
        ("%F0%9F%90%99=5", "\U0001f419"),
        ("page=%ff", None),
        ("&".join(["a=1"] * 51), None),
    ],
)
async def test_errors_of_the_query(mine: httpx.AsyncClient, query: str, field: str | None) -> None:
    error = envelope(await mine.get(f"/tasks?{query}"), 400, "VALIDATION_ERROR")
    assert error["details"].get("field") == field
    assert error["details"]["constraint"]


@SHARED
@pytest.mark.parametrize(
    ("body", "field", "constraint"),
    [
        ({}, "goal", "must be given"),
        ({"goal": ""}, "goal", "must be non-empty"),
        ({"goal": " \t\n"}, "goal", "must be non-empty"),
        ({"goal": 1}, "goal", "must be a string"),
        ({"goal": None}, "goal", "must be a string"),
        ({"goal": "x" * 10_001}, "goal", "must have at most 10000 characters"),
        ({"goal": "x", "goals": 1}, "goals", "is not known here"),
        ({"goal": "x", "constraints": "a"}, "constraints", "must be an array"),
        ({"goal": "x", "constraints": ["a"] * 21}, "constraints", "must have at most 20 items"),
        ({"goal": "x", "acceptance_criteria": ["a", ""]}, "acceptance_criteria[1]", "must be non-empty"),
        ({"goal": "x", "acceptance_criteria": ["a" * 501]}, "acceptance_criteria[0]", "at most 500"),
        ({"goal": "x", "context": []}, "context", "must be an object"),
        ({"goal": "x", "budget": {"max_tokens": "1"}}, "budget.max_tokens", "must be an integer"),
        ({"goal": "x", "budget": {"max_tokens": True}}, "budget.max_tokens", "must be an integer"),
        ({"goal": "x", "budget": {"max_tokens": 1.0}}, "budget.max_tokens", "must be an integer"),
        ({"goal": "x", "budget": {"max_tokens": 0}}, "budget.max_tokens", "must be at least 1"),
        ({"goal": "x", "budget": {"max_tokens": 10**40}}, "budget.max_tokens", "at most 1000000"),
        ({"goal": "x", "budget": {"max_cost_dollars": -1}}, "budget.max_cost_dollars", "at least 0"),
        ({"goal": "x", "budget": {"max_cost_dollars": 100.5}}, "budget.max_cost_dollars", "at most 100"),
        ({"goal": "x", "budget": {"max_cost_dollars": False}}, "budget.max_cost_dollars", "a number"),
        ({"goal": "x", "budget": None}, "budget", "must be an object"),
        ({"goal": "x", "priority": "High"}, "priority", "must be one of low, medium, high, critical"),
        ({"goal": "x", "metadata": {"a": 1}}, "metadata.a", "must be a string"),
        ({"goal": "x", "metadata": {str(n): "" for n in range(21)}}, "metadata", "at most 20"),
        ({"goal": "x", "policy": {"swarm": 6}}, "policy.swarm", "at most 5"),
        ({"goal": "x", "policy": {"pii": "keep"}}, "policy.pii", "must be one of redact, allow, block"),
        ({"goal": "x", "callback_url": "http://a.b"}, "callback_url", "must match ^https://"),
        ([], None, "must be an object"),
        ("goal", None, "must be an object"),
    ],
)
async def test_errors_of_the_body(
    mine: httpx.AsyncClient, body: Any, field: str | None, constraint: str
) -> None:
    error = envelope(await mine.post("/tasks", json=body), 400, "VALIDATION_ERROR")
    assert error["details"].get("field") == field
    assert constraint in error["details"]["constraint"]


@SHARED
@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({}, 415, "UNSUPPORTED_MEDIA_TYPE"),
        ({"Content-Type": "text/plain"}, 415, "UNSUPPORTED_MEDIA_TYPE"),
        ({"Content-Type": "application/jsonx"}, 415, "UNSUPPORTED_MEDIA_TYPE"),
        ({"Content-Type": "application/json; charset=latin-1"}, 415, "UNSUPPORTED_MEDIA_TYPE"),
        ({"Content-Type": "application/json", "Content-Encoding": "gzip"}, 415, "UNSUPPORTED_MEDIA_TYPE"),
        ({"Content-Type": "application/json; charset=UTF-8", "Content-Encoding": "identity"}, 202, None),
    ],
)
async def test_media_types(
    mine: httpx.AsyncClient, headers: dict[str, str], status: int, code: str | None
) -> None:
    answer = await mine.post("/tasks", content=b'{"goal":"x"}', headers=headers)
    if code:
        envelope(answer, status, code)
    assert answer.status_code == status


@SHARED
@pytest.mark.parametrize(
    ("path", "limit"), [("/tasks", 2**20), ("/check", 1280 * 1024), ("/check/batch", 3 * 2**20 + 64 * 1024)]
)
async def test_a_body_over_the_limit(shared: Gateway, mine: httpx.AsyncClient, path: str, limit: int) -> None:
    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield b" " * 65_536

    json_type = {"Content-Type": "application/json"}
    fits = await mine.post(path, content=b" " * limit, headers=json_type)
    assert fits.status_code == 400  # blanks are no request
    declared = await mine.post(path, content=b" " * (limit + 1), headers=json_type)
    envelope(declared, 413, "PAYLOAD_TOO_LARGE")
    async with shared.client() as other:
        try:
            chunked = await other.post(
                path, content=endless(), headers={**json_type, "X-Request-ID": "mine-1"}
            )
        except (httpx.WriteError, httpx.ReadError):
            return  # the connection ended while we were still sending: that is the point
        envelope(chunked, 413, "PAYLOAD_TOO_LARGE")


async def test_a_call_that_takes_too_long(start: Starter) -> None:
    async with start(call_timeout=0.1) as gateway, gateway.client() as api:
        gateway.fakes.trouble.hang = asyncio.Event()
        envelope(await api.get(TASK, headers={"X-Request-ID": "mine-1"}), 408, "TIMEOUT")
        async with asyncio.timeout(5):
            await gateway.fakes.trouble.cancelled.wait()


@pytest.mark.parametrize("sent", ["a", "A-b_c.9", "x" * 64])
async def test_a_well_formed_request_id_travels(gateway: Gateway, api: httpx.AsyncClient, sent: str) -> None:
    answer = await api.post("/tasks", json={"goal": "x"}, headers={"X-Request-ID": sent})
    assert answer.headers["x-request-id"] == sent
    assert answer.json()["request_id"] == sent


@pytest.mark.parametrize("sent", ["", "x" * 65, "a b", "a/b", "\u00e9", "{}", "a,b"])
async def test_another_is_replaced_by_a_uuid(api: httpx.AsyncClient, sent: str) -> None:
    answer = await api.get("/nope", headers={b"X-Request-ID": sent.encode()})
    assert str(uuid.UUID(answer.headers["x-request-id"])) == answer.json()["error"]["request_id"]


async def test_log_lines_carry_the_id_and_the_template_never_the_path(
    api: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, logger="gateway"):
        await api.get("/tasks/task_SECRETsecret0000?wait=0")
    (line,) = [record for record in caplog.records if record.message == "answered"]
    assert (line.__dict__["route"], line.__dict__["status"]) == ("/api/v1/tasks/{task_id}", 404)
    assert not re.search("SECRET", str(line.__dict__))


@pytest.mark.parametrize(
    ("field", "told"),
    [
        ("spec.budget.max_cost_micros", "budget.max_cost_dollars"),
        ("spec.acceptance_criteria[2]", "acceptance_criteria[2]"),
        ("spec.context_json", "context"),
        ("context_json.user[0]", "context.user[0]"),
        ("spec.labels", "metadata"),
        ("goal", "goal"),
        ("value_json", "value"),
    ],
)
def test_fields_are_named_as_callers_know_them(field: str, told: str) -> None:
    assert rest_field(field) == told
