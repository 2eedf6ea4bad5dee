"""Tasks over the wire: submitted, driven by scripted arms, told, listed, cancelled."""

from octollm.orchestrator.v1 import tasks_pb2

from tests.orchestrator.house import House, planned


async def test_a_task_runs_to_its_result(house: House) -> None:
    task = await house.run("say hello", acceptance_criteria=["is polite"])
    assert task.status == tasks_pb2.TASK_STATUS_COMPLETED, task
    assert task.result.output == "only()"
    assert task.result.validation_passed
    assert [v.criterion for v in task.result.criteria] == ["is polite"]
    assert list(task.metadata.arms_used) == ["planner", "worker", "judge", "guardian"]
    assert task.metadata.tokens_used == 3 + 10 + 2
    assert task.metadata.cost_micros == 1 + 5 + 1
    assert task.progress.percentage == 100


async def test_a_dag_hands_outputs_on(house: House) -> None:
    house.script.plan = [planned("c", "a", "b"), planned("a"), planned("b"), planned("d", "c")]
    task = await house.run()
    assert task.result.output == "d(c(a(),b()))"
    assert {step.state for step in (await house.steps(task.task_id)).values()} == {
        tasks_pb2.STEP_STATE_COMPLETED
    }
