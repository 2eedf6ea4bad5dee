"""Tasks over the wire: submitted, driven by scripted arms to their one end, told, watched, cancelled."""

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from octollm.arms.v1 import arm_pb2, guardian_pb2
from octollm.orchestrator.v1 import tasks_pb2
from octollm.reflex.v1 import reflex_pb2

from servicekit.errors import (
    ConflictError,
    NotFoundError,
    OctoError,
    UnavailableError,
    ValidationFailedError,
)
from servicekit.request_id import set_request_id
from tests.orchestrator.house import (
    House,
    Script,
    eventually,
    planned,
    result,
    running_house,
    settings_for,
)

COMPLETED, FAILED = tasks_pb2.TASK_STATUS_COMPLETED, tasks_pb2.TASK_STATUS_FAILED


async def test_a_task_runs_to_its_result(house: House) -> None:
    task = await house.run("say hello", acceptance_criteria=["is polite"], labels={"team": "blue"})
    assert task.status == COMPLETED, task
    assert task.result.output == "only()"
    assert task.result.validation_passed
    assert [v.criterion for v in task.result.criteria] == ["is polite"]
    assert list(task.metadata.arms_used) == ["planner", "worker", "judge", "guardian"]
    assert task.metadata.tokens_used == 3 + 10 + 2
    assert task.metadata.cost_micros == 1 + 5 + 1
    assert dict(task.metadata.labels) == {"team": "blue"}
    assert task.progress.percentage == 100
    assert task.HasField("completed_at")
    assert not task.HasField("estimated_completion")


async def test_a_dag_hands_outputs_on(house: House) -> None:
    house.script.plan = [planned("c", "a", "b"), planned("a"), planned("b"), planned("d", "c")]
    task = await house.run()
    assert task.result.output == "d(c(a(),b()))"
    steps = await house.steps(task.task_id)
    assert {step.state for step in steps.values()} == {tasks_pb2.STEP_STATE_COMPLETED}
    assert (task.progress.completed_steps, task.progress.total_steps) == (4, 4)
    assert [e.sequence for e in await house.events(task.task_id)] == list(range(1, task.last_sequence + 1))


async def test_defaults_are_filled_in_and_sent_back(house: House) -> None:
    spec = (await house.submit()).spec
    assert (spec.budget.max_tokens, spec.budget.max_time_seconds) == (10_000, 300)
    assert spec.budget.max_cost_micros == 1_000_000
    assert spec.priority == tasks_pb2.PRIORITY_MEDIUM
    assert spec.policy.pii == tasks_pb2.PII_POLICY_REDACT


async def test_events_are_gapless_and_end_with_the_end(house: House) -> None:
    task = await house.run(acceptance_criteria=["ok"])
    events = await house.events(task.task_id)
    assert [event.sequence for event in events] == list(range(1, len(events) + 1))
    names = [tasks_pb2.TaskEventType.Name(event.type).removeprefix("TASK_EVENT_TYPE_") for event in events]
    assert names == [
        "TASK_QUEUED",
        "TASK_STARTED",
        "TASK_PLANNED",
        "STEP_STARTED",
        "STEP_COMPLETED",
        "TASK_VALIDATED",
        "TASK_COMPLETED",
    ]
    assert task.last_sequence == len(events)
    assert [e.sequence for e in await house.events(task.task_id, after=5)] == [6, 7]
    assert await house.events(task.task_id, after=7) == []


async def test_the_request_id_goes_through_every_hop(house: House) -> None:
    set_request_id("req-4711")
    task = await house.submit()
    set_request_id("another")
    assert (await house.get(task.task_id, wait=60)).request_id == "req-4711"
    assert house.script.request_ids == {"req-4711"}


