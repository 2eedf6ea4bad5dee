"""`octollm arm`: begins an arm of one's own."""

import keyword
import re
import sys
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Annotated

import typer

from servicekit.errors import ConflictError, ValidationFailedError

app = typer.Typer(no_args_is_help=True, help="Arms of one's own; `octollm serve arm` runs one.")

Name = Annotated[str, typer.Argument(help="What it is called, such as word-count.")]
Directory = Annotated[
    Path | None,
    typer.Option("--directory", help="Where its files go; by default a new directory of its name."),
]

_NAME = re.compile(r"[a-z][a-z0-9]*(?:[-_][a-z0-9]+)*", re.ASCII)
_LONGEST = 40
_PACKAGES = frozenset(
    {"arms", "buf", "cli", "gateway", "gen", "octollm", "orchestrator", "reflex", "servicekit"}
)


@app.callback()
def arms() -> None:
    """Arms of one's own."""


@app.command()
def new(name: Name, directory: Directory = None) -> None:
    """Write an arm that works, and its test; then change it into yours."""
    words = _words(name)
    module = "_".join(words)
    place = directory or Path("-".join(words))
    for path, text in _texts(words, place=place).items():
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
        print(f"wrote {path}")
    print(f"\ncd {place}\npytest\noctollm serve arm --module {module}:{_kind(words)}")


def _texts(words: list[str], *, place: Path) -> dict[Path, str]:
    """The files of a new arm.

    Raises:
        ConflictError: one of them is there already.
    """
    module = "_".join(words)
    told = {
        "arm_id": "-".join(words),
        "module": module,
        "capability": module,
        "kind": _kind(words),
        "title": " ".join(words).capitalize(),
    }
    paths = {place / f"{module}.py": "arm.py.txt", place / f"test_{module}.py": "test_arm.py.txt"}
    for path in paths:
        if path.exists():
            raise ConflictError(f"{path} exists already; nothing was written.", reason="FILE_EXISTS")
    folder = files("cli") / "skeleton"
    return {
        path: Template((folder / file).read_text(encoding="utf-8")).substitute(told)
        for path, file in paths.items()
    }


def _words(name: str) -> list[str]:
    """The words of a name that an arm may have.

    Raises:
        ValidationFailedError: it may not; the text says why.
    """
    from arms.declaration import OURS

    if not _NAME.fullmatch(name) or len(name) > _LONGEST:
        raise ValidationFailedError(
            f"{name!r} cannot be the name of an arm: use lower-case letters, digits and single hyphens, "
            f"a letter first, at most {_LONGEST} characters, such as word-count.",
            field="name",
        )
    words = re.split(r"[-_]", name)
    module = "_".join(words)
    if "-".join(words) in OURS:
        raise ValidationFailedError(
            f"{name!r} is one of the platform's own arms; choose another.", field="name"
        )
    if keyword.iskeyword(module) or module in sys.stdlib_module_names or module in _PACKAGES:
        raise ValidationFailedError(
            f"{name!r} would hide a module of Python or of OctoLLM; choose another, such as my-{name}.",
            field="name",
        )
    return words


def _kind(words: list[str]) -> str:
    return "".join(word.capitalize() for word in words)
