"""Options that the client commands share."""

from typing import Annotated

import typer

UrlOption = Annotated[
    str | None,
    typer.Option(
        "--url",
        envvar="OCTOLLM_URL",
        help="The gateway; by default the one that runs from the data directory.",
    ),
]
DataDirOption = Annotated[
    str | None,
    typer.Option("--data-dir", envvar="OCTOLLM_DATA_DIR", help="Where a running platform keeps its data."),
]
TokenOption = Annotated[
    str | None,
    typer.Option(
        "--token",
        envvar="OCTOLLM_TOKEN",
        help="An API key or a token, where the platform wants one; better in the variable, or in a file that "
        "OCTOLLM_TOKEN_FILE names: other users can read arguments.",
    ),
]
LocalOption = Annotated[
    bool,
    typer.Option(
        "--local", help="Speak to the orchestrator of this machine with the key in its data directory."
    ),
]
TenantOption = Annotated[
    str | None, typer.Option("--tenant", help="With --local, whose: any tenant's; default by default.")
]

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")]
PageOption = Annotated[int, typer.Option("--page", min=1, help="Which page.")]
PageSizeOption = Annotated[int, typer.Option("--page-size", min=1, max=100, help="How many a page.")]