async def test_one_key_gives_one_task(house: House) -> None:
    tasks = await asyncio.gather(*(house.submit("same", key="k1") for _ in range(50)))
    assert len({task.task_id for task in tasks}) == 1
    with pytest.raises(ConflictError) as caught:
        await house.submit("other", key="k1")
    assert caught.value.reason == "IDEMPOTENCY_KEY_REUSED"
    assert (await house.submit("same", key="k2")).task_id != tasks[0].task_id


async def test_a_replay_needs_no_reflex(house: House) -> None:
    first = await house.submit("same", key="k1")
    house.script.check = _refuse
    assert (await house.submit("same", key="k1")).task_id == first.task_id


def _refuse(text: str) -> reflex_pb2.CheckResponse:
    raise UnavailableError("the reflex is away")


async def test_without_the_reflex_nothing_is_taken(house: House) -> None:
    house.script.check = _refuse
    with pytest.raises(UnavailableError):
        await house.submit()
    response = await house.tasks.ListTasks(tasks_pb2.ListTasksRequest())
    assert response.total_items == 0


@pytest.mark.parametrize(
    ("spec", "field"),
    [
        ({"goal": "EVIL"}, "goal"),
        ({"constraints": ["fine", "EVIL"]}, "constraints[1]"),
        ({"acceptance_criteria": ["EVIL"]}, "acceptance_criteria[0]"),
        ({"context_json": '{"a": [{"b": "EVIL"}]}'}, "context.a[0].b"),
        ({"context_json": '{"EVIL": 1}'}, "context.EVIL"),
        ({"labels": {"x": "EVIL"}}, "metadata.x"),
    ],
)
async def test_an_injection_is_refused_where_it_stands(
    house: House, spec: dict[str, Any], field: str
) -> None:
    def check(text: str) -> reflex_pb2.CheckResponse:
        if "EVIL" not in text:
            return reflex_pb2.CheckResponse(action=reflex_pb2.ACTION_ALLOW)
        finding = reflex_pb2.Finding(
            category=reflex_pb2.CATEGORY_INJECTION,
            type="ignore_previous",
            severity=reflex_pb2.SEVERITY_HIGH,
            end=4,
        )
        return reflex_pb2.CheckResponse(action=reflex_pb2.ACTION_BLOCK, findings=[finding])

    house.script.check = check
    with pytest.raises(ValidationFailedError) as caught:
        await house.submit(**spec)
    assert (caught.value.field, caught.value.constraint) == (field, "injection.ignore_previous")
    assert (await house.tasks.ListTasks(tasks_pb2.ListTasksRequest())).total_items == 0


async def test_what_is_redacted_is_never_stored_or_sent_on(house: House) -> None:
    def check(text: str) -> reflex_pb2.CheckResponse:
        clean = text.replace("joe@x.org", "[EMAIL]")
        action = reflex_pb2.ACTION_ALLOW if clean == text else reflex_pb2.ACTION_SANITIZE
        return reflex_pb2.CheckResponse(action=action, sanitized_text=clean)

    house.script.check = check
    task = await house.run("mail joe@x.org", context_json='{"to": "joe@x.org", "n": 1.0}')
    assert task.spec.goal == "mail [EMAIL]"
    assert task.spec.context_json == '{"to": "[EMAIL]", "n": 1.0}'
    assert house.script.plans[0].task.goal == "mail [EMAIL]"
    assert "joe" not in house.script.executed[0].task.context_json


async def test_a_task_may_only_be_stricter_than_its_tenant(house: House) -> None:
    policy = tasks_pb2.Policy(pii=tasks_pb2.PII_POLICY_ALLOW)
    with pytest.raises(ValidationFailedError) as caught:
        await house.submit(policy=policy)
    assert caught.value.field == "policy.pii"


async def test_nul_is_refused(house: House) -> None:
    with pytest.raises(ValidationFailedError) as caught:
        await house.submit("a\x00b")
    assert caught.value.field == "goal"


