"""`octollm check`: what the reflex finds in a file, with the places marked."""

import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from cli.client.connect import connect
from cli.client.options import DataDirOption, JsonOption, TokenOption, UrlOption
from servicekit.errors import ValidationFailedError

File = Annotated[str, typer.Argument(help="A text file, or - for standard input.", metavar="FILE|-")]

_STYLES = {"pii": "black on yellow", "secret": "white on red", "injection": "white on magenta"}
_ACTIONS = {"allow": "bold green", "sanitize": "bold yellow", "block": "bold red"}
"""By how bad they are, the worst last."""
_AT_ONCE = 100_000
"""Characters that one request may have."""
_MOST_BYTES = 10 * 1024 * 1024
_VISIBLE = (
    {code: 0x2400 + code for code in range(0x20) if chr(code) not in "\t\n"}
    | {0x7F: 0x2421}
    | dict.fromkeys((*range(0x80, 0xA0), *range(0x200E, 0x2010), *range(0x202A, 0x202F)), 0xFFFD)
    | dict.fromkeys(range(0x2066, 0x206A), 0xFFFD)
)
"""Signs for control characters and those that turn the direction of what follows, one for one: a file must
neither command the terminal nor show its words in another order."""


def check(
    file: File,
    as_json: JsonOption = False,
    token: TokenOption = None,
    url: UrlOption = None,
    data_dir: DataDirOption = None,
) -> None:
    """Check a text for personal data, secrets and injections; exit status 1 when it would be blocked."""
    text = read_text(file)
    with connect(url=url, data_dir=data_dir, token=token) as api:
        answer = joined([(piece, api.check(piece)) for piece in pieces(text)])
    if as_json:
        print(json.dumps(answer, indent=2))
    else:
        show_findings(text, answer, console=Console())
    if answer["action"] == "block":
        raise typer.Exit(1)


def read_text(file: str) -> str:
    """The text of a file, or of standard input for ``-``.

    Raises:
        ValidationFailedError: it cannot be read as UTF-8 text, is empty or too large.
    """
    try:
        with sys.stdin.buffer if file == "-" else Path(file).open("rb") as source:
            raw = source.read(_MOST_BYTES + 1)
        text = raw.decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ValidationFailedError(f"{file} cannot be read as text: {error}", field="file") from error
    if not text:
        raise ValidationFailedError(f"{file} is empty", field="file")
    if len(raw) > _MOST_BYTES:
        raise ValidationFailedError(f"{file} is larger than {_MOST_BYTES} bytes", field="file")
    if "\0" in text:
        raise ValidationFailedError(f"{file} holds zero bytes: it is no text", field="file")
    return text


def pieces(text: str, *, most: int = _AT_ONCE) -> Iterator[str]:
    """The text in parts that can be checked at once, cut at ends of lines where there are any."""
    start = 0
    while len(text) - start > most:
        end = text.rfind("\n", start + most // 2, start + most) + 1 or start + most
        yield text[start:end]
        start = end
    yield text[start:]


def joined(answers: Sequence[tuple[str, dict[str, Any]]]) -> dict[str, Any]:
    """One answer from those on the parts of a text: the worst action, findings by place in the whole."""
    if len(answers) == 1:
        return answers[0][1]
    findings, offset = list[dict[str, Any]](), 0
    for piece, answer in answers:
        for found in answer["findings"]:
            findings.append(found | {"start": found["start"] + offset, "end": found["end"] + offset})
        offset += len(piece)
    given = [answer for _, answer in answers]
    action = max((answer["action"] for answer in given), key=list(_ACTIONS).index)
    texts = [answer["sanitized_text"] or "" for answer in given]
    return {
        "action": action,
        "findings": findings,
        "sanitized_text": None if action == "block" else "".join(texts),
        "risk_score": max(answer["risk_score"] for answer in given),
        "processing_time_ms": sum(answer["processing_time_ms"] for answer in given),
    }


def show_findings(text: str, answer: dict[str, Any], *, console: Console) -> None:
    """Print the text with every finding marked, then what was found and what follows from it."""
    marked = Text(text.translate(_VISIBLE))
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
