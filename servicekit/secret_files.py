"""Secrets from files: for every secret OCTOLLM_X, OCTOLLM_X_FILE may name a file that holds it."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

from pydantic import SecretStr
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource

from servicekit.errors import ValidationFailedError

_MOST_BYTES = 64 * 1024


def secret_from(environ: Mapping[str, str], name: str) -> str | None:
    """The secret that variable `name` holds, or the file that `name`_FILE names; None without either.

    Raises:
        ValidationFailedError: both are given, or the file cannot be read or is empty.
    """
    file_name = f"{name}_FILE"
    path = environ.get(file_name)
    if not path:
        return environ.get(name) or None
    if environ.get(name):
        raise ValidationFailedError(
            f"{name} and {file_name} are both set: keep one, the file where you can.", field=file_name
        )
    return _read(Path(path), variable=file_name)


class SecretFiles(PydanticBaseSettingsSource):
    """A settings source that reads the files of secret fields."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """The secret of one field, where a file holds it."""
        name = f"{self.config.get('env_prefix', '')}{field_name}".upper()
        if not _is_secret(field.annotation) or not os.environ.get(f"{name}_FILE"):
            return None, field_name, False
        return secret_from(os.environ, name), field_name, False

    def __call__(self) -> dict[str, Any]:
        """All secrets that files hold, by field."""
        found = {
            name: self.get_field_value(field, name)[0]
            for name, field in self.settings_cls.model_fields.items()
        }
        return {name: value for name, value in found.items() if value is not None}


def with_secret_files(
    settings: type[BaseSettings],
    init: PydanticBaseSettingsSource,
    environment: PydanticBaseSettingsSource,
) -> tuple[PydanticBaseSettingsSource, ...]:
    """Where settings come from, the strongest first."""
    return init, SecretFiles(settings), environment


def _is_secret(annotation: object) -> bool:
    return annotation is SecretStr or SecretStr in get_args(annotation)


def _read(path: Path, *, variable: str) -> str:
    try:
        with path.open("rb") as file:
            raw = file.read(_MOST_BYTES + 1)
        text = raw.decode("utf-8").strip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not text"
        raise ValidationFailedError(f"{variable}: {path} cannot be read: {why}.", field=variable) from None
    if not text or len(raw) > _MOST_BYTES:
        size = "is empty" if not text else f"holds more than {_MOST_BYTES} bytes"
        raise ValidationFailedError(f"{variable}: {path} {size}.", field=variable)
    return text
