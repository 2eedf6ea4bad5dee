"""Webhooks against a real receiver over TLS: signed, at least once, guarded, and bounded."""

import asyncio
import json
import re
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest
from octollm.orchestrator.v1 import tasks_pb2

from cli.commands.webhooks import secret
from orchestrator.settings import OrchestratorSettings
from orchestrator.webhooks.limits import WebhookLimits
from orchestrator.webhooks.secrets import WebhookSecrets, text_of
from servicekit.errors import ValidationFailedError
from tests.orchestrator.house import House, Script, eventually, running_house, settings_for
from tests.orchestrator.webhooks.receiver import REDIRECT, Receiver, receiving

QUICK = WebhookLimits(pause=0.05, look=0.05, lease=1.0, seconds=1.0)


@pytest.fixture
async def receiver(tmp_path: Path) -> AsyncGenerator[Receiver]:
    async with receiving(tmp_path) as told:
        yield told


Settings = Callable[..., OrchestratorSettings]


@pytest.fixture
def settings(database_url: str, socket_dir: Path, receiver: Receiver) -> Settings:
    def make(**more: Any) -> OrchestratorSettings:
        given: dict[str, Any] = {
            "webhook_hosts": (f"localhost:{receiver.port}",),
            "webhook_networks": ("127.0.0.0/8", "::1/128"),
            "webhook_ca_file": receiver.ca_file,
            "webhook": QUICK,
            **more,
        }
        return settings_for(database_url, socket_dir, **given)

    return make


Printed = Callable[[str], Awaitable[str]]


