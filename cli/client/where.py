"""Where the running platform is: named by the caller, told by its endpoints file, or the default port."""

import json
from pathlib import Path

DEFAULT_URL = "http://127.0.0.1:8000"


def gateway_url(*, named: str | None, data_dir: Path) -> str:
    """The gateway's base URL.

    Args:
        named: what the caller says, by flag or variable; it wins.
        data_dir: where a running platform keeps its ``endpoints.json``; it need not exist.
    """
    if named:
        return named
    try:
        return json.loads((data_dir / "endpoints.json").read_text())["gateway"]["rest"]
    except (OSError, ValueError, KeyError, TypeError):
        return DEFAULT_URL
