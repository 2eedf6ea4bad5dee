"""`octollm check`: the marks stand where the findings are."""

from io import StringIO

import pytest
from rich.console import Console

from cli.commands.check import place, show_findings

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
