"""The retriever's settings, read once from OCTOLLM_* variables."""

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class RetrieverSettings(BaseSettings):
    """What the retriever needs to know of its surroundings."""

    model_config = SettingsConfigDict(env_prefix="OCTOLLM_", frozen=True, extra="ignore")

    database_url: SecretStr | None = None
    """libpq URL of the PostgreSQL that holds the documents; without it there are none."""
    embedder: str = "wordllama"
    """What makes vectors of texts; an index keeps the one it was made with."""
    retriever_connections: int = Field(default=8, ge=1)
    """Database connections open at most."""
    retriever_readers: int = Field(default=2, ge=1)
    """Documents read at the same time, each in a process of its own."""
    retriever_read_seconds: float = Field(default=60.0, gt=0)
    """How long one document may take to read."""
