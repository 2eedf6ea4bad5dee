"""`octollm model`: fetch and list the local models."""

import os
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from arms.model.cache import default_cache, list_models
from arms.model.catalog import find_model
from arms.model.fetch.fetcher import fetch as fetch_model
from arms.model.fetch.progress import FetchProgress, Phase

app = typer.Typer(no_args_is_help=True, help="The language models that run on this machine.")

Name = Annotated[str, typer.Argument(help="local or local-small.")]
Source = Annotated[Path | None, typer.Option("--source", help="A GGUF file to take instead of downloading.")]

_WORDS = {
    Phase.WAITING: "another process fetches it",
    Phase.DOWNLOADING: "downloading",
    Phase.JOINING: "checking",
    Phase.READY: "ready",
}


@app.command("list")
def list_() -> None:
    """List the local models and whether they are here."""
    table = Table("name", "model", "size", "here", "file")
    for status in list_models(cache=default_cache(environ=os.environ)):
        size = f"{status.model.size_bytes / 1e6:.0f} MB"
        table.add_row(
            status.model.name, status.model.title, size, "yes" if status.present else "no", str(status.path)
        )
    Console().print(table)


@app.command()
def fetch(name: Name = "local", source: Source = None) -> None:
    """Fetch a model into the cache that all checkouts share, and print where it is."""
    print(fetch_with_bar(name, source=source, console=Console(stderr=True)))


def fetch_with_bar(name: str, *, source: Path | None = None, console: Console) -> Path:
    """Fetch a model with a progress bar; at once when it is here.

    Raises:
        NotFoundError: no local model has that name.
        UnavailableError: no source delivered the right bytes.
        ValidationFailedError: the named file is not this model.
    """
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as bars:
        bar = bars.add_task(f"model {name}", total=None)

        def show(progress: FetchProgress) -> None:
            if progress.phase is Phase.SOURCE_FAILED:
                console.print(
                    f"  {progress.source}: {progress.note}", style="dim", markup=False, highlight=False
                )
                return
            words = f"model {name}: {_WORDS[progress.phase]} ({progress.source})"
            bars.update(
                bar, description=words, completed=progress.done_bytes, total=progress.total_bytes or None
            )

        return fetch_model(
            model=find_model(name), cache=default_cache(environ=os.environ), progress=show, source=source
        )
