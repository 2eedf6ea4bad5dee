"""`octollm search`: passages of the stored documents, with where they stand."""

import json
from collections.abc import Sequence
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from cli.client.connect import connect
from cli.client.metadata import parse_metadata
from cli.client.options import DataDirOption, JsonOption, TokenOption, UrlOption

Query = Annotated[str, typer.Argument(help="What is sought.")]
Limit = Annotated[int, typer.Option(min=1, max=100, help="How many passages at most.")]
Mode = Annotated[str, typer.Option(help="keyword, vector or hybrid.")]
Filters = Annotated[
    list[str] | None,
    typer.Option("--filter", "-f", help="Only documents with this value, as NAME=VALUE; may be given again."),
]


def search(
    query: Query,
    limit: Limit = 5,
    mode: Mode = "hybrid",
    filters: Filters = None,
    as_json: JsonOption = False,
    token: TokenOption = None,
    url: UrlOption = None,
    data_dir: DataDirOption = None,
) -> None:
    """Find passages; exit status 1 when there are none."""
    asked = {"query": query, "limit": limit, "mode": mode, "filters": parse_metadata(filters or [])}
    with connect(url=url, data_dir=data_dir, token=token) as api:
        answer = api.search(asked)
    if as_json:
        print(json.dumps(answer, indent=2))
    else:
        show_passages(answer["passages"], console=Console())
    if not answer["passages"]:
        raise typer.Exit(1)


def show_passages(passages: Sequence[dict[str, Any]], *, console: Console) -> None:
    """Print one row a passage: how well it fits, the words that fit best, and where they stand."""
    if not passages:
        console.print("nothing found")
        return
    table = Table("score", "passage", "where")
    for passage in passages:
        cited = passage["citation"]
        where = Text.assemble(cited["title"], "\n", (cited["chunk_id"], "dim"))
        table.add_row(f"{cited['score']:.2f}", Text(cited["quote"] or passage["text"]), where)
    console.print(table)
