"""The `octollm` command: each subcommand is a file in cli/commands/."""

import sys

import typer
from rich.console import Console

from cli.commands import arm, audit, check, demo, index, keys, model, run, search, serve, tasks, webhooks
from servicekit.errors import OctoError
from servicekit.version import octollm_version

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="A goal and a budget in, a checked result out.",
)
app.command("serve")(serve.serve)
app.command("run")(run.run)
app.command("check")(check.check)
app.command("index")(index.index)
app.command("search")(search.search)
app.command("demo")(demo.demo)
app.command("audit")(audit.audit)
app.add_typer(keys.app, name="keys")
app.add_typer(tasks.app, name="tasks")
app.add_typer(model.app, name="model")
app.add_typer(webhooks.app, name="webhooks")
app.add_typer(arm.app, name="arm")


@app.command()
def version() -> None:
    """Print the version."""
    print(octollm_version())


def main() -> None:
    """Run the command line; a failure is one readable line on standard error and exit status 1."""
    try:
        app()
    except OctoError as error:
        Console(stderr=True).print(f"octollm: {error.message}", style="red", markup=False, highlight=False)
        sys.exit(1)


if __name__ == "__main__":
    main()
