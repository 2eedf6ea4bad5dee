"""One task, one trace: from the caller through every process, across the queue, to the model."""

from collections.abc import Generator
from typing import Any

import httpx
import pytest

from cli.embedded.unprivileged import temporary_data_dir
from tests.support.collector import Collector, Span, running_collector, running_http_collector
from tests.support.openai_server import ModelServer, running_model
from tests.support.platform import running_platform, until

pytestmark = pytest.mark.timeout(240)

TRACE, CALLER = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
REQUEST_ID = "traced-1"
GOAL = "Look the zebracode up in the handbook, then write a program that prints it and run the program."
ANSWER = "print('quaggaword')"
SERVICES = {
    "gateway",
    "reflex",
    "orchestrator",
    "planner",
    "retriever",
    "coder",
    "executor",
    "judge",
    "guardian",
}


def step(name: str, capability: str, *depends_on: int) -> dict[str, Any]:
    return {"name": name, "capability": capability, "instruction": name, "depends_on": depends_on}


SAID = ModelServer(
    typed={
        "Plan": {
            "steps": [
                step("find it", "document_search"),
                step("write it", "code_generation", 1),
                step("run it", "code_execution", 2),
            ]
        },
        "ModelVerdict": {"evidence": "quaggaword", "satisfied": True},
    },
    text=f"```python\n{ANSWER}\n```",
)


class Ran:
    """What is left of a platform on which one task ran: its traces, its answer, its log lines."""

    def __init__(self, collector: Collector, task: dict[str, Any], lines: list[dict[str, Any]]) -> None:
        self.collector = collector
        self.task = task
        self.lines = lines
        self.spans = collector.of(TRACE)


@pytest.fixture(scope="module")
def ran() -> Generator[Ran]:
    with running_collector() as collector:
        yield from running_once(collector)


@pytest.fixture(scope="module")
def telling() -> Generator[Ran]:
    """The same with what was said, sent over HTTP."""
    with running_http_collector() as collector:
        yield from running_once(
            collector, OCTOLLM_TRACE_CONTENT="true", OTEL_EXPORTER_OTLP_PROTOCOL="http/protobuf"
        )


def running_once(collector: Collector, **more: str) -> Generator[Ran]:
    with running_model(SAID), temporary_data_dir(prefix="octo-") as data_dir:
        environ = {
            "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url,
            "OTEL_BSP_SCHEDULE_DELAY": "600000",  # so that nothing arrives but by the flush at the end
            "OCTOLLM_MODEL_BASE_URL": SAID.url,
            **more,
        }
        with running_platform(data_dir, model="m", flags=("--workers", "2"), environ=environ) as platform:
            with httpx.Client(base_url=platform.url, timeout=70) as api:
                until(lambda: has_arms(api), seconds=60, what="every arm to be healthy")
                task = run_traced(api)
            assert collector.spans == []
            assert platform.stop()[0] == 0
            yield Ran(collector, task, platform.logs())


def has_arms(api: httpx.Client) -> bool:
    """Whether all are there and able; the sandbox's self-test takes a while after the start."""
    arms = api.get("/arms").json()["data"]
    return [arm["status"] for arm in arms] == ["healthy"] * (len(SERVICES) - 3)


def run_traced(api: httpx.Client) -> dict[str, Any]:
    made = api.post(
        "/tasks",
        json={"goal": GOAL, "acceptance_criteria": ["is friendly"]},
        headers={"traceparent": f"00-{TRACE}-{CALLER}-01", "X-Request-ID": REQUEST_ID},
    )
    assert made.status_code == 202, made.text
    task = api.get(f"/tasks/{made.json()['task_id']}", params={"wait": 60}).json()
    assert task["status"] == "completed", task
    return task


def test_the_trace_is_connected_and_the_caller_is_its_root(ran: Ran) -> None:
    ids = {span.id for span in ran.spans}
    roots = [span for span in ran.spans if span.parent == CALLER]
    assert [(span.service, span.name) for span in roots] == [("gateway", "POST /api/v1/tasks")]
    assert [span for span in ran.spans if span.parent not in ids | {CALLER}] == []


