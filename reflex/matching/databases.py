"""Compiled hyperscan databases, kept on disk: compiling all rules takes seconds, loading them none."""

import hashlib
import logging
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import hyperscan

_LOG = logging.getLogger(__name__)
_MODULE: Any = hyperscan  # the package's types leave out what is used here


class Databases:
    """Compiles databases, and keeps them when there is a folder.

    Args:
        folder: a private directory of ours, made when missing; None keeps nothing.
    """

    def __init__(self, *, folder: Path | None) -> None:
        self._folder = folder

    def get(self, *, expressions: Sequence[bytes], flags: Sequence[int]) -> Any:
        """The block-mode database of these expressions, whose ids are their indexes.

        A kept one belongs to exactly these expressions and this version of hyperscan; hyperscan itself
        refuses one that is damaged or from another kind of processor, and then it is compiled anew.
        """
        path = self._path(expressions=expressions, flags=flags)
        kept = _load(path) if path else None
        if kept is not None:
            return kept
        database = _MODULE.Database()
        database.compile(
            expressions=list(expressions),
            ids=list(range(len(expressions))),
            elements=len(expressions),
            flags=list(flags),
        )
        if path:
            _keep(path, database)
        return database

    def _path(self, *, expressions: Sequence[bytes], flags: Sequence[int]) -> Path | None:
        if self._folder is None:
            return None
        described = repr((_MODULE.__version__, list(expressions), list(flags))).encode()
        return self._folder / f"{hashlib.sha256(described).hexdigest()[:32]}.hsdb"


def _load(path: Path) -> Any | None:
    try:
        return _MODULE.loadb(path.read_bytes(), _MODULE.HS_MODE_BLOCK)
    except FileNotFoundError:
        return None
    except (OSError, _MODULE.error) as error:
        _LOG.warning("a kept database is of no use, compiling", extra={"file": path.name, "why": str(error)})
        return None


def _keep(path: Path, database: Any) -> None:
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
            file.write(_MODULE.dumpb(database))
        Path(file.name).replace(path)
    except OSError as error:
        _LOG.warning("a database cannot be kept", extra={"file": path.name, "why": str(error)})
