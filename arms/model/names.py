"""Reads OCTOLLM_MODEL: one model, or several with commas between them, asked in this order."""

from arms.model.catalog import CATALOG
from servicekit.errors import ValidationFailedError

HOSTED = ("openai", "anthropic")
"""Vendors whose models are named VENDOR:MODEL."""


def chain_of(text: str) -> tuple[str, ...]:
    """The names in the order in which the models are asked.

    Raises:
        ValidationFailedError: a name is empty, stands there twice, or is a second local one.
    """
    names = tuple(name.strip() for name in text.split(","))
    if len(names) > 1 and not all(names):
        raise _wrong(text, "has an empty name between its commas")
    if len(set(names)) != len(names):
        raise _wrong(text, "names a model twice")
    if sum(map(is_local, names)) > 1:
        raise _wrong(text, "names two local models; this machine runs one")
    return names


def local_of(text: str, *, has_server: bool) -> str | None:
    """The local model that must run for these; None when none must.

    Args:
        text: OCTOLLM_MODEL.
        has_server: whether OCTOLLM_MODEL_BASE_URL is set: a single model is that server's.

    Raises:
        ValidationFailedError: as `chain_of`.
    """
    names = chain_of(text)
    if has_server and len(names) == 1:
        return None
    return next(filter(is_local, names), None)


def is_local(name: str) -> bool:
    """Whether it is one of the models that run on this machine."""
    return name in CATALOG


def is_hosted(name: str) -> bool:
    """Whether it names a vendor's model."""
    return name.partition(":")[0] in HOSTED


def _wrong(text: str, why: str) -> ValidationFailedError:
    return ValidationFailedError(f"OCTOLLM_MODEL is {text!r}: it {why}.", field="model")
