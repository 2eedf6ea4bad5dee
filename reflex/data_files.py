"""Word lists and tables that lie beside the code as text, so that they are read as what they are."""

from importlib import resources


def data_lines(name: str) -> list[str]:
    """The lines of a file of reflex/data; those that begin with # are remarks."""
    text = resources.files("reflex").joinpath("data", name).read_text(encoding="utf-8")
    return [line for line in text.splitlines() if not line.startswith("#")]
