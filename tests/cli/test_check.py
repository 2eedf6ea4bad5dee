"""`octollm check`: the marks stand where the findings are."""

from io import BytesIO, StringIO, TextIOWrapper
from pathlib import Path

import pytest
from rich.console import Console

from cli.commands.check import joined, pieces, place, read_text, show_findings
from servicekit.errors import ValidationFailedError

TEXT = "Hallo 👋\nmail ann@example.org now"


@pytest.mark.parametrize(("offset", "shown"), [(0, "1:1"), (8, "2:1"), (13, "2:6"), (len(TEXT), "2:25")])
def test_a_place_is_counted_as_editors_do(offset: int, shown: str) -> None:
    assert place(TEXT, offset) == shown


def test_findings_are_marked_in_the_text_and_listed() -> None:
    start = TEXT.index("ann@")
    finding = {
        "category": "pii",
        "type": "email",
        "severity": "medium",
        "start": start,
        "end": start + len("ann@example.org"),
        "confidence": 0.95,
        "reason": "an e-mail address",
    }
    answer = {"action": "sanitize", "findings": [finding], "risk_score": 0.4, "processing_time_ms": 0.2}
    out = StringIO()
    show_findings(
        TEXT, answer, console=Console(file=out, force_terminal=True, color_system="standard", width=120)
    )
    shown = out.getvalue()
    assert "\x1b[30;43mann@example.org\x1b[0m" in shown
    assert "2:6" in shown
    assert "sanitize" in shown


def test_markup_in_the_text_is_only_text() -> None:
    out = StringIO()
    answer = {"action": "allow", "findings": [], "risk_score": 0.0, "processing_time_ms": 0.1}
    show_findings("[red]x[/red] [/bold]", answer, console=Console(file=out, width=80))
    assert "[red]x[/red] [/bold]" in out.getvalue()


def test_a_file_cannot_command_the_terminal() -> None:
    out = StringIO()
    answer = {"action": "allow", "findings": [], "risk_score": 0.0, "processing_time_ms": 0.1}
    show_findings("a\x1b[2Jb\x07\x9bc\n\td", answer, console=Console(file=out, width=80))
    assert "a\u241b[2Jb\u2407\ufffdc\n" in out.getvalue()
    assert "\x1b" not in out.getvalue()


def test_a_file_cannot_turn_the_order_of_what_is_shown() -> None:
    answer = {"action": "allow", "findings": [], "risk_score": 0.0, "processing_time_ms": 0.1}
    out = StringIO()
    turning = "\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
    show_findings(f"allow {turning}evil", answer, console=Console(file=out, width=80))
    assert not set(turning) & set(out.getvalue())


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is empty"),
        (b"\xff\xfe\x00binary", "cannot be read as text"),
        (b"text\0text", "zero bytes"),
        (b"a" * (10 * 1024 * 1024 + 1), "larger than"),
        (None, "cannot be read as text"),
    ],
)
def test_what_is_no_text_is_refused(content: bytes | None, reason: str, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(content) if content is not None else path.mkdir()
    with pytest.raises(ValidationFailedError, match=reason):
        read_text(str(path))


def test_standard_input_is_read_for_a_dash(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", TextIOWrapper(BytesIO("grüße\n".encode())))
    assert read_text("-") == "grüße\n"


@pytest.mark.parametrize("text", ["a line\n" * 50, "x" * 333, "short", "x" * 60 + "\n" + "y" * 200])
def test_a_long_text_is_checked_in_parts(text: str) -> None:
    parts = list(pieces(text, most=100))
    assert "".join(parts) == text
    assert all(0 < len(part) <= 100 for part in parts)


def test_answers_on_parts_become_one() -> None:
    def answer(action: str, start: int) -> dict[str, object]:
        finding = {"type": "email", "start": start, "end": start + 2}
        return {
            "action": action,
            "findings": [finding],
            "sanitized_text": "x",
            "risk_score": start / 10,
            "processing_time_ms": 1.0,
        }

    whole = joined([("0123", answer("allow", 1)), ("4567", answer("sanitize", 2))])
    assert (whole["action"], whole["risk_score"], whole["processing_time_ms"]) == ("sanitize", 0.2, 2.0)
    assert [(found["start"], found["end"]) for found in whole["findings"]] == [(1, 3), (6, 8)]
    assert joined([("0", answer("block", 0)), ("1", answer("allow", 0))])["sanitized_text"] is None