async def test_an_unknown_task_is_not_found(house: House) -> None:
    request = tasks_pb2.GetTaskRequest(task_id="task_" + "x" * 16)
    with pytest.raises(NotFoundError):
        await house.tasks.GetTask(request)
    with pytest.raises(NotFoundError):
        await house.tasks.CancelTask(tasks_pb2.CancelTaskRequest(task_id=request.task_id))
    with pytest.raises(NotFoundError):
        await house.events(request.task_id)


async def test_a_plan_that_breaks_the_rules_gets_a_second_chance(house: House) -> None:
    house.script.plan = [planned("a", capability="fly")]

    async def mend(request: Any) -> None:
        if request.feedback:
            assert "fly" in request.feedback
            house.script.plan = [planned("a")]

    house.script.on_plan = mend
    task = await house.run()
    assert task.status == COMPLETED
    assert task.metadata.tokens_used == 3 + 3 + 10


async def test_a_plan_that_stays_broken_fails_the_task(house: House) -> None:
    house.script.plan = [planned("a", "b"), planned("b", "a")]
    task = await house.run()
    assert task.error.type == tasks_pb2.ERROR_TYPE_PLAN_INVALID
    assert "circle" in task.error.message
    assert task.metadata.tokens_used == 6, "what the planner used is paid"


async def test_the_judge_sends_a_repair_round(house: House) -> None:
    def judge(request: Any) -> tuple[list[bool], str]:
        return ([True], "") if "write.1" in request.output else ([False], "say please")

    house.script.judge = judge
    house.script.plan = [planned("read"), planned("write", "read")]
    task = await house.run(acceptance_criteria=["polite"])
    assert task.result.validation_passed
    assert house.script.executed[-1].feedback == "say please"
    assert sorted(i.step_id for i in house.script.executed[-1].inputs) == ["read", "write"]
    steps = await house.steps(task.task_id)
    assert [(s.step_id, s.round) for s in steps.values()] == [("read", 0), ("write", 0), ("write.1", 1)]


@pytest.mark.parametrize(
    ("policy", "status"),
    [
        (tasks_pb2.ON_VALIDATION_FAILURE_UNSPECIFIED, COMPLETED),
        (tasks_pb2.ON_VALIDATION_FAILURE_FAIL, FAILED),
    ],
)
async def test_criteria_that_stay_unmet(house: House, policy: Any, status: Any) -> None:
    house.script.judge = lambda _: ([True, False], "no")
    task = await house.run(
        acceptance_criteria=["a", "b"], policy=tasks_pb2.Policy(on_validation_failure=policy)
    )
    assert task.status == status
    assert len(house.script.judged) == 3, "two repair rounds"
    if status == COMPLETED:
        assert [v.passed for v in task.result.criteria] == [True, False]
        assert not task.result.validation_passed
    else:
        assert task.error.type == tasks_pb2.ERROR_TYPE_VALIDATION_FAILED
        assert '"b"' in task.error.details_json


async def test_the_best_round_counts_not_the_last(house: House) -> None:
    def judge(request: Any) -> tuple[list[bool], str]:
        return ([False, False], "no") if ".1" in request.output else ([True, False], "no")

    house.script.judge = judge
    task = await house.run(acceptance_criteria=["a", "b"])
    assert task.result.output == "only()"
    assert [v.passed for v in task.result.criteria] == [True, False]


async def test_proposals_compete_for_a_critical_task(house: House) -> None:
    house.script.judge = lambda request: ([request.output.startswith("only~2")], "no")
    task = await house.run(acceptance_criteria=["a"], priority=tasks_pb2.PRIORITY_CRITICAL)
    assert task.result.output == "only~2()"
    assert sorted(await house.steps(task.task_id)) == ["only", "only~2", "only~3"]