@pytest.fixture
def printed(
    database_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Printed:
    """What `octollm webhooks secret` prints for a tenant."""
    monkeypatch.setenv("OCTOLLM_DATABASE_URL", database_url)

    async def ask(tenant: str) -> str:
        await asyncio.to_thread(secret, tenant=tenant)
        return capsys.readouterr().out.splitlines()[-1]

    return ask


async def rows(database_url: str) -> list[tuple[Any, ...]]:
    async with await psycopg.AsyncConnection.connect(database_url) as connection:
        cursor = await connection.execute("SELECT attempts, url FROM orchestrator.webhooks")
        return await cursor.fetchall()


async def ended(house: House, receiver: Receiver, **spec: Any) -> tasks_pb2.Task:
    return await house.run(callback_url=receiver.url, **spec)


def example() -> Callable[..., bool]:
    """The receiver's check as docs/webhooks.md gives it."""
    source = re.search(r"```python\n(.*?)```", Path("docs/webhooks.md").read_text(), re.DOTALL)
    assert source
    space: dict[str, Any] = {}
    exec(source[1], space)  # noqa: S102  # our own documentation
    return space["is_genuine"]


async def test_an_end_is_told_once_and_the_documented_check_accepts_it(
    settings: Settings, surroundings: Script, receiver: Receiver, database_url: str, printed: Printed
) -> None:
    async with running_house(settings(), surroundings) as house:
        task = await ended(house, receiver)
        await eventually(lambda: bool(receiver.calls))
        await eventually(lambda: _empty(database_url))
        await asyncio.sleep(0.2)
        metrics = await house.metrics()
    (call,) = receiver.calls
    told = json.loads(call.body)
    assert (call.path, told["type"]) == ("/hook?token=zebra", "task.completed")
    assert told["data"] == {
        "task_id": task.task_id,
        "status": "completed",
        "request_id": call.headers["x-request-id"],
    }
    assert 'octollm_webhooks_total{outcome="delivered"} 1.0' in metrics

    is_genuine, ours = example(), await printed("default")
    assert is_genuine(ours, call.headers, call.body)
    assert not is_genuine(ours, call.headers, call.body + b" ")
    assert not is_genuine(ours, {**call.headers, "webhook-id": "dlv_other"}, call.body)
    old = {**call.headers, "webhook-timestamp": str(int(time.time()) - 900)}
    assert not is_genuine(ours, old, call.body)
    assert not is_genuine(await printed("another"), call.headers, call.body)


async def _empty(database_url: str) -> bool:
    return not await rows(database_url)


async def given_up(house: House) -> bool:
    return 'octollm_webhooks_total{outcome="given_up"} 1.0' in await house.metrics()


async def test_a_cancel_and_a_failure_are_ends_too(
    settings: Settings, surroundings: Script, receiver: Receiver
) -> None:
    async with running_house(settings(), surroundings) as house:
        surroundings.plan = []
        await ended(house, receiver)
        hanging = asyncio.Event()

        async def wait(_: object) -> None:
            await hanging.wait()

        surroundings.on_plan = wait
        task = await house.submit(callback_url=receiver.url)
        await house.tasks.CancelTask(tasks_pb2.CancelTaskRequest(task_id=task.task_id))
        await eventually(lambda: len(receiver.calls) == 2)
        hanging.set()
    assert {json.loads(call.body)["type"] for call in receiver.calls} == {"task.failed", "task.cancelled"}


async def test_it_is_tried_again_until_it_is_taken(
    settings: Settings, surroundings: Script, receiver: Receiver
) -> None:
    receiver.answers = ["500 Broken", None, REDIRECT, "429 Later", "204 No Content"]
    async with running_house(settings(), surroundings) as house:
        await ended(house, receiver)
        await eventually(lambda: len(receiver.calls) == 5)
        await asyncio.sleep(0.5)
        assert 'octollm_webhooks_total{outcome="retried"} 4.0' in await house.metrics()
    assert len(receiver.calls) == 5
    assert len(receiver.ids) == 1
    assert {call.path for call in receiver.calls} == {"/hook?token=zebra"}


@pytest.mark.parametrize(
    ("answers", "calls"), [(["410 Gone"], 1), (["500 Broken"] * 9, 3), ([REDIRECT] * 9, 3)]
)
async def test_it_is_given_up_in_the_end(
    settings: Settings,
    surroundings: Script,
    receiver: Receiver,
    answers: list[str | None],
    calls: int,
) -> None:
    receiver.answers = answers
    limits = WebhookLimits(pause=0.05, look=0.05, seconds=1.0, attempts=3)
    async with running_house(settings(webhook=limits), surroundings) as house:
        await ended(house, receiver)
        await eventually(lambda: given_up(house))
        await asyncio.sleep(0.3)
    assert len(receiver.calls) == calls


async def test_what_one_orchestrator_did_not_finish_another_one_delivers(
    settings: Settings, surroundings: Script, receiver: Receiver, database_url: str
) -> None:
    receiver.answers = [None]
    async with running_house(settings(webhook=WebhookLimits(look=0.05, lease=1.0)), surroundings) as house:
        await ended(house, receiver)
        await eventually(lambda: bool(receiver.calls))
    assert len(await rows(database_url)) == 1
    async with running_house(settings(), surroundings):
        await eventually(lambda: len(receiver.calls) == 2)
        await eventually(lambda: _empty(database_url))
    assert len(receiver.ids) == 1


async def test_nobody_is_called_whom_no_operator_named(
    settings: Settings, surroundings: Script, receiver: Receiver, database_url: str
) -> None:
    async with running_house(settings(webhook_hosts=()), surroundings) as house:
        for url in (receiver.url, "https://example.org/", "https://user@localhost/"):
            with pytest.raises(ValidationFailedError) as refused:
                await house.submit(callback_url=url)
            assert refused.value.field == "callback_url"
            assert "zebra" not in refused.value.message
    async with running_house(settings(webhook_networks=()), surroundings) as house:
        await ended(house, receiver)
        await eventually(lambda: _empty(database_url))
        assert 'octollm_webhooks_total{outcome="given_up"} 1.0' in await house.metrics()
    assert receiver.calls == []


async def test_secrets_come_from_the_settings_or_are_derived() -> None:
    async def load_key() -> bytes:
        return b"k" * 32

    chosen = text_of(b"s" * 24)
    secrets = WebhookSecrets(configured=json.dumps({"acme": chosen}), load_key=load_key)
    assert await secrets.of("acme") == b"s" * 24
    assert await secrets.of("other") != await secrets.of("third")
    for wrong in ("[]", "no", '{"a": 1}', '{"a": "whsec_short"}', '{"a": "c2VjcmV0"}'):
        with pytest.raises(ValidationFailedError, match="OCTOLLM_WEBHOOK_SECRETS"):
            WebhookSecrets(configured=wrong, load_key=load_key)


def test_pauses_grow_up_to_an_hour() -> None:
    limits = WebhookLimits()
    assert [limits.pause_after(number, random=lambda: 1.0) for number in (1, 2, 3, 14)] == [5, 10, 20, 3600]
    assert limits.pause_after(1, random=lambda: 0.0) == 2.5
