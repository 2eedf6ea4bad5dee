"""`octollm webhooks`: what receivers of webhooks need to know."""

import asyncio
import json
import os
from pathlib import Path
from typing import Annotated

import typer

from cli.client.options import DataDirOption
from cli.settings import default_data_dir
from orchestrator.webhooks.secrets import derived, key_of, text_of
from servicekit.database import dedicated
from servicekit.errors import UnavailableError
from servicekit.secret_files import secret_from

app = typer.Typer(no_args_is_help=True, help="Calls of others when a task ends; see docs/webhooks.md.")

_KEY = b"SELECT hash_key FROM orchestrator.installation"


@app.callback()
def webhooks() -> None:
    """Calls of others when a task ends; see docs/webhooks.md."""


@app.command()
def secret(
    tenant: Annotated[str, typer.Option("--tenant", help="Whose tasks.")] = "default",
    data_dir: DataDirOption = None,
) -> None:
    """Print the secret that signs what is told about a tenant's tasks."""
    configured = json.loads(secret_from(os.environ, "OCTOLLM_WEBHOOK_SECRETS") or "{}")
    if tenant in configured:
        print(text_of(key_of(configured[tenant])))
        return
    place = Path(data_dir) if data_dir else default_data_dir(environ=os.environ)
    url = secret_from(os.environ, "OCTOLLM_DATABASE_URL") or _running(place)
    print(text_of(derived(asyncio.run(_installation_key(url)), tenant)))


def _running(place: Path) -> str:
    """Where the database of a running platform is."""
    try:
        return str(json.loads((place / "endpoints.json").read_text())["postgres"]["url"])
    except (OSError, ValueError, KeyError, TypeError):
        raise UnavailableError(
            f"No platform with its own database runs on {place}: start it, name another --data-dir, or set "
            "OCTOLLM_DATABASE_URL."
        ) from None


async def _installation_key(url: str) -> bytes:
    async with dedicated(url, name="cli") as connection:
        row = await (await connection.execute(_KEY)).fetchone()
    if row is None:
        raise UnavailableError("The database has no installation key: no orchestrator has used it yet.")
    return bytes(row[0])
