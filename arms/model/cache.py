"""The folder where model files live: one for all checkouts, each file trusted only after its checksum."""

import json
import os
import pwd
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from arms.model.catalog import CATALOG, ModelFile
from arms.model.checksum import sha256_of_file


@dataclass(frozen=True, kw_only=True)
class ModelCache:
    """A folder of model files.

    A file that was verified has a note beside it with its size and modification time, so that its 1 GB is
    not read again at every start.
    """

    folder: Path

    def path_of(self, model: ModelFile) -> Path:
        """Where the model's file is, or would be."""
        return self.folder / model.file_name

    def work_folder(self, model: ModelFile) -> Path:
        """Where unfinished downloads of the model are kept for resuming."""
        return self.folder / f".{model.name}.parts"

    def lock_path(self, model: ModelFile) -> Path:
        """The file that processes lock so that one of them fetches."""
        return self.folder / f".{model.name}.lock"

    def holds(self, model: ModelFile) -> bool:
        """Whether the file is here and right; reads it in full the first time it is seen."""
        path = self.path_of(model)
        if not path.is_file() or path.stat().st_size != model.size_bytes:
            return False
        if self._read_note(model) == _fingerprint(path=path, model=model):
            return True
        if sha256_of_file(path) != model.sha256:
            return False
        self.note_verified(model)
        return True

    def note_verified(self, model: ModelFile) -> None:
        """Remember that the file as it is now has the right checksum."""
        note = self._note_path(model)
        fresh = note.with_name(f"{note.name}.{os.getpid()}")
        fresh.write_text(json.dumps(_fingerprint(path=self.path_of(model), model=model)), encoding="utf-8")
        fresh.replace(note)

    def _note_path(self, model: ModelFile) -> Path:
        return self.folder / f".{model.name}.verified"

    def _read_note(self, model: ModelFile) -> object:
        try:
            return json.loads(self._note_path(model).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None


@dataclass(frozen=True, kw_only=True)
class ModelStatus:
    """One line of `octollm model list`."""

    model: ModelFile
    path: Path
    present: bool


def list_models(*, cache: ModelCache) -> list[ModelStatus]:
    """Tell of every local model whether its verified file is in the cache."""
    return [
        ModelStatus(model=model, path=cache.path_of(model), present=cache.holds(model))
        for model in CATALOG.values()
    ]


def default_cache(*, environ: Mapping[str, str]) -> ModelCache:
    """The user's cache folder: OCTOLLM_MODEL_CACHE, else octollm/models under the platform's cache home."""
    named = environ.get("OCTOLLM_MODEL_CACHE")
    if named:
        return ModelCache(folder=Path(named).absolute())
    if not environ.get("HOME") and not environ.get("XDG_CACHE_HOME"):
        # Without HOME the platform's rule would answer with the root folder; the user database knows better.
        return ModelCache(folder=Path(pwd.getpwuid(os.getuid()).pw_dir) / ".cache" / "octollm" / "models")
    return ModelCache(folder=platformdirs.user_cache_path("octollm") / "models")


def _fingerprint(*, path: Path, model: ModelFile) -> dict[str, str | int]:
    stat = path.stat()
    return {"sha256": model.sha256, "size": stat.st_size, "modified_ns": stat.st_mtime_ns}
