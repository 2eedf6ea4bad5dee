"""Hosted models: what is missing is told, and every failure at the wire has its error."""

import json
import threading
from collections.abc import Generator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from pydantic import BaseModel

from arms.model.failures import UnusableOutputError
from arms.model.layer import ModelChoice, open_model_layer
from arms.model.prompt import Prompt, Section
from arms.model.usage import CallLimits
from servicekit.errors import (
    ConflictError,
    InternalError,
    OctoError,
    PayloadTooLargeError,
    UnavailableError,
    ValidationFailedError,
)
from servicekit.status_board import Health

PROMPT = Prompt(instructions="Answer.", sections=(Section(title="question", text="Why?"),))


class Yes(BaseModel):
    yes: bool


def completion(content: str, *, finish: str = "stop") -> dict[str, object]:
    return {
        "id": "1",
        "object": "chat.completion",
        "created": 1,
        "model": "m",
        "choices": [
            {"index": 0, "finish_reason": finish, "message": {"role": "assistant", "content": content}}
        ],
        "usage": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15},
    }


@dataclass(kw_only=True)
class Wire:
    """What an OpenAI-compatible server answers, as the test says."""

    port: int = 0
    status: int = 200
    body: dict[str, object] = field(default_factory=dict[str, object])
    asked: int = 0


class Handler(BaseHTTPRequestHandler):
    wire: Wire

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.wire.asked += 1
        body = json.dumps(self.wire.body).encode()
        self.send_response(self.wire.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("x-should-retry", "false")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class's name
        """Say nothing."""


@pytest.fixture
def wire() -> Generator[Wire]:
    told = Wire()
    with ThreadingHTTPServer(("127.0.0.1", 0), type("ToldHandler", (Handler,), {"wire": told})) as server:
        told.port = server.server_port
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield told
        server.shutdown()
        thread.join()


def choice(wire: Wire) -> ModelChoice:
    return ModelChoice(name="m", base_url=f"http://127.0.0.1:{wire.port}/v1")


def error(message: str, *, code: str = "", kind: str = "") -> dict[str, object]:
    return {"error": {"message": message, "type": kind, "code": code}}


@pytest.mark.parametrize(
    ("status", "body", "raised", "reason"),
    [
        (401, error("bad key"), UnavailableError, "MODEL_KEY_REFUSED"),
        (404, error("no such model", code="model_not_found"), UnavailableError, "MODEL_UNKNOWN"),
        (429, error("slow down", code="rate_limit_exceeded"), UnavailableError, "MODEL_OVERLOADED"),
        (429, error("no credit", code="insufficient_quota"), UnavailableError, "MODEL_QUOTA"),
        (400, error("long", code="context_length_exceeded"), PayloadTooLargeError, "CONTEXT_TOO_LONG"),
        (400, error("long", kind="exceed_context_size_error"), PayloadTooLargeError, "CONTEXT_TOO_LONG"),
        (400, error("no"), InternalError, "MODEL_REQUEST_REJECTED"),
        (500, error("oops: SECRET"), UnavailableError, "MODEL_UNREACHABLE"),
        (200, completion("not json"), UnusableOutputError, "MODEL_OUTPUT_INVALID"),
        (200, completion('{"yes": "perhaps"}'), UnusableOutputError, "MODEL_OUTPUT_INVALID"),
        (200, completion('{"ye', finish="length"), UnusableOutputError, "MODEL_OUTPUT_CUT"),
    ],
)
async def test_every_failure_at_the_wire_has_its_error(
    wire: Wire, status: int, body: dict[str, object], raised: type[OctoError], reason: str
) -> None:
    wire.status, wire.body = status, body
    async with open_model_layer(choice(wire)) as layer:
        with pytest.raises(raised) as caught:
            await layer.session().structured(PROMPT, output=Yes, max_tokens=50)
    assert caught.value.reason == reason
    assert "SECRET" not in caught.value.message


async def test_an_answer_that_is_of_no_use_is_paid_all_the_same(wire: Wire) -> None:
    wire.body = completion("not json")
    async with open_model_layer(choice(wire)) as layer:
        session = layer.session()
        with pytest.raises(UnusableOutputError):
            await session.structured(PROMPT, output=Yes, max_tokens=50)
    assert session.usage.tokens == 15
    assert wire.asked == 1


@pytest.mark.parametrize(
    ("name", "variable"),
    [("openai:gpt-4o-mini", "OPENAI_API_KEY"), ("anthropic:claude-x", "ANTHROPIC_API_KEY")],
)
async def test_a_missing_key_is_told_not_a_crash(
    monkeypatch: pytest.MonkeyPatch, name: str, variable: str
) -> None:
    monkeypatch.delenv(variable, raising=False)
    async with open_model_layer(ModelChoice(name=name)) as layer:
        health = await layer.health()
        assert health.health is Health.UNAVAILABLE
        assert variable in health.detail
        with pytest.raises(UnavailableError, match=variable):
            await layer.session().text(PROMPT, max_tokens=10)


@pytest.mark.parametrize("name", ["gigantic", "mars:rover", "openai:", ""])
async def test_an_unknown_model_is_a_clear_error(name: str) -> None:
    with pytest.raises(ValidationFailedError, match="OCTOLLM_MODEL"):
        async with open_model_layer(ModelChoice(name=name)):
            pass


async def test_a_request_that_may_cost_too_much_is_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "test")
    async with open_model_layer(ModelChoice(name="openai:gpt-4o-mini")) as layer:
        session = layer.session(CallLimits(max_cost_micros=10))
        with pytest.raises(ConflictError) as caught:
            await session.text(PROMPT, max_tokens=1000)
    assert caught.value.reason == "BUDGET_EXCEEDED"
    assert session.usage.requests == 0
