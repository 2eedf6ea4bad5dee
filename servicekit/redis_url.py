"""The address of Redis as a setting: refused at start where no client could use it."""

from typing import Annotated

from pydantic import AfterValidator, SecretStr

_SCHEMES = ("redis://", "rediss://", "unix://")


def _usable(url: SecretStr) -> SecretStr:
    if not url.get_secret_value().startswith(_SCHEMES):
        raise ValueError(f"must begin with one of {', '.join(_SCHEMES)}, such as redis://host:6379/0")
    return url


RedisUrl = Annotated[SecretStr, AfterValidator(_usable)]
"""A secret, as it may hold a password."""
