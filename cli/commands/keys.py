"""`octollm keys`: API keys, and the key that signs capability tokens."""

import json
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from cli.client.connect import IdentityDoor, identity_door, local_orchestrator
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

app = typer.Typer(no_args_is_help=True, help="Make, list and revoke API keys; change the signing key.")

Subject = Annotated[str, typer.Argument(help="Whom the key stands for.")]
KeyId = Annotated[str, typer.Argument(help="The key's id: what stands between octo_ and the next underline.")]
Role = Annotated[
    list[str] | None,
    typer.Option("--role", help="viewer, user, developer, operator or admin; repeatable. user by default."),
]
Label = Annotated[str, typer.Option(help="For people, such as where it is used.")]
Days = Annotated[int | None, typer.Option(min=1, max=3650, help="Days after which it ends by itself.")]

Now = Annotated[
    bool,
    typer.Option(
        "--now",
        help="After a leak: drop older keys as soon as the new one signs; running work may fail.",
    ),
]


@app.command()
def create(
    subject: Subject,
    role: Role = None,
    label: Label = "",
    days: Days = None,
    as_json: JsonOption = False,
    local: LocalOption = False,
    tenant: TenantOption = None,
    token: TokenOption = None,
    url: UrlOption = None,
    data_dir: DataDirOption = None,
) -> None:
    """Make a key and print it: this once, it is kept nowhere.

    The very first one is made on the machine itself: octollm keys create root --role admin --local
    """
    with identity_door(local=local, tenant=tenant, token=token, url=url, data_dir=data_dir) as door:
        made = door.create_key(subject=subject, roles=role or ["user"], label=label, expires_in_days=days)
    if as_json:
        print(json.dumps(made, indent=2))
        return
    console = Console(stderr=True, highlight=False)
    console.print(f"{made['key_id']} for {made['subject']} of {made['tenant']}: {', '.join(made['roles'])}")
    console.print("Send it as `Authorization: Bearer ...`, or give it to octollm as OCTOLLM_TOKEN. It is:")
    print(made["secret"])


@app.command("list")
def list_keys(
    page: PageOption = 1,
    page_size: PageSizeOption = 50,
    as_json: JsonOption = False,
    local: LocalOption = False,
    tenant: TenantOption = None,
    token: TokenOption = None,
    url: UrlOption = None,
    data_dir: DataDirOption = None,
) -> None:
    """List the keys of a tenant, newest first, without their secrets."""
    with identity_door(local=local, tenant=tenant, token=token, url=url, data_dir=data_dir) as door:
        answer = door.keys(page=page, page_size=page_size)
    if as_json:
        print(json.dumps(answer, indent=2))
        return
    table = Table("key", "subject", "roles", "label", "made", "ends", "used")
    for key in answer["data"]:
        table.add_row(
            key["key_id"],
            key["subject"],
            ", ".join(key["roles"]),
            key["label"],
            _day(key["created_at"]),
            f"revoked {_day(key['revoked_at'])}" if key["revoked_at"] else _day(key["expires_at"]),
            _day(key["last_used_at"]),
        )
    Console().print(table)


@app.command()
def revoke(
    key_id: KeyId,
    local: LocalOption = False,
    tenant: TenantOption = None,
    token: TokenOption = None,
    url: UrlOption = None,
    data_dir: DataDirOption = None,
) -> None:
    """End a key; a few seconds later no gateway takes it any more."""
    with identity_door(local=local, tenant=tenant, token=token, url=url, data_dir=data_dir) as door:
        key = _revoked(door, key_id)
    print(f"{key['key_id']} revoked")


@app.command("rotate-signing")
def rotate_signing(now: Now = False, data_dir: DataDirOption = None) -> None:
    """Change the key that signs capability tokens, before its time; on the machine itself.

    Without --now everything that runs goes on: older keys verify until what they signed has run out.
    """
    made = local_orchestrator(data_dir=data_dir).rotate_signing_key(drop_older=now)
    print(f"{made['key_id']} signs from {made['signs_from']}")
    if made["older_until"]:
        print(f"older keys verify until {made['older_until']} at the latest; --now drops them at once")
    else:
        print("older keys are dropped; every arm refuses what they signed within 20 s")


def _revoked(door: IdentityDoor, key_id: str) -> dict[str, Any]:
    """A whole key is taken for its id: whoever revokes a leaked one has it at hand."""
    parts = key_id.split("_")
    return door.revoke_key(parts[1] if parts[0] == "octo" and len(parts) > 1 else key_id)


def _day(moment: str | None) -> str:
    return moment[:16].replace("T", " ") if moment else ""
