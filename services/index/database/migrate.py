"""Bring a database to the newest form of the tables. Safe to run from several processes at once."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, text

from services.index.database.connection import connect
from services.index.database.postgres_connection import DeadlineConnection

LOCK = 0x66616461  # "fada": the advisory lock that one migration holds


def configuration(connection: Connection | None = None) -> Config:
    """Alembic's, for migrations on this connection."""
    config = Config()
    folder = Path(__file__).parent / "migrations"
    config.set_main_option("script_location", str(folder).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def migrate(engine: Engine) -> None:
    """All or nothing: the whole way up is one transaction on both databases."""
    with connect(engine) as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SET LOCAL statement_timeout = 0"))
            connection.execute(text("SET LOCAL lock_timeout = 0"))
            with without_deadline(connection):  # another process may be migrating
                connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
        with without_deadline(connection):
            command.upgrade(configuration(connection), "head")


def without_deadline(connection: Connection) -> AbstractContextManager[None]:
    """Inside the block an answer may take any time: migrations, copies."""
    driver = connection.connection.driver_connection
    return driver.answers_within(None) if isinstance(driver, DeadlineConnection) else nullcontext()