@pytest.mark.parametrize(("failing", "output"), [({"only"}, "only~2()"), ({"only~2", "only~3"}, "only()")])
async def test_a_proposal_may_fail(house: House, failing: set[str], output: str) -> None:
    async def some(request: arm_pb2.ExecuteRequest, _: Any) -> AsyncIterator[arm_pb2.ExecuteResponse]:
        if request.step_id in failing:
            raise ValidationFailedError("cannot")
        yield result(f"{request.step_id}()")

    house.script.execute = some
    task = await house.run(policy=tasks_pb2.Policy(swarm=3))
    assert task.result.output == output


async def test_all_proposals_may_not_fail(house: House) -> None:
    async def none(_: Any, __: Any) -> AsyncIterator[arm_pb2.ExecuteResponse]:
        raise ValidationFailedError("cannot")
        yield

    house.script.execute = none
    task = await house.run(policy=tasks_pb2.Policy(swarm=3))
    assert task.error.type == tasks_pb2.ERROR_TYPE_PLAN_INVALID


async def test_the_guardian_looks_at_what_leaves(house: House) -> None:
    house.script.review = lambda text: (
        guardian_pb2.REVIEW_ACTION_SANITIZE,
        text.replace("only", "[NAME]"),
    )
    task = await house.run()
    assert task.result.output == "[NAME]()"


async def test_only_the_callers_own_personal_data_leaves(
    database_url: str, socket_dir: Path, surroundings: Script
) -> None:
    def check(text: str) -> reflex_pb2.CheckResponse:
        start = text.find("Joe@x.org")
        found = reflex_pb2.Finding(category=reflex_pb2.CATEGORY_PII, type="email", start=start, end=start + 9)
        return reflex_pb2.CheckResponse(
            action=reflex_pb2.ACTION_ALLOW, findings=[found] if start >= 0 else []
        )

    def review(text: str) -> tuple[int, str]:
        return guardian_pb2.REVIEW_ACTION_SANITIZE, text.replace("joe@x.org", "[E]").replace(
            "ann@x.org", "[E]"
        )

    async def answer(_: Any, __: Any) -> AsyncIterator[arm_pb2.ExecuteResponse]:
        yield result("to joe@x.org and ann@x.org")

    surroundings.check, surroundings.review, surroundings.execute = check, review, answer
    surroundings.find = lambda text: [
        guardian_pb2.ReviewFinding(category="pii", type="email", start=m.start(), end=m.end())
        for m in re.finditer(r"\w+@x\.org", text)
    ]
    settings = settings_for(database_url, socket_dir, tenant_pii={"default": "allow"})
    async with running_house(settings, surroundings) as house:
        task = await house.run("write to Joe@x.org")
        assert task.spec.goal == "write to Joe@x.org"
        assert task.result.output == "to joe@x.org and [EMAIL]"
    with psycopg.connect(database_url) as connection:
        row = connection.execute("SELECT own_findings FROM orchestrator.tasks").fetchone()
    assert row is not None
    assert [len(print_) for print_ in row[0]] == [32]


async def test_what_must_not_leave_fails_the_task(house: House) -> None:
    house.script.review = lambda _: (guardian_pb2.REVIEW_ACTION_BLOCK, "")
    task = await house.run()
    assert task.error.type == tasks_pb2.ERROR_TYPE_BLOCKED
    assert not task.result.output


async def test_the_budget_is_kept_outside_the_model(house: House) -> None:
    async def greedy(request: arm_pb2.ExecuteRequest, _: Any) -> AsyncIterator[arm_pb2.ExecuteResponse]:
        assert request.limits.max_tokens <= 100
        yield result("x", tokens=60)

    house.script.execute = greedy
    house.script.plan = [planned("a"), planned("b", "a"), planned("c", "b"), planned("d", "c")]
    task = await house.run(budget=tasks_pb2.Budget(max_tokens=100))
    assert task.error.type == tasks_pb2.ERROR_TYPE_BUDGET_EXCEEDED
    assert task.metadata.tokens_used == 123, "the planner, two steps, and not one call more"
    assert '"tokens_used":123' in task.error.details_json
    states = {name: step.state for name, step in (await house.steps(task.task_id)).items()}
    assert states["c"] == tasks_pb2.STEP_STATE_CANCELLED


