"""The guardian's settings, read once from OCTOLLM_* variables."""

from pathlib import Path

from pydantic_settings import BaseSettings, SettingsConfigDict


class GuardianSettings(BaseSettings):
    """What the guardian needs to know of its surroundings."""

    model_config = SettingsConfigDict(env_prefix="OCTOLLM_", frozen=True, extra="ignore")

    guardian_policy: Path | None = None
    """A TOML file with the policy of the house and its tenants; None adds nothing to our own rules."""
