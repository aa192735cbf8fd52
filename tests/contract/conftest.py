"""An empty index of either kind, for the suites that hold both to the same promises."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from index_cases import Clock, migrated
from servers_postgres import empty_tables, fresh_database

from services.domain.work import DestinationKind
from services.index import open_index
from services.index.port import Index, NewDestination


def _first(site: str) -> tuple[NewDestination, ...]:
    if site != "north":
        return ()
    named = NewDestination("PACS", DestinationKind.STOW, "https://pacs.example", source="settings")
    return (named,)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="session")
def postgres(postgres_url: str) -> Iterator[str]:
    """A migrated database; who asks for it by itself empties it first."""
    with fresh_database(postgres_url) as url:
        migrated(url).close()
        yield url


@pytest.fixture(scope="session")
def sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated, empty database to copy."""
    path = tmp_path_factory.mktemp("index") / "empty.db"
    migrated(f"sqlite:///{path}").close()
    return path


@pytest.fixture
def quiet_seconds() -> float:
    """How long a study waits for further images."""
    return 0.0


@pytest.fixture(params=["sqlite", "postgres"])
def index(
    request: pytest.FixtureRequest, tmp_path: Path, clock: Clock, quiet_seconds: float
) -> Iterator[Index]:
    """An empty index of either kind."""
    more: dict[str, Any] = {"first": _first, "quiet": lambda _site: quiet_seconds}
    empty = request.getfixturevalue(request.param)
    if request.param == "sqlite":
        shutil.copy(empty, tmp_path / "index.db")
        opened = open_index(f"sqlite:///{tmp_path}/index.db", clock=clock, **more)
    else:
        empty_tables(empty)
        opened = open_index(empty, clock=clock, **more)
    yield opened
    opened.close()
