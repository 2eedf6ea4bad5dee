"""Variables and commands: what the code reads is documented, and what is documented exists."""

import importlib
import re
from collections.abc import Iterator
from inspect import getmembers, isclass
from pathlib import Path
from typing import Any

import click
import pytest
import typer.main
from pydantic_settings import BaseSettings

from cli.main import app

ROOT = Path(__file__).parents[2]
PACKAGES = ("servicekit", "orchestrator", "reflex", "arms", "gateway", "cli")
SOURCES = [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
OPERATIONS = (ROOT / "docs" / "operations.md").read_text()

VARIABLE = re.compile(r"\bOCTOLLM_[A-Z0-9_]*[A-Z0-9]\b(?!_|\{)")
ALL_OF = re.compile(r"\b(OCTOLLM_[A-Z0-9_]+_)\*")
EXAMPLES = {"OCTOLLM_X", "OCTOLLM_X_FILE", "OCTOLLM_TLS", "OCTOLLM_MTLS"}
"""Stand for any name, in texts, or are how several begin."""


def settings() -> Iterator[type[BaseSettings]]:
    """Every class of settings."""
    for path in SOURCES:
        if path.name == "settings.py":
            module = importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))
            for _, found in getmembers(module, isclass):
                if issubclass(found, BaseSettings) and found.__module__ == module.__name__:
                    yield found


SETTINGS = list(settings())
FIELDS = {f"OCTOLLM_{name.upper()}" for it in SETTINGS for name in it.model_fields}
NAMED = {name for path in SOURCES for name in VARIABLE.findall(path.read_text())} - EXAMPLES
READ = {name for name in NAMED | FIELDS if name.removesuffix("_FILE") not in (NAMED | FIELDS) - {name}}
"""What the code reads; a secret by its own name, whether or not it stands in a file."""


def test_the_settings_are_found() -> None:
    assert {it.__name__ for it in SETTINGS} >= {"GatewaySettings", "OrchestratorSettings", "ExecutorSettings"}
    assert {"OCTOLLM_HOST", "OCTOLLM_TOKEN", "OCTOLLM_EXECUTOR_SECONDS", "OCTOLLM_READY_FD"} <= READ


@pytest.mark.parametrize("name", sorted(READ))
def test_every_variable_is_in_operations(name: str) -> None:
    if name in VARIABLE.findall(OPERATIONS):
        return
    assert name.startswith(tuple(ALL_OF.findall(OPERATIONS))), "it is not in docs/operations.md"
    assert any(name in VARIABLE.findall(page.read_text()) for page in PAGES), "no page tells what it is"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_variable_of_a_page_is_read(page: Path) -> None:
    told = set(VARIABLE.findall(page.read_text())) - EXAMPLES
    assert {name for name in told if not {name, name.removesuffix("_FILE")} & (READ | FIELDS)} == set()


def test_one_variable_means_one_thing() -> None:
    """A name that two services read is the same setting of both."""
    defaults: dict[str, set[Any]] = {}
    for it in SETTINGS:
        for name, field in it.model_fields.items():
            if not field.default_factory and not field.is_required():
                defaults.setdefault(name, set()).add(repr(field.default))
    assert {name: values for name, values in defaults.items() if len(values) > 1} == {}


COMMAND = typer.main.get_command(app)


def commands(command: Any, *path: str) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Every command that does something, with its words."""
    if isinstance(command, click.Group) or hasattr(command, "commands"):
        for name, inner in command.commands.items():
            yield from commands(inner, *path, name)
    else:
        yield path, command


COMMANDS = dict(commands(COMMAND))
FLAGS = {
    words: {flag for parameter in it.params for flag in parameter.opts if flag.startswith("-")} | {"--help"}
    for words, it in COMMANDS.items()
}
ALL_PAGES = "\n".join(page.read_text() for page in PAGES)
USE = re.compile(r"(?<![\w/.-])(?:\.venv/bin/)?octollm ((?:[a-z][a-z-]*)(?: [^`\n|;#]*)?)")
"""A command line in a page: the words behind `octollm`, up to the end of the code or line."""


def uses() -> Iterator[tuple[str, str]]:
    for page in PAGES:
        text = re.sub(r"\\\n\s*", " ", page.read_text())
        fenced = re.findall(r"^```(\w*)\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
        blocks = [block for language, block in fenced if language in {"", "sh"}]
        code = [*blocks, *re.findall(r"`(octollm [^`\n]+)`", text)]
        for piece in code:
            for said in USE.findall(piece):
                yield page.name, said.strip()


USES = sorted(set(uses()))


def test_the_pages_show_commands() -> None:
    assert len(USES) > 20


@pytest.mark.parametrize(("page", "said"), USES)
def test_every_command_of_a_page_exists_with_its_flags(page: str, said: str) -> None:
    words = said.split()
    chosen = next((words[:n] for n in (2, 1) if tuple(words[:n]) in COMMANDS), None)
    if chosen is None:  # a whole group, such as `octollm keys create|list|revoke`
        group = words[0]
        named = words[1].split("|") if len(words) > 1 else []
        assert named or any(path[0] == group for path in COMMANDS), f"{page}: octollm {said}"
        assert all((group, name) in COMMANDS for name in named), f"{page}: octollm {said}"
        return
    given = {word.partition("=")[0] for word in words if word.startswith("--") and word != "--"}
    assert given <= FLAGS[tuple(chosen)], f"{page}: octollm {said}"


@pytest.mark.parametrize("words", sorted(COMMANDS), ids=" ".join)
def test_every_command_is_in_a_page(words: tuple[str, ...]) -> None:
    *group, name = ["octollm", *words]
    listed = re.search(
        rf"{' '.join(group)} [a-z|-]*\b{name}\b", ALL_PAGES
    )  # such as `octollm keys list|revoke`
    assert listed, f"no page speaks of `octollm {' '.join(words)}`"


def test_every_flag_of_serve_is_in_operations() -> None:
    own_arms = {"--module", "--mcp", "--mcp-env", "--arm-id", "--arm-port", "--orchestrator"}
    flags = FLAGS[("serve",)] - own_arms - {"--help", "--no-expose-without-auth"}
    assert {flag for flag in flags if flag not in OPERATIONS} == set()
    arms = (ROOT / "docs" / "arms.md").read_text()
    assert {flag for flag in own_arms if flag not in arms} == set()
