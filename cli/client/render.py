"""Tasks as people read them on a terminal."""

from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

_COLOURS = {"completed": "green", "failed": "red", "cancelled": "yellow", "processing": "cyan"}


def show_task(task: dict[str, Any], steps: Sequence[dict[str, Any]], *, console: Console) -> None:
    """Print a task: its result or error, the criteria with their verdicts, what it used."""
    colour = _COLOURS.get(task["status"], "white")
    console.print(Text.assemble(task["task_id"], "  ", (task["status"], f"bold {colour}")))
    if task["result"]:
        console.print(Panel(Text(task["result"]["output"]), title="result", border_style=colour))
        _show_criteria(task["result"], console)
    if task["error"]:
        error = task["error"]
        console.print(Panel(Text(f"{error['type']}: {error['message']}"), title="error", border_style="red"))
    if steps:
        _show_steps(steps, console)
    _show_usage(task, console)


def show_list(page: dict[str, Any], *, console: Console) -> None:
    """Print one page of tasks."""
    table = Table("task", "status", "priority", "created", "goal")
    for task in page["data"]:
        colour = _COLOURS.get(task["status"], "white")
        goal = task["goal"] if len(task["goal"]) <= 60 else task["goal"][:57] + "..."  # noqa: PLR2004  # a line's width
        table.add_row(
            task["task_id"],
            Text(task["status"], style=colour),
            task["priority"],
            task["created_at"][:19],
            Text(goal),
        )
    console.print(table)
    where = page["pagination"]
    console.print(f"page {where['page']} of {max(where['total_pages'], 1)}, {where['total_items']} tasks")


def _show_criteria(result: dict[str, Any], console: Console) -> None:
    if not result["criteria"]:
        return
    table = Table("criterion", "verdict", "evidence")
    for verdict in result["criteria"]:
        mark = Text("passed", style="green") if verdict["passed"] else Text("not met", style="red")
        table.add_row(Text(verdict["criterion"]), mark, Text(verdict["evidence"] or ""))
    console.print(table)


def _show_steps(steps: Sequence[dict[str, Any]], console: Console) -> None:
    table = Table("step", "arm", "state", "tries", "tokens", "seconds")
    for step in steps:
        usage: dict[str, Any] = step.get("usage") or {}
        tokens = usage.get("input_tokens", 0) + usage.get("output_tokens", 0)
        seconds = step.get("duration_seconds")
        table.add_row(
            Text(step["name"]),
            step["arm_id"] or "-",
            step["state"],
            str(step["attempts"]),
            str(tokens),
            "-" if seconds is None else f"{seconds:.1f}",
        )
    console.print(table)


def _show_usage(task: dict[str, Any], console: Console) -> None:
    used = task["metadata"]
    console.print(
        f"arms {', '.join(used['arms_used']) or 'none yet'}; {used['tokens_used']} tokens, "
        f"${used['cost_dollars']:.6f}, {used['duration_seconds']:.1f} s; request {task['request_id']}",
        highlight=False,
    )
