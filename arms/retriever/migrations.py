"""Brings the `retriever` schema up to date, and makes sure that its vectors are this embedder's."""

from importlib.resources import files

import psycopg

from arms.embedding import EmbedderName
from servicekit.database import Pool, transaction
from servicekit.errors import ConflictError, UnavailableError
from servicekit.migrate import migrate, read_migrations

SCHEMA = "retriever"

CLAIM = """
INSERT INTO retriever.embedder (name, dimension) VALUES (%(name)s, %(dimension)s)
ON CONFLICT (only_row) DO UPDATE SET name = excluded.name, dimension = excluded.dimension
WHERE NOT EXISTS (SELECT FROM retriever.chunks)"""
"""An empty index is anybody's."""


async def migrate_retriever(url: str) -> None:
    """Apply what is missing.

    Args:
        url: libpq URL; its role must be allowed to create the schema.

    Raises:
        UnavailableError: the database cannot be reached, or has no pgvector.
        ConflictError: the database knows steps this program does not.
    """
    try:
        await migrate(url, schema=SCHEMA, migrations=read_migrations(files("arms.retriever") / "migrations"))
    except (psycopg.errors.InsufficientPrivilege, psycopg.errors.FeatureNotSupported) as error:
        raise UnavailableError(
            "The retriever needs pgvector in its database: install it on the server and run "
            "CREATE EXTENSION vector as a superuser.",
            reason="PGVECTOR_MISSING",
        ) from error


async def claim_index(pool: Pool, *, identity: EmbedderName) -> None:
    """Make an empty index this embedder's, or check that it is.

    Args:
        pool: of a migrated database.
        identity: the embedder in use.

    Raises:
        ConflictError: the index holds another embedder's vectors.
        UnavailableError: the database does not answer.
    """
    async with transaction(pool) as taken:
        await taken.execute(CLAIM, {"name": identity.name, "dimension": identity.dimension})
        row = await (await taken.execute("SELECT name, dimension FROM retriever.embedder")).fetchone()
    found = EmbedderName(name=row[0], dimension=row[1]) if row else None
    if found != identity:
        raise ConflictError(
            f"The document index was made by the embedder {found}, and this program uses {identity}: set "
            "OCTOLLM_EMBEDDER to the first, or delete the documents and index them again.",
            reason="EMBEDDER_MISMATCH",
        )