async def test_the_time_is_kept_outside_the_arm(house: House) -> None:
    async def slow(_: Any, __: Any) -> AsyncIterator[arm_pb2.ExecuteResponse]:
        await asyncio.sleep(60)
        yield result("x")

    house.script.execute = slow
    task = await house.run(budget=tasks_pb2.Budget(max_time_seconds=1))
    assert task.error.type == tasks_pb2.ERROR_TYPE_TIMEOUT
    assert task.metadata.duration_seconds < 5


@pytest.mark.parametrize(
    ("error", "tries", "type_"),
    [
        (UnavailableError("crashed"), 4, tasks_pb2.ERROR_TYPE_ARM_UNAVAILABLE),
        (
            UnavailableError("no namespaces", reason="SANDBOX_UNAVAILABLE"),
            1,
            tasks_pb2.ERROR_TYPE_SANDBOX_UNAVAILABLE,
        ),
        (ValidationFailedError("no such argument"), 1, tasks_pb2.ERROR_TYPE_PLAN_INVALID),
        (RuntimeError("a defect"), 1, tasks_pb2.ERROR_TYPE_INTERNAL),
    ],
)
async def test_a_step_that_fails_for_good(house: House, error: Exception, tries: int, type_: Any) -> None:
    async def broken(_: Any, __: Any) -> AsyncIterator[arm_pb2.ExecuteResponse]:
        raise error
        yield

    house.script.execute = broken
    task = await house.run()
    assert (task.status, task.error.type) == (FAILED, type_)
    assert len(house.script.executed) == tries
    assert len({request.idempotency_key for request in house.script.executed}) == 1
    assert [request.attempt for request in house.script.executed] == list(range(1, tries + 1))
    assert "defect" not in task.error.message


async def test_a_stream_without_a_result_is_garbage(house: House) -> None:
    async def nothing(_: Any, __: Any) -> AsyncIterator[arm_pb2.ExecuteResponse]:
        yield arm_pb2.ExecuteResponse(progress=arm_pb2.Progress(message="almost"))

    house.script.execute = nothing
    assert (await house.run()).error.type == tasks_pb2.ERROR_TYPE_INTERNAL


async def test_a_step_that_fails_once_is_tried_again_and_paid_once(house: House) -> None:
    async def flaky(request: arm_pb2.ExecuteRequest, _: Any) -> AsyncIterator[arm_pb2.ExecuteResponse]:
        if request.attempt == 1:
            raise UnavailableError("crashed")
        yield result("second try")

    house.script.execute = flaky
    task = await house.run()
    assert task.result.output == "second try"
    assert task.metadata.tokens_used == 13
    types = [event.type for event in await house.events(task.task_id)]
    assert types.count(tasks_pb2.TASK_EVENT_TYPE_STEP_RETRIED) == 1


async def test_cancel_reaches_the_running_call_and_is_final(house: House) -> None:
    seen: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

    async def endless(_: Any, __: Any) -> AsyncIterator[arm_pb2.ExecuteResponse]:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            seen.set_result(True)
            raise
        yield result("x")

    house.script.execute = endless
    task = await house.submit()
    await eventually(lambda: bool(house.script.executed))
    cancelled = (await house.tasks.CancelTask(tasks_pb2.CancelTaskRequest(task_id=task.task_id))).task
    assert cancelled.status == tasks_pb2.TASK_STATUS_CANCELLED
    assert await asyncio.wait_for(seen, 5)
    again = (await house.tasks.CancelTask(tasks_pb2.CancelTaskRequest(task_id=task.task_id))).task
    assert again.last_sequence == cancelled.last_sequence
    assert {s.state for s in (await house.steps(task.task_id)).values()} == {tasks_pb2.STEP_STATE_CANCELLED}


