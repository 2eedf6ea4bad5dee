"""`octollm run`: one goal, from submit to result."""

import json
from pathlib import Path
from typing import Annotated, Any, cast

import typer
from rich.console import Console

from cli.client.connect import connect
from cli.client.follow import follow
from cli.client.options import DataDirOption, JsonOption, TokenOption, UrlOption
from cli.client.render import show_task
from servicekit.errors import ValidationFailedError

Goal = Annotated[str, typer.Argument(help="What is wanted, in words.")]
Criteria = Annotated[
    list[str] | None, typer.Option("--criterion", help="What the result must satisfy; repeatable.")
]
Constraints = Annotated[
    list[str] | None, typer.Option("--constraint", help="What the work must respect; repeatable.")
]
Context = Annotated[
    Path | None, typer.Option("--context", help="A file: a JSON object as it is, anything else as its text.")
]
MaxTokens = Annotated[int | None, typer.Option("--max-tokens", help="Model tokens the task may use.")]
MaxSeconds = Annotated[int | None, typer.Option("--max-seconds", help="Seconds the task may take.")]
Priority = Annotated[str | None, typer.Option("--priority", help="low, medium, high or critical.")]


def run(
    goal: Goal,
    criterion: Criteria = None,
    constraint: Constraints = None,
    context: Context = None,
    max_tokens: MaxTokens = None,
    max_seconds: MaxSeconds = None,
    priority: Priority = None,
    as_json: JsonOption = False,
    token: TokenOption = None,
    url: UrlOption = None,
    data_dir: DataDirOption = None,
) -> None:
    """Submit a goal, show its progress, print the result; exit status 0 only when it completed."""
    body = task_body(
        goal=goal,
        criteria=criterion or [],
        constraints=constraint or [],
        context=read_context(context) if context else None,
        budget={"max_tokens": max_tokens, "max_time_seconds": max_seconds},
        priority=priority,
    )
    console = Console(stderr=as_json)
    with connect(url=url, data_dir=data_dir, token=token) as api:
        task_id = api.create(body)["task_id"]
        try:
            task = follow(api, task_id, console=console)
        except KeyboardInterrupt:
            console.print(f"\n{task_id} goes on; `octollm tasks cancel {task_id}` ends it")
            raise typer.Exit(130) from None
        if as_json:
            print(json.dumps(task, indent=2))
        else:
            show_task(task, api.steps(task_id)["data"], console=console)
    if task["status"] != "completed":
        raise typer.Exit(1)


def task_body(
    *,
    goal: str,
    criteria: list[str],
    constraints: list[str],
    context: dict[str, Any] | None,
    budget: dict[str, int | None],
    priority: str | None,
) -> dict[str, Any]:
    """The JSON body of POST /tasks; what is not given is left out, so that the server's defaults hold."""
    body: dict[str, Any] = {"goal": goal, "acceptance_criteria": criteria, "constraints": constraints}
    given = {name: value for name, value in budget.items() if value is not None}
    optional = {"context": context, "budget": given, "priority": priority}
    return body | {name: value for name, value in optional.items() if value}


def read_context(path: Path) -> dict[str, Any]:
    """The context in a file: its JSON object, or its text under the file's name.

    Raises:
        ValidationFailedError: the file cannot be read as text.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ValidationFailedError(f"{path} cannot be read as text: {error}", field="context") from error
    if path.suffix == ".json":
        try:
            value: Any = json.loads(text)
        except ValueError as error:
            raise ValidationFailedError(f"{path} is not valid JSON: {error}", field="context") from error
        if isinstance(value, dict):
            return cast("dict[str, Any]", value)
    return {path.name: text}
