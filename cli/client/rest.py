"""The REST API as the client commands call it."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote

import httpx
from httpx_sse import connect_sse

from cli.client.trust import VARIABLE, is_distrusted, trusted
from servicekit.errors import OctoError, UnavailableError, ValidationFailedError

_OUTLIVES_HEARTBEATS = 60.0
_PATIENCE = 150.0
"""Seconds that an answer may take: a waiting read, and a large document, take their time."""


class ApiError(OctoError):
    """The API refused; carries what the error envelope said.

    Args:
        message: the envelope's message.
        code: the envelope's code, such as ``NOT_FOUND``.
        status: the HTTP status.
        request_id: the id under which the services logged the request.
        retry_after: seconds after which trying again makes sense.
    """

    def __init__(
        self, message: str, *, code: str, status: int, request_id: str, retry_after: float | None = None
    ) -> None:
        super().__init__(message, reason=code, retry_after=retry_after)
        self.status = status
        self.request_id = request_id


@dataclass(frozen=True, kw_only=True)
class Event:
    """One server-sent event of a task.

    Attributes:
        sequence: its number, from 1.
        type: such as ``step.completed``.
        data: its particulars.
    """

    sequence: int
    type: str
    data: dict[str, Any]


class Api:
    """A connection to one gateway."""

    def __init__(self, *, base_url: str, timeout: float = 30.0, token: str | None = None) -> None:
        self._url = base_url.rstrip("/")
        headers = {"authorization": f"Bearer {_sendable(token)}"} if token else {}
        self._http = httpx.Client(
            base_url=f"{self._url}/api/v1",
            headers=headers,
            timeout=timeout,
            trust_env=False,
            verify=trusted(),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def create(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Submit a task.

        Raises:
            ApiError: the API refused it.
            UnavailableError: nobody answers.
        """
        return self._json("POST", "/tasks", json=body)

    def task(self, task_id: str, *, wait: int = 0) -> dict[str, Any]:
        """One task; with `wait`, when it ends or after so many seconds."""
        return self._json("GET", f"/tasks/{task_id}", params={"wait": wait} if wait else None)

    def tasks(self, *, page: int, page_size: int, status: str | None) -> dict[str, Any]:
        """One page of tasks."""
        parameters: dict[str, Any] = {"page": page, "page_size": page_size}
        if status:
            parameters["status"] = status
        return self._json("GET", "/tasks", params=parameters)

    def steps(self, task_id: str) -> dict[str, Any]:
        """The steps of a task."""
        return self._json("GET", f"/tasks/{task_id}/steps")

    def cancel(self, task_id: str) -> dict[str, Any]:
        """Cancel a task."""
        return self._json("DELETE", f"/tasks/{task_id}")

    def check(self, text: str) -> dict[str, Any]:
        """What the reflex finds in a text."""
        return self._json("POST", "/check", json={"text": text, "checks": {"cache": False}})

    def put_document(
        self, path: Path, *, title: str, media_type: str, metadata: Mapping[str, str]
    ) -> dict[str, Any]:
        """Store a file as a document.

        Raises:
            OSError: the file cannot be read.
        """
        form = {"title": title, "metadata": json.dumps(metadata)}
        with path.open("rb") as content:
            return self._json(
                "POST",
                "/arms/retriever/documents",
                data=form,
                files={"file": (path.name, content, media_type)},
            )

    def search(self, query: Mapping[str, Any]) -> dict[str, Any]:
        """Passages of the stored documents."""
        return self._json("POST", "/arms/retriever/search", json=query)

    def create_key(
        self, *, subject: str, roles: list[str], label: str, expires_in_days: int | None
    ) -> dict[str, Any]:
        """Make an API key."""
        body = {"subject": subject, "roles": roles, "label": label, "expires_in_days": expires_in_days}
        return self._json("POST", "/keys", json=body)

    def keys(self, *, page: int, page_size: int) -> dict[str, Any]:
        """One page of API keys."""
        return self._json("GET", "/keys", params={"page": page, "page_size": page_size})

    def revoke_key(self, key_id: str) -> dict[str, Any]:
        """End an API key."""
        return self._json("DELETE", f"/keys/{quote(key_id, safe='')}")

    def audit(self, *, page: int, page_size: int, outcome: str | None) -> dict[str, Any]:
        """One page of the audit log."""
        parameters: dict[str, Any] = {"page": page, "page_size": page_size}
        return self._json("GET", "/audit", params=parameters | ({"outcome": outcome} if outcome else {}))

    def health(self) -> dict[str, Any]:
        """How every service is; answered also while one is down."""
        return self._json("GET", "/health", accept=(200, 503))

    def ready(self) -> bool:
        """Whether the platform takes tasks; False also when nobody answers."""
        try:
            return self._http.get("/ready").is_success
        except httpx.TransportError:
            return False

    def events(self, task_id: str, *, after: int = 0) -> Iterator[Event]:
        """The events of a task after a sequence number, until the stream ends.

        Raises:
            ApiError: it may not be read, or not any more.
        """
        headers = {"Last-Event-ID": str(after)} if after else {}
        with connect_sse(
            self._http, "GET", f"/tasks/{task_id}/events", headers=headers, timeout=_OUTLIVES_HEARTBEATS
        ) as source:
            if not source.response.is_success:
                source.response.read()
                raise _refusal(source.response)
            for event in source.iter_sse():
                if not event.data:  # only a hint how soon to reconnect
                    continue
                if event.event == "error":  # the last one: why there is no more
                    raise _told(event.json()["error"], status=source.response.status_code)
                yield Event(sequence=int(event.id), type=event.event, data=event.json())

    def _json(
        self,
        method: str,
        path: str,
        *,
        json: Mapping[str, Any] | None = None,
        params: Mapping[str, Any] | None = None,
        data: Mapping[str, Any] | None = None,
        files: Mapping[str, Any] | None = None,
        accept: tuple[int, ...] = (),
    ) -> dict[str, Any]:
        try:
            response = self._http.request(
                method, path, json=json, params=params, data=data, files=files, timeout=_PATIENCE
            )
        except httpx.TransportError as error:
            if is_distrusted(error):
                raise UnavailableError(
                    f"the certificate of {self._url} is not believed: name its authority in {VARIABLE}"
                ) from error
            raise UnavailableError(
                f"nobody answers at {self._url}: is OctoLLM running there? "
                "`octollm serve all` starts it, --url names another place"
            ) from error
        if response.is_success or response.status_code in accept:
            return response.json()
        raise _refusal(response)


def _sendable(token: str) -> str:
    if not token.isascii() or not token.isprintable():
        raise ValidationFailedError(
            "The token is none: it holds characters that no token has.", field="--token"
        )
    return token


def _refusal(response: httpx.Response) -> ApiError:
    try:
        retry_after = float(response.headers.get("retry-after", 0)) or None
        return _told(response.json()["error"], status=response.status_code, retry_after=retry_after)
    except (ValueError, KeyError, TypeError):
        return ApiError(
            f"the answer is not OctoLLM's: HTTP {response.status_code} from {response.url}",
            code="INTERNAL_ERROR",
            status=response.status_code,
            request_id=response.headers.get("x-request-id", ""),
        )


def _told(error: Mapping[str, Any], *, status: int, retry_after: float | None = None) -> ApiError:
    """What an error envelope says."""
    field = error["details"].get("field")
    place = f" ({field}: {error['details'].get('constraint')})" if field else ""
    return ApiError(
        error["message"] + place,
        code=error["code"],
        status=status,
        request_id=error["request_id"],
        retry_after=retry_after,
    )
