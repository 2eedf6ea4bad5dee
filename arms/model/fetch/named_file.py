"""The source that the user names: a file that is already on this machine."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from arms.model.catalog import ModelFile
from arms.model.checksum import copy_hashed
from arms.model.fetch.progress import Phase
from arms.model.fetch.source import Report, SourceFailedError, size_of


@dataclass(frozen=True, kw_only=True)
class NamedFile:
    """Copies the named file, verifying on the way."""

    path: Path
    name: str = "file"

    def missing_bytes(self, *, model: ModelFile, work: Path) -> int:
        """The whole file: it is copied, so that the original may go away."""
        del work
        return model.size_bytes

    def obtain(self, *, model: ModelFile, work: Path, report: Report) -> Path:
        """Copy and verify.

        Raises:
            SourceFailedError: the file cannot be read, or is not this model.
        """
        if size_of(self.path) != model.size_bytes:
            raise SourceFailedError(
                f"{self.path} has {size_of(self.path)} bytes, {model.file_name} has {model.size_bytes}"
            )
        target = work / "named.partial"
        digest = hashlib.sha256()
        done = 0

        def on_bytes(count: int) -> None:
            nonlocal done
            done += count
            report(Phase.JOINING, done)

        try:
            with self.path.open("rb") as source, target.open("wb") as out:
                copy_hashed(source=source, target=out, digest=digest, on_bytes=on_bytes)
        except OSError as error:
            target.unlink(missing_ok=True)
            raise SourceFailedError(f"{self.path} cannot be copied: {error.strerror}") from error
        if digest.hexdigest() != model.sha256:
            target.unlink()
            raise SourceFailedError(f"{self.path} is not {model.file_name}: its SHA-256 differs")
        return target
