"""A real OTLP collector for traces, over gRPC or HTTP, which keeps what it is sent."""

import gzip
import threading
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import grpc
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2, trace_service_pb2_grpc
from opentelemetry.proto.common.v1.common_pb2 import AnyValue


@dataclass(frozen=True, kw_only=True)
class Span:
    """A span as it arrived; ids in hex, `parent` empty for a root."""

    service: str
    name: str
    kind: int
    trace: str
    id: str
    parent: str
    start: int
    end: int
    failed: bool
    attributes: dict[str, Any]
    raw: str


@dataclass(kw_only=True)
class Collector(trace_service_pb2_grpc.TraceServiceServicer):
    """Where traces go.

    Attributes:
        url: for OTEL_EXPORTER_OTLP_ENDPOINT.
        spans: all that arrived.
    """

    url: str = ""
    spans: list[Span] = field(default_factory=list)

    def Export(self, request: Any, context: Any) -> trace_service_pb2.ExportTraceServiceResponse:
        for resource in request.resource_spans:
            service = _attributes(resource.resource.attributes)["service.name"]
            for scope in resource.scope_spans:
                self.spans += [_span(span, service=service) for span in scope.spans]
        return trace_service_pb2.ExportTraceServiceResponse()

    def of(self, trace: str) -> list[Span]:
        """The spans of one trace, by their start."""
        return sorted((span for span in self.spans if span.trace == trace), key=lambda span: span.start)


@contextmanager
def running_collector() -> Generator[Collector]:
    """Run one on a free port until the block ends."""
    collector = Collector()
    server = grpc.server(ThreadPoolExecutor(max_workers=4))
    trace_service_pb2_grpc.add_TraceServiceServicer_to_server(collector, server)
    collector.url = f"http://127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    server.start()
    try:
        yield collector
    finally:
        server.stop(None).wait()


@contextmanager
def running_http_collector() -> Generator[Collector]:
    """Run one that speaks http/protobuf on a free port until the block ends."""
    collector = Collector()
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Traces, collector)) as server:
        collector.url = f"http://127.0.0.1:{server.server_port}"
        serving = threading.Thread(target=server.serve_forever, name="collector")
        serving.start()
        try:
            yield collector
        finally:
            server.shutdown()
            serving.join()


class _Traces(BaseHTTPRequestHandler):
    """POST /v1/traces as the OTLP specification has it."""

    def __init__(self, collector: Collector, *args: Any) -> None:
        self._collector = collector
        super().__init__(*args)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        if self.headers.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        fits = self.path == "/v1/traces" and self.headers["content-type"] == "application/x-protobuf"
        self.send_response(200 if fits else 404)
        self.end_headers()
        if fits:
            request = trace_service_pb2.ExportTraceServiceRequest.FromString(body)
            self.wfile.write(self._collector.Export(request, None).SerializeToString())

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # its own signature
        """Say nothing."""


def _span(span: Any, *, service: str) -> Span:
    return Span(
        service=service,
        name=span.name,
        kind=span.kind,
        trace=span.trace_id.hex(),
        id=span.span_id.hex(),
        parent=span.parent_span_id.hex(),
        start=span.start_time_unix_nano,
        end=span.end_time_unix_nano,
        failed=span.status.code == span.status.STATUS_CODE_ERROR,
        attributes=_attributes(span.attributes),
        raw=str(span),
    )


def _attributes(pairs: Any) -> dict[str, Any]:
    return {pair.key: _value(pair.value) for pair in pairs}


def _value(value: AnyValue) -> Any:
    kind = value.WhichOneof("value")
    return getattr(value, kind) if kind else None
