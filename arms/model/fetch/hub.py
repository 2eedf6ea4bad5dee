"""The official repository over HTTPS: resumed by Range, given up within seconds when it cannot be reached."""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path

import httpx

from arms.model.catalog import ModelFile
from arms.model.checksum import sha256_of_file
from arms.model.fetch.progress import Phase
from arms.model.fetch.source import Report, SourceFailedError, size_of

_TRIES = 3


@dataclass(frozen=True, kw_only=True)
class Hub:
    """Downloads `<base_url>/<repository>/resolve/main/<file>`.

    Attributes:
        base_url: scheme and host of the hub.
        timeout: short to connect, so that a machine without it loses seconds; longer between bytes.
    """

    base_url: str = "https://huggingface.co"
    timeout: httpx.Timeout = field(default_factory=lambda: httpx.Timeout(30.0, connect=3.0))
    name: str = "hub"

    def missing_bytes(self, *, model: ModelFile, work: Path) -> int:
        """What is not downloaded yet."""
        return max(0, model.size_bytes - size_of(_partial(work)))

    def obtain(self, *, model: ModelFile, work: Path, report: Report) -> Path:
        """Download the rest, then verify all of it.

        Raises:
            SourceFailedError: unreachable, refused, broken off too often, or wrong bytes.
        """
        partial = _partial(work)
        url = f"{self.base_url}/{model.hub_repository}/resolve/main/{model.file_name}"
        with httpx.Client(timeout=self.timeout, follow_redirects=True) as client:
            for attempt in range(1, _TRIES + 1):
                before = size_of(partial)
                try:
                    self._download(client=client, url=url, partial=partial, model=model, report=report)
                    break
                except httpx.HTTPError as error:
                    # A connection that brought bytes is worth resuming; one that brought none is not.
                    if attempt == _TRIES or size_of(partial) <= before:
                        raise SourceFailedError(f"{url}: {_text(error)}") from error
        return _verified(partial=partial, model=model, url=url)

    def _download(
        self, *, client: httpx.Client, url: str, partial: Path, model: ModelFile, report: Report
    ) -> None:
        have = size_of(partial)
        if have == model.size_bytes:
            return
        if have > model.size_bytes:
            partial.unlink()
            have = 0
        with _open(client=client, url=url, have=have) as response:
            resumed = response.status_code == HTTPStatus.PARTIAL_CONTENT
            done = have if resumed else 0
            with partial.open("ab" if resumed else "wb") as out:
                for block in response.iter_raw():
                    done += len(block)
                    if done > model.size_bytes:
                        raise SourceFailedError(f"{url} sends more than {model.size_bytes} bytes")
                    out.write(block)
                    report(Phase.DOWNLOADING, done)


@contextmanager
def _open(*, client: httpx.Client, url: str, have: int) -> Generator[httpx.Response]:
    headers = {"Accept-Encoding": "identity"}
    if have:
        headers["Range"] = f"bytes={have}-"
    with client.stream("GET", url, headers=headers) as response:
        response.raise_for_status()
        yield response


def _partial(work: Path) -> Path:
    return work / "hub.partial"


def _verified(*, partial: Path, model: ModelFile, url: str) -> Path:
    if size_of(partial) != model.size_bytes or sha256_of_file(partial) != model.sha256:
        partial.unlink(missing_ok=True)
        raise SourceFailedError(f"{url} sent other bytes than expected: the SHA-256 differs")
    return partial


def _text(error: httpx.HTTPError) -> str:
    if isinstance(error, httpx.HTTPStatusError):
        return f"HTTP {error.response.status_code}"
    return str(error) or type(error).__name__
