"""Word lists and tables that lie beside the code as text, so that they are read as what they are."""

from importlib import resources


def data_text(name: str) -> str:
    """A file of reflex/data as it is."""
    return resources.files("reflex").joinpath("data", name).read_text(encoding="utf-8")


def data_lines(name: str) -> list[str]:
    """The lines of a file of reflex/data; those that begin with # are remarks."""
    return [line for line in data_text(name).splitlines() if not line.startswith("#")]
