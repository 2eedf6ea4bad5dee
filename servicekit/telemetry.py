"""Sends traces where the standard OTEL_* variables say; without them nothing is set up.

Several services may share a process. Each is a service of its own in the traces (`service.name`), all of them
share one queue and one connection to the collector.
"""

import logging
import threading
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from opentelemetry import trace
from opentelemetry.context import Context

from servicekit.context import current_service
from servicekit.spans import own_attributes
from servicekit.version import octollm_version

if TYPE_CHECKING:  # the SDK is imported where traces are sent, only there
    from opentelemetry.sdk.trace import SpanProcessor
    from opentelemetry.sdk.trace import TracerProvider as ServiceProvider
    from opentelemetry.sdk.trace.export import SpanExporter

_LOG = logging.getLogger(__name__)

ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
"""Either turns tracing on."""

_PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
GRPC, HTTP = "grpc", "http/protobuf"
_NAMESPACE = "octollm"
FLUSH_SECONDS = 0.8
"""How long the end of a process may be held up by a collector that does not answer."""


def wanted(environ: Mapping[str, str]) -> bool:
    """Whether the environment asks for traces."""
    off = environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true"
    exporters = {name.strip() for name in environ.get("OTEL_TRACES_EXPORTER", "otlp").split(",")}
    if off or "otlp" not in exporters or not any(environ.get(name) for name in ENDPOINTS):
        return False
    if (protocol := _protocol(environ)) not in {GRPC, HTTP}:
        _LOG.warning(
            "no traces are sent: OTEL_EXPORTER_OTLP_PROTOCOL is %s, and %s and %s are spoken here",
            protocol,
            GRPC,
            HTTP,
        )
        return False
    return True


@contextmanager
def telemetry(*, process: str, environ: Mapping[str, str]) -> Generator[None]:
    """Send traces for the length of the block, when that is asked for; what is left is sent at its end.

    Args:
        process: whose spans those are that belong to no service.
        environ: our environment; endpoint, headers, certificates, sampler and batches are OpenTelemetry's own
            variables.
    """
    if not wanted(environ):
        yield
        return
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    processor = BatchSpanProcessor(_exporter(_protocol(environ)))
    trace.set_tracer_provider(ServiceTracers(process=process, processors=[processor]))
    _LOG.info("traces are sent")
    try:
        yield
    finally:
        _within(FLUSH_SECONDS, processor)


def _protocol(environ: Mapping[str, str]) -> str:
    return next((environ[name].strip() for name in _PROTOCOLS if environ.get(name)), GRPC)


def _exporter(protocol: str) -> "SpanExporter":
    """What sends; each brings a client of its own, so only the one that is used is imported."""
    if protocol == HTTP:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as HttpExporter

        return HttpExporter()
    from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as GrpcExporter

    return GrpcExporter()


class ServiceTracers(trace.TracerProvider):
    """Gives tracers whose spans belong to whichever service is the current one when they start.

    Args:
        process: the service when there is none.
        processors: what becomes of ended spans, of all services alike.
    """

    def __init__(self, *, process: str, processors: Sequence["SpanProcessor"]) -> None:
        self._process = process
        self._processors = processors
        self._providers: dict[str, ServiceProvider] = {}

    def get_tracer(
        self,
        instrumenting_module_name: str,
        instrumenting_library_version: str | None = None,
        schema_url: str | None = None,
        attributes: Any = None,
    ) -> trace.Tracer:
        """A tracer for a library or a module of ours."""
        del attributes
        return _ServiceTracer(
            self, instrumenting_module_name, instrumenting_library_version or "", schema_url or ""
        )

    def current(self) -> "ServiceProvider":
        """The provider of the current service."""
        name = current_service() or self._process
        if name not in self._providers:
            self._providers[name] = self._made(name)
        return self._providers[name]

    def _made(self, name: str) -> "ServiceProvider":
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider

        described = {
            "service.name": name,
            "service.namespace": _NAMESPACE,
            "service.version": octollm_version(),
        }
        provider = TracerProvider(resource=Resource.create(described), shutdown_on_exit=False)
        for processor in self._processors:
            provider.add_span_processor(processor)
        return provider


class _ServiceTracer(trace.Tracer):
    """Starts spans in the name of the current service."""

    def __init__(self, owner: ServiceTracers, module: str, version: str, schema_url: str) -> None:
        self._owner = owner
        self._scope = (module, version, schema_url)
        self._tracers: dict[ServiceProvider, trace.Tracer] = {}

    def start_span(self, name: str, context: Context | None = None, *args: Any, **kwargs: Any) -> trace.Span:
        """Start a span that carries the request id and the task id."""
        span = self._tracer().start_span(name, context, *args, **kwargs)
        span.set_attributes(own_attributes())
        return span

    @contextmanager
    def start_as_current_span(  # pyright: ignore[reportIncompatibleMethodOverride]  # the base has a private decorator
        self, name: str, *args: Any, end_on_exit: bool = True, **kwargs: Any
    ) -> Generator[trace.Span]:
        """Start a span for the length of a block; what exceptions say is for the log, not for traces."""
        for ours in ("record_exception", "set_status_on_exception"):
            kwargs.pop(ours, None)
        span = self.start_span(name, *args, **kwargs)
        with trace.use_span(span, end_on_exit=end_on_exit, record_exception=False) as current:
            yield current

    def _tracer(self) -> trace.Tracer:
        provider = self._owner.current()
        if provider not in self._tracers:
            self._tracers[provider] = provider.get_tracer(*self._scope)
        return self._tracers[provider]


def _within(seconds: float, processor: "SpanProcessor") -> None:
    """Send what is left, for so long at most: the exporter itself would try for half a minute."""
    sending = threading.Thread(target=processor.shutdown, name="last traces", daemon=True)
    sending.start()
    sending.join(seconds)
    if sending.is_alive():
        _LOG.warning("the collector does not answer: the last traces are lost")
