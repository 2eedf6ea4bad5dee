"""Starts llama.cpp's own HTTP server inside this process; the only module that knows xllamacpp."""

import importlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from arms.model.runtime.sizing import Sizing
from servicekit.errors import UnavailableError


@dataclass(frozen=True, kw_only=True)
class LlamaServer:
    """A running server; it lives as long as this object.

    Attributes:
        base_url: where it listens.
        handle: llama.cpp's server; freed with this object.
    """

    base_url: str
    handle: Any


def start_llama(*, path: Path, alias: str, host: str, port: int, api_key: str, sizing: Sizing) -> LlamaServer:
    """Load the model and serve it; returns when it answers.

    Blocks for seconds and holds the interpreter's lock meanwhile.

    Args:
        path: the model file.
        alias: what the server calls the model.
        host: the address to bind.
        port: the port to bind; 0 takes a free one.
        api_key: the bearer key that callers must show.
        sizing: what it may use.

    Raises:
        UnavailableError: the port is taken or the file cannot be loaded.
    """
    llama: Any = importlib.import_module("xllamacpp")
    params = llama.CommonParams()
    params.model.path = str(path)
    params.model_alias = {alias}  # else answers carry the file's path
    params.hostnames = [host]
    params.port = port
    _secure(params, api_key=api_key)
    _fit(params, sizing=sizing)
    try:
        server = llama.Server(params)
    except RuntimeError as error:
        raise UnavailableError(
            f"llama.cpp cannot serve {path} on {host} port {port}: the port is taken, or the model does not "
            "fit into memory; the lines above tell which",
            reason="MODEL_SERVER_FAILED",
        ) from error
    return LlamaServer(base_url=server.listening_address, handle=server)


def _secure(params: Any, *, api_key: str) -> None:
    params.api_keys = [api_key]
    params.cors_origins = ""  # the default lets any web page ask
    params.ui = False
    params.endpoint_slots = False  # it would show prompts
    params.endpoint_props = False
    params.verbosity = 1


def _fit(params: Any, *, sizing: Sizing) -> None:
    params.n_ctx = sizing.slots * sizing.slot_context
    params.n_parallel = sizing.slots
    params.fit_params = False  # the context is ours to choose: callers cut their prompts to it
    params.cache_ram_mib = sizing.prompt_cache_mib
    params.no_extra_bufts = not sizing.repack
    params.cpuparams.n_threads = sizing.threads
    params.cpuparams_batch.n_threads = sizing.threads
