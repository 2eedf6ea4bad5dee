"""Options that the client commands share."""

import os
from pathlib import Path
from typing import Annotated

import typer

from cli.client.rest import Api
from cli.client.where import gateway_url
from cli.settings import default_data_dir

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


def connect(*, url: str | None, data_dir: str | None) -> Api:
    """A connection to the gateway that the options mean."""
    place = Path(data_dir) if data_dir else default_data_dir(environ=os.environ)
    return Api(base_url=gateway_url(named=url, data_dir=place))
