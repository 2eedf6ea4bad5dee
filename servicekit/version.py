"""The version of this installation, as the package's metadata tells it."""

from importlib.metadata import PackageNotFoundError, version


def octollm_version() -> str:
    """The installed version, such as ``0.1.0``; ``0.0.0`` in a tree that was never installed."""
    try:
        return version("octollm")
    except PackageNotFoundError:
        return "0.0.0"
