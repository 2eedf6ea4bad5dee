"""`octollm tasks`: list, show, cancel."""

import json
from typing import Annotated

import typer
from rich.console import Console

from cli.client.connect import connect
from cli.client.options import DataDirOption, JsonOption, PageOption, PageSizeOption, TokenOption, UrlOption
from cli.client.render import show_list, show_task

app = typer.Typer(no_args_is_help=True, help="Look at tasks and cancel them.")

TaskId = Annotated[str, typer.Argument(help="The task's id, task_ and 16 characters.")]
Status = Annotated[str | None, typer.Option(help="Only tasks of this status.")]


@app.command("list")
def list_tasks(
    page: PageOption = 1,
    page_size: PageSizeOption = 20,
    status: Status = None,
    as_json: JsonOption = False,
    token: TokenOption = None,
    url: UrlOption = None,
    data_dir: DataDirOption = None,
) -> None:
    """List tasks, newest first."""
    with connect(url=url, data_dir=data_dir, token=token) as api:
        answer = api.tasks(page=page, page_size=page_size, status=status)
    if as_json:
        print(json.dumps(answer, indent=2))
    else:
        show_list(answer, console=Console())


@app.command()
def show(
    task_id: TaskId,
    as_json: JsonOption = False,
    token: TokenOption = None,
    url: UrlOption = None,
    data_dir: DataDirOption = None,
) -> None:
    """Show one task with its steps."""
    with connect(url=url, data_dir=data_dir, token=token) as api:
        task, steps = api.task(task_id), api.steps(task_id)["data"]
    if as_json:
        print(json.dumps({**task, "steps": steps}, indent=2))
    else:
        show_task(task, steps, console=Console())


@app.command()
def cancel(
    task_id: TaskId, token: TokenOption = None, url: UrlOption = None, data_dir: DataDirOption = None
) -> None:
    """Cancel a task; cancelling twice is the same as once."""
    with connect(url=url, data_dir=data_dir, token=token) as api:
        task = api.cancel(task_id)
    print(f"{task['task_id']} {task['status']}")
