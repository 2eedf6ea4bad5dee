"""What the reflex redacts reaches neither the store, nor an arm (so no model), nor a log, nor an answer."""

import json
import logging
import tempfile
from collections.abc import AsyncGenerator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from reflex.app import build
from reflex.settings import ReflexSettings
from tests.orchestrator.house import House, Script, running_house, scripted, settings_for

MAIL, CARD, SSN = "jane.doe@example.org", "4111 1111 1111 1111", "536-90-4399"
KEY, PHONE = "ghp_" + "a1B2c3D4e5F6" * 3, "+44 7700 900123"
VALUES = (MAIL, CARD, SSN, KEY, PHONE)


@pytest.fixture
async def house(database_url: str, rules_folder: Path) -> AsyncGenerator[House]:
    """An orchestrator with a real reflex; the arms are scripted and remember what they were sent."""
    script = Script()
    with tempfile.TemporaryDirectory(prefix="octo") as folder:
        sockets = Path(folder)
        reflex = ReflexSettings(socket_dir=sockets, grpc_ports={"reflex": 0}, data_dir=rules_folder)
        async with (
            scripted(script, sockets, "arms"),
            build(reflex),
            running_house(settings_for(database_url, sockets), script) as running,
        ):
            yield running


def everything_in(database_url: str) -> str:
    """Every row of every table, as text."""
    with psycopg.connect(database_url) as database:
        tables = database.execute(
            "SELECT schemaname, tablename FROM pg_tables"
            " WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
        ).fetchall()
        rows = [
            str(row)
            for schema, table in tables
            for row in database.execute(
                sql.SQL("SELECT t::text FROM {} t").format(sql.Identifier(schema, table))
            )
        ]
    return "\n".join(rows)


async def test_nothing_that_was_redacted_is_found_anywhere(
    house: House, database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    task = await house.run(
        f"Write to {MAIL} about the refund of order 17",
        constraints=[f"do not name the card {CARD}"],
        acceptance_criteria=[f"the number {SSN} does not appear"],
        context_json=json.dumps({"notes": [f"token {KEY}", 17], PHONE: "call back"}),
        labels={"contact": PHONE},
    )
    stored = everything_in(database_url)
    sent = " ".join(map(str, (*house.script.plans, *house.script.executed, *house.script.judged)))
    logged = " ".join(str(record.__dict__) for record in caplog.records)
    assert "order 17" in stored
    assert "order 17" in sent
    for value in VALUES:
        for place, text in {"store": stored, "arms": sent, "logs": logged, "answer": str(task)}.items():
            assert value not in text, (value, place)
