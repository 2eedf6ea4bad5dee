"""`octollm check`: what the reflex finds in a file, with the places marked."""

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from cli.client.options import DataDirOption, UrlOption, connect
from servicekit.errors import ValidationFailedError

File = Annotated[str, typer.Argument(help="A text file, or - for standard input.", metavar="FILE|-")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the answer as JSON and nothing else.")]

_STYLES = {"pii": "black on yellow", "secret": "white on red", "injection": "white on magenta"}
_ACTIONS = {"allow": "bold green", "sanitize": "bold yellow", "block": "bold red"}


def check(file: File, as_json: AsJson = False, url: UrlOption = None, data_dir: DataDirOption = None) -> None:
    """Check a text for personal data, secrets and injections; exit status 1 when it would be blocked."""
    text = read_text(file)
    with connect(url=url, data_dir=data_dir) as api:
        answer = api.check(text)
    if as_json:
        print(json.dumps(answer, indent=2))
    else:
        show_findings(text, answer, console=Console())
    if answer["action"] == "block":
        raise typer.Exit(1)


def read_text(file: str) -> str:
    """The text of a file, or of standard input for ``-``.

    Raises:
        ValidationFailedError: it cannot be read as UTF-8 text.
    """
    try:
        raw = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
        return raw.decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ValidationFailedError(f"{file} cannot be read as text: {error}", field="file") from error


def show_findings(text: str, answer: dict[str, Any], *, console: Console) -> None:
    """Print the text with every finding marked, then what was found and what follows from it."""
    marked = Text(text)
    table = Table("place", "category", "type", "severity", "confidence", "why")
    for finding in answer["findings"]:
        marked.stylize(_STYLES[finding["category"]], finding["start"], finding["end"])
        table.add_row(
            place(text, finding["start"]),
            Text(finding["category"], style=_STYLES[finding["category"]]),
            finding["type"],
            finding["severity"],
            f"{finding['confidence']:.2f}",
            Text(finding["reason"]),
        )
    console.print(marked, soft_wrap=True)
    if answer["findings"]:
        console.print(table)
    action = Text(answer["action"], style=_ACTIONS[answer["action"]])
    console.print(action, f"risk {answer['risk_score']:.2f}, {answer['processing_time_ms']:.1f} ms")


def place(text: str, offset: int) -> str:
    """Line and column of a character offset, both from 1, as editors count them."""
    line = text.count("\n", 0, offset) + 1
    column = offset - (text.rfind("\n", 0, offset) + 1) + 1
    return f"{line}:{column}"