async def test_what_ended_cannot_be_cancelled(house: House) -> None:
    task = await house.run()
    with pytest.raises(ConflictError) as caught:
        await house.tasks.CancelTask(tasks_pb2.CancelTaskRequest(task_id=task.task_id))
    assert "completed" in caught.value.message


async def test_waiting_answers_at_the_end_or_when_the_time_is_up(house: House) -> None:
    gate = asyncio.Event()

    async def gated(_: Any, __: Any) -> AsyncIterator[arm_pb2.ExecuteResponse]:
        await gate.wait()
        yield result("x")

    house.script.execute = gated
    task = await house.submit()
    assert (await house.get(task.task_id, wait=1)).status != COMPLETED
    waiting = asyncio.create_task(house.get(task.task_id, wait=30))
    gate.set()
    assert (await waiting).status == COMPLETED


async def test_a_task_of_another_tenant_does_not_exist(house: House, database_url: str) -> None:
    task = await house.run()
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("UPDATE orchestrator.tasks SET tenant = 'another'")
    with pytest.raises(NotFoundError):
        await house.get(task.task_id)


async def test_errors_keep_their_class_over_the_wire(house: House) -> None:
    request = tasks_pb2.CreateTaskRequest(spec=tasks_pb2.TaskSpec(goal=" "))
    with pytest.raises(OctoError) as caught:
        await house.tasks.CreateTask(request)
    assert isinstance(caught.value, ValidationFailedError)


async def test_erasing_leaves_the_bill_and_nothing_else(house: House) -> None:
    task = await house.run("a secret goal", acceptance_criteria=["c"], labels={"a": "b"})
    request = tasks_pb2.EraseTaskRequest(task_id=task.task_id)
    erased = (await house.tasks.EraseTask(request)).task
    assert not erased.spec.goal
    assert not erased.spec.acceptance_criteria
    assert not erased.metadata.labels
    assert not erased.HasField("result")
    assert erased.metadata.tokens_used == task.metadata.tokens_used
    assert erased.last_sequence > task.last_sequence
    assert await house.steps(task.task_id) == {}
    assert await house.events(task.task_id) == []
    assert (await house.get(task.task_id, wait=5)).status == COMPLETED


async def test_what_runs_cannot_be_erased(house: House) -> None:
    async def endless(_: Any, __: Any) -> AsyncIterator[arm_pb2.ExecuteResponse]:
        await asyncio.sleep(60)
        yield result("x")

    house.script.execute = endless
    task = await house.submit()
    with pytest.raises(ConflictError):
        await house.tasks.EraseTask(tasks_pb2.EraseTaskRequest(task_id=task.task_id))


async def test_usage_is_told_by_day(house: House) -> None:
    first, second = await house.run(), await house.run()
    (today,) = (await house.tasks.GetUsage(tasks_pb2.GetUsageRequest())).days
    assert today.tasks == 2
    assert today.tokens == first.metadata.tokens_used + second.metadata.tokens_used
    assert today.cost_micros == first.metadata.cost_micros + second.metadata.cost_micros
    assert today.date.count("-") == 2


async def test_what_happens_is_counted_and_gauges_return_to_zero(house: House) -> None:
    await house.run()
    house.script.plan = [planned("a", capability="fly")]
    await house.run()
    text = await house.metrics()
    assert "octollm_tasks_submitted_total 2.0" in text
    assert 'octollm_tasks_ended_total{error="",status="completed"} 1.0' in text
    assert 'octollm_tasks_ended_total{error="PLAN_INVALID",status="failed"} 1.0' in text
    assert 'octollm_steps_total{outcome="completed"} 1.0' in text

    async def at_rest() -> bool:
        text = await house.metrics()
        return "octollm_tasks_running 0.0" in text and "octollm_task_readers 0.0" in text

    await eventually(at_rest)