def test_no_span_of_any_trace_is_an_orphan(ran: Ran) -> None:
    known = {(span.trace, span.id) for span in ran.collector.spans}
    orphans = [
        span
        for span in ran.collector.spans
        if span.parent not in {"", CALLER} and (span.trace, span.parent) not in known
    ]
    assert orphans == []


def test_every_service_takes_part(ran: Ran) -> None:
    assert {span.service for span in ran.spans} == SERVICES


def test_every_span_carries_the_request_id_and_the_task_id(ran: Ran) -> None:
    assert {span.attributes.get("octollm.request_id") for span in ran.spans} == {REQUEST_ID}
    without = [(span.service, span.name) for span in ran.spans if "octollm.task_id" not in span.attributes]
    assert without == [("gateway", "octollm.orchestrator.v1.TaskService/CreateTask")]  # there was no task yet
    told = {span.attributes.get("octollm.task_id") for span in ran.spans} - {None}
    assert told == {ran.task["task_id"]}


def test_it_tells_what_the_task_went_through(ran: Ran) -> None:
    own = [span.name for span in ran.spans if span.service == "orchestrator" and "/" not in span.name]
    assert own == ["guard", "queue", "drive", "plan", "step", "step", "step", "validate", "guard"]
    by_name = {span.name: span for span in ran.spans}
    drive = by_name["drive"]
    assert (drive.attributes["octollm.attempt"], drive.attributes["octollm.status"]) == (1, "completed")
    for name in ("plan", "step", "validate"):
        assert by_name[name].parent == drive.id
    steps = [span for span in ran.spans if span.name == "step"]
    assert [span.attributes["octollm.arm_id"] for span in steps] == ["retriever", "coder", "executor"]
    assert 0 <= drive.start - by_name["queue"].end < 2e9
    assert all(span.end >= span.start for span in ran.spans)
    failed = [(span.service, span.attributes["error.type"]) for span in ran.spans if span.failed]
    assert failed == []


def test_calls_of_the_model_follow_the_genai_conventions(ran: Ran) -> None:
    asked = [span for span in ran.spans if span.name == "chat m"]
    assert [span.service for span in asked] == ["planner", "coder", "judge"]
    for span in asked:
        assert span.attributes["gen_ai.operation.name"] == "chat"
        assert span.attributes["gen_ai.request.model"] == "m"
        assert span.attributes["gen_ai.usage.input_tokens"] == 40
        assert span.attributes["gen_ai.usage.output_tokens"] == 20
        parent = next(it for it in ran.spans if it.id == span.parent)
        assert parent.service == span.service


def test_nothing_that_was_said_is_in_a_trace(ran: Ran) -> None:
    told = [span for span in ran.collector.spans if said_in(span)]
    assert told == []
    assert "quaggaword" in ran.task["result"]["output"]


def test_what_was_said_is_in_the_models_spans_where_that_is_asked_for(telling: Ran) -> None:
    asked = [span for span in telling.spans if span.name == "chat m"]
    told = {span.service: {word for word in SECRETS if word in span.raw} for span in asked}
    assert told["planner"] >= {"zebracode"}  # of the goal, in its prompt
    assert told["coder"] >= {"quaggaword"}  # of its answer
    assert told["judge"] >= {"friendly"}  # of the criterion, in its prompt
    assert {span.name for span in telling.spans if said_in(span)} == {"chat m", "invoke_agent agent"}


def test_a_trace_over_http_is_whole(telling: Ran) -> None:
    assert {span.service for span in telling.spans} == SERVICES
    known = {span.id for span in telling.spans} | {CALLER}
    assert [span for span in telling.spans if span.parent not in known] == []


SECRETS = ("zebracode", "quaggaword", "handbook", "friendly")
"""Words that only callers and models say."""


def said_in(span: Span) -> bool:
    return any(word in span.raw for word in SECRETS)


def test_log_lines_lead_to_the_trace(ran: Ran) -> None:
    lines = [line for line in ran.lines if line.get("request_id") == REQUEST_ID]
    assert {line["service"] for line in lines} >= SERVICES - {"executor", "retriever"}
    assert {line.get("trace_id") for line in lines} == {TRACE}
    assert {line["span_id"] for line in lines} <= {span.id for span in ran.spans}
    assert not [line for line in ran.lines if "detach context" in line["message"]]
