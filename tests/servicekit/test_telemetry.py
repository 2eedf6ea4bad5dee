"""Traces: whose a span is, what it carries, when it is sent, and that it costs nothing when it is not."""

import asyncio
import contextvars
import subprocess
import sys
import timeit
from collections.abc import Callable, Generator, Mapping
from contextlib import AbstractContextManager

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from servicekit import spans
from servicekit.context import hear_task_id, set_service
from servicekit.errors import ConflictError, InternalError
from servicekit.request_id import set_request_id
from servicekit.spans import TASK_ID, received, sent, spanned
from servicekit.telemetry import ServiceTracers, telemetry, wanted
from tests.support.collector import Collector, running_collector, running_http_collector

TRACE, CALLER = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
PARENT = f"00-{TRACE}-{CALLER}-01"


@pytest.fixture
def exported(monkeypatch: pytest.MonkeyPatch) -> Generator[InMemorySpanExporter]:
    """Spans of ours as they would be sent; the process's own provider stays as it is."""
    exporter = InMemorySpanExporter()
    tracers = ServiceTracers(process="alone", processors=[SimpleSpanProcessor(exporter)])
    monkeypatch.setattr(spans, "_TRACER", tracers.get_tracer("octollm"))
    yield exporter
    exporter.clear()


def alone(work: Callable[[], None]) -> None:
    """Run in a context of its own, as a request would."""
    contextvars.copy_context().run(work)


def test_a_span_belongs_to_the_service_of_its_context(exported: InMemorySpanExporter) -> None:
    def work() -> None:
        with spanned("outside"):
            set_service("coder")
            with spanned("inside"):
                pass

    alone(work)
    inside, outside = exported.get_finished_spans()
    assert inside.resource.attributes["service.name"] == "coder"
    assert outside.resource.attributes["service.name"] == "alone"
    assert inside.resource.attributes["service.namespace"] == "octollm"
    assert inside.parent is not None and outside.context is not None  # noqa: PT018  # for the type checker
    assert inside.parent.span_id == outside.context.span_id


def test_a_span_carries_request_and_task_even_when_the_task_comes_later(
    exported: InMemorySpanExporter,
) -> None:
    def work() -> None:
        set_request_id("r-1")
        with spanned("submit"):
            hear_task_id("task_0123456789abcdef")

    alone(work)
    (span,) = exported.get_finished_spans()
    assert span.attributes is not None
    assert (span.attributes["octollm.request_id"], span.attributes[TASK_ID]) == (
        "r-1",
        "task_0123456789abcdef",
    )


@pytest.mark.parametrize("told", ["task_short", "task_0123456789abcde\n", b"task_0123456789abcdef", None, ""])
def test_what_is_no_task_id_is_not_taken_over(exported: InMemorySpanExporter, told: str | None) -> None:
    def work() -> None:
        hear_task_id(told)
        with spanned("a"):
            pass

    alone(work)
    (span,) = exported.get_finished_spans()
    assert TASK_ID not in (span.attributes or {})


@pytest.mark.parametrize(
    ("error", "told", "failed"),
    [
        (ConflictError("zebra", reason="TAKEN"), "TAKEN", True),
        (InternalError("zebra"), "INTERNAL_ERROR", True),
        (ValueError("zebra"), "ValueError", True),
        (asyncio.CancelledError("zebra"), "CANCELLED", False),
    ],
)
def test_an_error_is_told_by_its_kind_never_by_its_text(
    exported: InMemorySpanExporter, error: BaseException, told: str, failed: bool
) -> None:
    def work() -> None:
        with spanned("a"):
            raise error

    with pytest.raises(type(error)):
        alone(work)
    (span,) = exported.get_finished_spans()
    assert span.attributes is not None
    assert span.attributes["error.type"] == told
    assert (span.status.status_code is trace.StatusCode.ERROR) is failed
    assert "zebra" not in span.to_json()


def test_a_context_travels_and_a_long_state_stays_behind() -> None:
    whole = {"traceparent": PARENT, "tracestate": "a=b"}
    assert sent(received(whole)) == whole
    long = {"traceparent": PARENT, "tracestate": ",".join(f"k{number}={'v' * 200}" for number in range(30))}
    assert sent(received(long)) == {"traceparent": PARENT}
    for nonsense in ("", "00", f"00-{'0' * 32}-{CALLER}-01", "x" * 100_000):
        assert sent(received({"traceparent": nonsense})) == {}


@pytest.mark.parametrize(
    ("environ", "answer"),
    [
        ({}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4317"}, True),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://c:4317"}, True),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4317", "OTEL_SDK_DISABLED": "true"}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4317", "OTEL_TRACES_EXPORTER": "none"}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c", "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf"}, True),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c", "OTEL_EXPORTER_OTLP_PROTOCOL": "http/json"}, False),
        (
            {
                "OTEL_EXPORTER_OTLP_ENDPOINT": "http://c",
                "OTEL_EXPORTER_OTLP_PROTOCOL": "http/json",
                "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "grpc",
            },
            True,
        ),
        ({"OTEL_SERVICE_NAME": "x"}, False),
    ],
)
def test_only_an_endpoint_turns_it_on(environ: Mapping[str, str], answer: bool) -> None:
    assert wanted(environ) is answer


def test_without_an_endpoint_a_span_costs_next_to_nothing() -> None:
    """Measured at 1 us; a request over REST costs 600 us. Nothing is set up."""
    with telemetry(process="x", environ={}):

        def one() -> None:
            with spanned("a"):
                pass

        best = min(timeit.repeat(one, number=2000, repeat=7)) / 2000
    assert best < 10e-6, f"{best * 1e6:.1f} us"


PROGRAM = (
    "import os, time; from servicekit.telemetry import telemetry; from servicekit.spans import spanned\n"
    "with telemetry(process='x', environ=os.environ):\n"
    "    with spanned('a'): pass\n"
    "    began = time.monotonic()\n"
    "print(time.monotonic() - began)"
)


def seconds_to_end(**environ: str) -> float:
    """How long a process with one span needs for its end, traces sent."""
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env={"PYTHONPATH": ".:gen", **environ},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return float(ran.stdout)


@pytest.mark.parametrize("protocol", ["grpc", "http/protobuf"])
def test_a_collector_that_is_away_holds_up_nobody(protocol: str) -> None:
    away = "http://127.0.0.1:9"
    assert seconds_to_end(OTEL_EXPORTER_OTLP_ENDPOINT=away, OTEL_EXPORTER_OTLP_PROTOCOL=protocol) < 3


@pytest.mark.parametrize("variable", ["OTEL_EXPORTER_OTLP_PROTOCOL", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL"])
@pytest.mark.parametrize(
    ("protocol", "collecting"), [("grpc", running_collector), ("http/protobuf", running_http_collector)]
)
def test_both_protocols_reach_a_collector(
    protocol: str, collecting: Callable[[], AbstractContextManager[Collector]], variable: str
) -> None:
    with collecting() as collector:
        seconds_to_end(**{"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url, variable: protocol})
        assert [(span.service, span.name) for span in collector.spans] == [("x", "a")]
