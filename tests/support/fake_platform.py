"""Runs the real supervisor over the fake services: what `octollm serve all` is, without what it serves.

fake_platform.py DATA_DIR PORT GRPC_PORT
"""

import asyncio
import os
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from cli.settings import ServeSettings
from cli.supervisor.layout import Layout
from cli.supervisor.model import ModelServer
from cli.supervisor.plan import PROCESSES
from cli.supervisor.supervise import supervise
from servicekit.errors import OctoError

FAKE = Path(__file__).with_name("fake_services.py")
DRAIN = float(os.environ.get("FAKE_DRAIN", "0.5"))


def faked(argv: list[str]) -> list[str]:
    services = argv[argv.index("cli.serve") + 1 :]
    return [sys.executable, "-P", str(FAKE), *services]


def fake_model_server(settings: ServeSettings, layout: Layout, environ: Mapping[str, str]) -> ModelServer:
    return ModelServer(argv=["/bin/sleep", "1000"], env={}, told={})


if __name__ == "__main__":
    directory, port, grpc_port = sys.argv[1:]
    settings = ServeSettings(data_dir=Path(directory), port=int(port), grpc_port=int(grpc_port))
    processes = [replace(process, argv=faked(list(process.argv)), drain=DRAIN) for process in PROCESSES]
    try:
        asyncio.run(
            supervise(
                settings,
                environ=os.environ,
                console=Console(width=200),
                processes=processes,
                find_model_server=fake_model_server,
            )
        )
    except OctoError as error:
        sys.exit(f"refused: {error.message}")
