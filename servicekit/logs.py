"""Logs: one JSON object a line, with the service, the request id, the task id and the trace on every line."""

import logging
import sys
from typing import Any, TextIO

from opentelemetry import trace
from pythonjsonlogger.orjson import OrjsonFormatter

from servicekit.context import current_service, current_task_id
from servicekit.request_id import current_request_id


class ContextFormatter(OrjsonFormatter):
    """Adds what the line belongs to; JSON escapes whatever a caller may have smuggled into a value."""

    def __init__(self, *, process: str) -> None:
        super().__init__(  # pyright: ignore[reportUnknownMemberType]  # a callable of the library is untyped
            "%(levelname)s %(name)s %(message)s",
            rename_fields={"levelname": "level", "name": "logger"},
            timestamp="ts",
        )
        self._process = process

    def add_fields(
        self, log_data: dict[str, Any], record: logging.LogRecord, message_dict: dict[str, Any]
    ) -> None:
        """Put the context beside the message; empty values are left out."""
        super().add_fields(log_data, record, message_dict)
        log_data["service"] = current_service() or self._process
        for name, value in (
            ("request_id", current_request_id()),
            ("task_id", current_task_id()),
            *_trace(),
        ):
            if value and name not in log_data:
                log_data[name] = value


def configure_logging(process: str, *, level: str = "INFO", stream: TextIO | None = None) -> None:
    """Send every logger of this process to `stream` (standard error) as JSON lines.

    Args:
        process: the name that lines carry which belong to no service.
        level: the least level that is written.
        stream: where lines go.
    """
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(ContextFormatter(process=process))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for chatty in ("httpx", "httpcore", "procrastinate", "asyncio", "openai", "anthropic"):
        logging.getLogger(chatty).setLevel(max(root.level, logging.WARNING))


def _trace() -> tuple[tuple[str, str], ...]:
    context = trace.get_current_span().get_span_context()
    if not context.is_valid:
        return ()
    return ("trace_id", f"{context.trace_id:032x}"), ("span_id", f"{context.span_id:016x}")
