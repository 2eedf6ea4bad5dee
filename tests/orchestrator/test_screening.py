"""What comes in is looked at before it is planned, where the guardian has a policy for that."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from octollm.arms.v1 import guardian_pb2
from octollm.orchestrator.v1 import tasks_pb2

from arms.clients import GrpcRegister
from arms.guardian.app import host_guardian
from arms.guardian.settings import GuardianSettings
from servicekit.channel import open_channel
from tests.arms.wire import hosted
from tests.orchestrator.house import House, Script, running_house, settings_for

ALLOW, SANITIZE, BLOCK = (
    guardian_pb2.REVIEW_ACTION_ALLOW,
    guardian_pb2.REVIEW_ACTION_SANITIZE,
    guardian_pb2.REVIEW_ACTION_BLOCK,
)
POLICY = """
[default]
[[default.rules]]
id = "project_name"
pattern = '(?i)project bluebird'
direction = "in"
replacement = "the project"
reason = "the project's name is confidential"

[tenants.default]
[[tenants.default.allowed_topics]]
name = "billing"
words = ["invoice"]
[[tenants.default.rules]]
id = "project_name"
pattern = '(?i)project bluebird'
direction = "in"
replacement = "the project"
reason = "the project's name is confidential"
"""


@pytest.fixture
async def screening(database_url: str, socket_dir: Path, surroundings: Script) -> AsyncIterator[House]:
    """A house whose guardian says that it looks at what comes in."""
    async with running_house(settings_for(database_url, socket_dir), surroundings, register=False) as running:
        for arm_id, capability in (("planner", "plan"), ("judge", "validate"), ("worker", "work")):
            await running.register(arm_id, capability)
        yield running


async def test_what_is_blocked_is_never_planned_or_paid(screening: House) -> None:
    await screening.register("guardian", "review", also="screen")
    screening.script.review = lambda text: (BLOCK, "") if "poem" in text else (ALLOW, text)
    screening.script.find = lambda _: [guardian_pb2.ReviewFinding(category="policy", type="off_topic")]
    task = await screening.run("write a poem")
    assert task.error.type == tasks_pb2.ERROR_TYPE_BLOCKED
    assert task.error.message == "the task may not be worked on: goal is against this platform's policy"
    assert '"findings":["policy.off_topic"]' in task.error.details_json
    assert (screening.script.plans, screening.script.executed, screening.script.reviewed) == ([], [], [])
    assert task.metadata.tokens_used == 0


async def test_every_text_is_looked_at_and_what_is_left_out_reaches_no_arm(screening: House) -> None:
    await screening.register("guardian", "review", also="screen")
    screening.script.review = lambda text: (
        (SANITIZE, text.replace("bluebird", "[PROJECT]")) if "bluebird" in text else (ALLOW, text)
    )
    task = await screening.run(
        "tell of bluebird",
        acceptance_criteria=["names bluebird", "is short"],
        context_json='{"notes": ["bluebird flies", 7]}',
    )
    assert task.status == tasks_pb2.TASK_STATUS_COMPLETED
    assert set(screening.script.screened) == {
        "tell of bluebird",
        "names bluebird",
        "is short",
        "notes",
        "bluebird flies",
    }
    (plan,), (step,), (judged,) = (
        screening.script.plans,
        screening.script.executed,
        screening.script.judged,
    )
    for brief in (plan.task, step.task, judged.task):
        assert "bluebird" not in str(brief)
        assert brief.goal == "tell of [PROJECT]"
    assert '"[PROJECT] flies"' in step.task.context_json


async def test_without_a_policy_nothing_is_asked(screening: House) -> None:
    await screening.register("guardian", "review")
    assert (await screening.run()).status == tasks_pb2.TASK_STATUS_COMPLETED
    assert screening.script.screened == []


async def test_while_the_guardian_is_away_nothing_is_planned(screening: House) -> None:
    task = await screening.submit()
    await asyncio.sleep(0.5)
    assert screening.script.plans == []
    await screening.register("guardian", "review", also="screen")
    assert (await screening.get(task.task_id, wait=30)).status == tasks_pb2.TASK_STATUS_COMPLETED
    assert screening.script.screened == ["a goal"]


async def test_the_real_guardian_says_so_and_does_it(screening: House, tmp_path: Path) -> None:
    policy = tmp_path / "guardian.toml"
    policy.write_text(POLICY)
    reflex = f"unix:{screening.socket_dir / 'reflex'}.sock"
    async with (
        open_channel(reflex, timeout=10) as channel,
        hosted(
            [host_guardian(channel=channel, settings=GuardianSettings(guardian_policy=policy))],
            register=GrpcRegister(channel=screening.channel),
        ),
    ):
        off_topic = await screening.run("write a poem")
        assert off_topic.error.type == tasks_pb2.ERROR_TYPE_BLOCKED
        assert "policy.off_topic" in off_topic.error.details_json
        assert screening.script.plans == []
        on_topic = await screening.run("check the invoice of Project Bluebird")
        assert on_topic.status == tasks_pb2.TASK_STATUS_COMPLETED, on_topic.error
        assert [plan.task.goal for plan in screening.script.plans] == ["check the invoice of the project"]
