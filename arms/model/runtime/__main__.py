"""`python -m arms.model.runtime`: the local model's server as a process of its own."""

import argparse
import os
import signal
from pathlib import Path
from types import FrameType
from typing import NoReturn

from arms.model.cache import default_cache
from arms.model.catalog import CATALOG, find_model
from arms.model.runtime.serve import ModelServer
from arms.model.runtime.sizing import SPIN_COUNT
from servicekit.logs import configure_logging
from servicekit.shim import die_with


def main() -> NoReturn:
    """Serve the model until SIGTERM or SIGINT, or until the parent is gone."""
    parent = os.getppid()
    options = _options()
    options.state_file.unlink(missing_ok=True)  # of a process before us that was killed
    os.environ.setdefault(*SPIN_COUNT)  # before anything loads libgomp
    die_with(parent, signal_number=signal.SIGKILL)
    for signum in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signum, _leave)
    configure_logging("model", level=options.log_level)
    server = ModelServer(
        model=find_model(options.model),
        cache=default_cache(environ=os.environ),
        state_file=options.state_file,
        host=options.host,
        port=options.port,
    )
    status = 1
    try:
        _serving = server.run()  # llama.cpp serves for as long as this is held
        while True:
            signal.pause()
    except SystemExit:
        status = 0
    finally:
        options.state_file.unlink(missing_ok=True)
        # At once: llama.cpp's threads would finish the answers that they write.
        os._exit(status)


def _leave(_signum: int, _frame: FrameType | None) -> NoReturn:
    raise SystemExit(0)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m arms.model.runtime", description=__doc__)
    parser.add_argument("--model", choices=sorted(CATALOG), default="local")
    parser.add_argument("--state-file", type=Path, required=True)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--log-level", default="INFO")
    return parser.parse_args()


if __name__ == "__main__":
    main()
