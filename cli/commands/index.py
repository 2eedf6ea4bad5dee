"""`octollm index`: stores files as documents, so that tasks and searches find what is in them."""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn
from rich.text import Text

from cli.client.connect import connect
from cli.client.documents import FoundFile, SkippedFile, find_files
from cli.client.metadata import parse_metadata
from cli.client.options import DataDirOption, TokenOption, UrlOption
from cli.client.rest import Api, ApiError

Paths = Annotated[list[Path], typer.Argument(help="Files and folders.", metavar="PATH...")]
Metadata = Annotated[
    list[str] | None,
    typer.Option("--metadata", "-m", help="A value to filter by, as NAME=VALUE; may be given again."),
]

_OF_ONE_FILE = frozenset({400, 413, 415})
"""Refusals that concern one document: the next may be taken."""

_TOO_MANY = 429


def index(
    paths: Paths,
    metadata: Metadata = None,
    token: TokenOption = None,
    url: UrlOption = None,
    data_dir: DataDirOption = None,
) -> None:
    """Store text, Markdown, HTML and PDF files; exit status 1 when one that was found is not stored."""
    values = parse_metadata(metadata or [])
    console = Console(stderr=True)
    found = list(find_files(paths))
    files = [it for it in found if isinstance(it, FoundFile)]
    skipped = [it for it in found if isinstance(it, SkippedFile)]
    for it in skipped:
        _tell(console, it.path, why=it.why)
    with connect(url=url, data_dir=data_dir, token=token) as api:
        stored = upload_all(files, metadata=values, api=api, console=console)
    print(f"{stored} documents stored, {len(found) - stored} skipped")
    if stored < len(found) or not found:
        raise typer.Exit(1)


def upload_all(files: Sequence[FoundFile], *, metadata: Mapping[str, str], api: Api, console: Console) -> int:
    """Store the files, showing how far it is.

    Args:
        files: which.
        metadata: attached to each.
        api: where to.
        console: for the bar, and a line for each that is refused.

    Returns:
        How many are stored.

    Raises:
        OctoError: nothing can be stored now: nobody answers, or the caller may not.
    """
    stored = 0
    with _progress(console) as progress:
        bar = progress.add_task("", total=sum(it.size for it in files))
        for file in files:
            progress.update(bar, description=file.title[-40:])
            try:
                upload(file, metadata=metadata, api=api)
                stored += 1
            except OSError as error:
                _tell(console, file.path, why=(error.strerror or str(error)).lower())
            except ApiError as error:
                if error.status not in _OF_ONE_FILE:
                    raise
                _tell(console, file.path, why=error.message)
            progress.advance(bar, file.size)
    return stored


def upload(file: FoundFile, *, metadata: Mapping[str, str], api: Api) -> None:
    """Store one file; when there were too many requests, as soon as the platform says.

    Raises:
        ApiError: the platform refuses it.
        OSError: it cannot be read.
    """
    while True:
        try:
            api.put_document(file.path, title=file.title, media_type=file.media_type, metadata=metadata)
        except ApiError as error:
            if error.status != _TOO_MANY:
                raise
            time.sleep(error.retry_after or 1.0)
        else:
            return


def _progress(console: Console) -> Progress:
    name = TextColumn("{task.description}", markup=False)
    columns = (name, BarColumn(), DownloadColumn(), TimeRemainingColumn())
    return Progress(*columns, console=console, transient=True)


def _tell(console: Console, path: Path, *, why: str) -> None:
    console.print(Text(f"skipped {path}: {why}"), soft_wrap=True)
