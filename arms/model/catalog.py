"""The local models that OctoLLM knows: what they are, how large, and the checksum that decides."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from servicekit.errors import NotFoundError


@dataclass(frozen=True, kw_only=True)
class ModelFile:
    """One GGUF file that the local runtime can load.

    Attributes:
        name: what OCTOLLM_MODEL and the command line call it.
        title: what provenance calls it.
        description: one sentence for people.
        license: SPDX identifier of the weights' licence.
        file_name: the file's name, here and in its official repository.
        size_bytes: the exact size.
        sha256: the checksum in hex; nothing else makes a file acceptable.
        hub_repository: owner/name of the official repository.
        wheel_list: name of the pip requirements file in `arms/model/wheels/` whose wheels carry the same
            bytes in parts.
    """

    name: str
    title: str
    description: str
    license: str
    file_name: str
    size_bytes: int
    sha256: str
    hub_repository: str
    wheel_list: str


_FILES = (
    ModelFile(
        name="local",
        title="qwen2.5-coder-1.5b-instruct-q4_k_m",
        description="Qwen2.5-Coder 1.5B Instruct, 4 bit: the default",
        license="Apache-2.0",
        file_name="qwen2.5-coder-1.5b-instruct-q4_k_m.gguf",
        size_bytes=1_117_320_768,
        sha256="cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
        hub_repository="Qwen/Qwen2.5-Coder-1.5B-Instruct-GGUF",
        wheel_list="qwen2.5-coder-1.5b-instruct-q4_k_m.wheels.txt",
    ),
    ModelFile(
        name="local-small",
        title="qwen2.5-coder-0.5b-instruct-q4_k_m",
        description="Qwen2.5-Coder 0.5B Instruct, 4 bit: for tests and small machines",
        license="Apache-2.0",
        file_name="qwen2.5-coder-0.5b-instruct-q4_k_m.gguf",
        size_bytes=491_400_064,
        sha256="1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32",
        hub_repository="Qwen/Qwen2.5-Coder-0.5B-Instruct-GGUF",
        wheel_list="qwen2.5-coder-0.5b-instruct-q4_k_m.wheels.txt",
    ),
)

CATALOG: Mapping[str, ModelFile] = MappingProxyType({file.name: file for file in _FILES})
"""Every local model by its name."""


def find_model(name: str) -> ModelFile:
    """Return the local model of that name.

    Raises:
        NotFoundError: there is none; the text lists those there are.
    """
    model = CATALOG.get(name)
    if model is None:
        raise NotFoundError(f"no local model is called {name!r}; there are: {', '.join(CATALOG)}")
    return model
