"""`python -m gateway.openapi --write DIR | --check DIR`: keeps the committed documents equal to the code."""

import argparse
import sys
from pathlib import Path

from gateway.door import door_app
from gateway.openapi.contract import as_json
from gateway.routes.table import DOORS


def main() -> None:
    """Write the documents, or fail when those that are there differ."""
    parser = argparse.ArgumentParser(prog="python -m gateway.openapi", description=__doc__)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--write", type=Path, metavar="DIR", help="write one file a port")
    what.add_argument("--check", type=Path, metavar="DIR", help="fail when a file differs from the code")
    arguments = parser.parse_args()
    made = {door: as_json(door_app(door).openapi()) for door in DOORS}
    if arguments.write:
        write(made, arguments.write)
    elif stale := differing(made, arguments.check):
        sys.exit(f"{', '.join(stale)}: run `python -m gateway.openapi --write {arguments.check}`")


def write(made: dict[str, bytes], folder: Path) -> None:
    """Write the documents into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    for door, text in made.items():
        (folder / f"{door}.json").write_bytes(text)


def differing(made: dict[str, bytes], folder: Path) -> list[str]:
    """The names of files that are missing, stale or not ours to have."""
    there = {path.name: path.read_bytes() for path in folder.glob("*.json")}
    wanted = {f"{door}.json": text for door, text in made.items()}
    return sorted(name for name in there.keys() | wanted.keys() if there.get(name) != wanted.get(name))


if __name__ == "__main__":
    main()
