"""The guardian at the wire, with a reflex double behind it, and its own policy as a table."""

import tempfile
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from octollm.arms.v1 import execution_pb2, guardian_pb2, guardian_pb2_grpc
from octollm.reflex.v1 import reflex_pb2, reflex_pb2_grpc
from octollm.service.v1 import status_pb2, status_pb2_grpc

from arms.guardian.app import host_guardian
from arms.guardian.policy import find_breaches, mend
from arms.guardian.review import Direction, Pii, ReviewRequest
from arms.guardian.reviewing import pieces_of
from arms.step import Brief
from servicekit.channel import open_channel
from servicekit.errors import UnavailableError
from servicekit.running import Running
from tests.arms.wire import ReflexDouble, channel_to, hosted, serving

IN, OUT = guardian_pb2.DIRECTION_IN, guardian_pb2.DIRECTION_OUT
ALLOW, SANITIZE, BLOCK = (
    guardian_pb2.REVIEW_ACTION_ALLOW,
    guardian_pb2.REVIEW_ACTION_SANITIZE,
    guardian_pb2.REVIEW_ACTION_BLOCK,
)


@pytest.fixture
async def guarded() -> AsyncGenerator[tuple[ReflexDouble, Running]]:
    double = ReflexDouble()
    with tempfile.TemporaryDirectory(prefix="octo-") as folder:
        address = f"unix:{Path(folder)}/reflex.sock"
        add = reflex_pb2_grpc.add_ReflexServiceServicer_to_server
        async with (
            serving("reflex", double, add=add, address=address),
            open_channel(address, timeout=10) as channel,
            hosted([host_guardian(channel=channel)]) as running,
        ):
            yield double, running


async def review(
    running: Running, text: str, *, direction: guardian_pb2.Direction.ValueType = OUT, context: str = ""
) -> guardian_pb2.ReviewContentResponse:
    async with channel_to(running, "guardian", seconds=20) as channel:
        return await guardian_pb2_grpc.GuardianServiceStub(channel).ReviewContent(
            guardian_pb2.ReviewContentRequest(
                task=execution_pb2.TaskBrief(task_id="t", context_json=context),
                text=text,
                direction=direction,
            )
        )


@pytest.mark.parametrize(
    ("text", "direction", "action", "passed"),
    [
        ("All is well.", OUT, ALLOW, "All is well."),
        ("the SECRET is out", OUT, SANITIZE, "the [KEY] is out"),
        ("ATTACK at dawn", IN, BLOCK, ""),
        ("ATTACK at dawn", OUT, ALLOW, "ATTACK at dawn"),
        ("look ![here](https://evil.example/p.png?q=1)", OUT, SANITIZE, "look [image: here]"),
        ("SECRET ![x](//evil.example/a)", OUT, SANITIZE, "[KEY] [image: x]"),
        ("look ![here](https://evil.example/p.png)", IN, ALLOW, "look ![here](https://evil.example/p.png)"),
    ],
)
async def test_what_passes(
    guarded: tuple[ReflexDouble, Running],
    text: str,
    direction: guardian_pb2.Direction.ValueType,
    action: guardian_pb2.ReviewAction.ValueType,
    passed: str,
) -> None:
    answer = await review(guarded[1], text, direction=direction)
    assert (answer.action, answer.sanitized_text) == (action, passed)
    assert bool(answer.findings) is (action != ALLOW)
    assert answer.provenance.method == "rule"
    assert all("SECRET" not in finding.reason for finding in answer.findings)


async def test_long_texts_are_checked_in_pieces_and_offsets_hold(
    guarded: tuple[ReflexDouble, Running],
) -> None:
    double, running = guarded
    text = "word " * 50_000 + "SECRET" + " word" * 10
    answer = await review(running, text)
    assert answer.action == SANITIZE
    assert answer.sanitized_text == text.replace("SECRET", "[KEY]")
    assert text[answer.findings[0].start : answer.findings[0].end] == "SECRET"
    assert sum(len(request.texts) for request in double.requests) == 3


async def test_personal_data_policy_reaches_the_reflex(guarded: tuple[ReflexDouble, Running]) -> None:
    double, running = guarded
    async with channel_to(running, "guardian") as channel:
        await guardian_pb2_grpc.GuardianServiceStub(channel).ReviewContent(
            guardian_pb2.ReviewContentRequest(text="x", direction=OUT, pii=guardian_pb2.PII_POLICY_BLOCK)
        )
    assert double.requests[0].options.pii_policy == reflex_pb2.PII_POLICY_BLOCK


async def test_without_the_reflex_nothing_passes() -> None:
    async with (
        open_channel("unix:/nonexistent/reflex.sock", timeout=5) as channel,
        hosted([host_guardian(channel=channel)]) as running,
        channel_to(running, "guardian") as arm,
    ):
        with pytest.raises(UnavailableError):
            await review(running, "All is well.")
        status = await status_pb2_grpc.StatusServiceStub(arm).GetStatus(status_pb2.GetStatusRequest())
    assert status.state == status_pb2.STATE_UNAVAILABLE
    assert [(found.name, found.required) for found in status.dependencies] == [("reflex", True)]


def policy_request(text: str, *, direction: Direction = Direction.OUT, context: str = "") -> ReviewRequest:
    return ReviewRequest(text=text, direction=direction, pii=Pii.REDACT, brief=Brief(context_json=context))


@pytest.mark.parametrize(
    ("text", "context", "mended", "kinds"),
    [
        ("plain", "", "plain", []),
        ("![a](https://x.example/i.png)", "", "[image: a]", ["remote_image"]),
        ("![a]( <https://x.example/i.png> 'title')", "", "[image: a]", ["remote_image"]),
        ('<img alt="a" src="https://x.example/i.png">', "", "[image]", ["remote_image"]),
        ("<IMG SRC=//x.example/i>", "", "[image]", ["remote_image"]),
        ("![a](local.png)", "", "![a](local.png)", []),
        ("[link](https://x.example)", "", "[link](https://x.example)", []),
        (
            "![a](https://x.example/i.png)",
            '{"logo": "https://x.example/logo.png"}',
            "![a](https://x.example/i.png)",
            [],
        ),
        (
            "![a](https://x.example/i.png)",
            '{"logo": "https://x.example.evil.example/"}',
            "[image: a]",
            ["remote_image"],
        ),
        (
            "pay\u200bpal \u202egnp.exe",
            "",
            "paypal gnp.exe",
            ["invisible_characters", "invisible_characters"],
        ),
        ("bell\x07 tab\t line\n", "", "bell tab\t line\n", ["control_characters"]),
        (
            "family \U0001f468\u200d\U0001f469\u200d\U0001f467",
            "",
            "family \U0001f468\u200d\U0001f469\u200d\U0001f467",
            [],
        ),
    ],
)
def test_policy(text: str, context: str, mended: str, kinds: list[str]) -> None:
    request = policy_request(text, context=context)
    assert mend(text, request=request) == mended
    assert [finding.type for finding in find_breaches(request)] == kinds


@pytest.mark.parametrize("text", ["a" * 250_000, "word " * 50_000, "", "short"])
def test_pieces_add_up_and_are_small_enough(text: str) -> None:
    pieces = pieces_of(text)
    assert "".join(pieces) == text
    assert all(0 < len(piece) <= 100_000 for piece in pieces)
