"""Values of documents as they are given on the command line."""

from collections.abc import Sequence

from servicekit.errors import ValidationFailedError


def parse_metadata(given: Sequence[str]) -> dict[str, str]:
    """Values as NAME=VALUE.

    Raises:
        ValidationFailedError: one is not of that form.
    """
    values: dict[str, str] = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise ValidationFailedError(f"--metadata {text}: must be NAME=VALUE", field="metadata")
        values[name] = value
    return values
