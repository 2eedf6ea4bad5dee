"""`octollm audit`: what was done and refused."""

import json
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from cli.client.connect import identity_door
from cli.client.options import (
    DataDirOption,
    JsonOption,
    LocalOption,
    PageOption,
    PageSizeOption,
    TenantOption,
    TokenOption,
    UrlOption,
)

Outcome = Annotated[str | None, typer.Option(help="Only what was `allowed`, or only what was `refused`.")]


def audit(
    page: PageOption = 1,
    page_size: PageSizeOption = 50,
    outcome: Outcome = None,
    as_json: JsonOption = False,
    local: LocalOption = False,
    tenant: TenantOption = None,
    token: TokenOption = None,
    url: UrlOption = None,
    data_dir: DataDirOption = None,
) -> None:
    """Show the audit log of a tenant, newest first."""
    with identity_door(local=local, tenant=tenant, token=token, url=url, data_dir=data_dir) as door:
        answer = door.audit(page=page, page_size=page_size, outcome=outcome)
    if as_json:
        print(json.dumps(answer, indent=2))
        return
    table = Table("when", "who", "what", "on", "outcome", "request")
    for record in answer["data"]:
        why = f" ({record['reason']})" if record["reason"] else ""
        cells = (
            record["created_at"][:19].replace("T", " "),
            record["subject"] or record["address"],
            record["action"],
            record["object"],
            record["outcome"] + why,
            record["request_id"],
        )
        table.add_row(*map(Text, cells))
    console = Console()
    console.print(table)
    console.print(f"page {page} of {answer['pagination']['total_pages']}", highlight=False)
