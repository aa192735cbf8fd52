"""An empty index of either kind, for the suites that hold both to the same promises."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from index_cases import Clock, migrated
from servers_postgres import empty_tables, fresh_database

from services.index import open_index
from services.index.port import Index


def _has_pacs(site: str) -> bool:
    return site == "north"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="module")
def postgres(postgres_url: str) -> Iterator[str]:
    with fresh_database(postgres_url) as url:
        migrated(url).close()
        yield url


@pytest.fixture(scope="module")
def sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("index") / "empty.db"
    migrated(f"sqlite:///{path}").close()
    return path


@pytest.fixture(params=["sqlite", "postgres"])
def index(request: pytest.FixtureRequest, tmp_path: Path, clock: Clock) -> Iterator[Index]:
    """An empty index of either kind."""
    empty = request.getfixturevalue(request.param)
    if request.param == "sqlite":
        shutil.copy(empty, tmp_path / "index.db")
        opened = open_index(f"sqlite:///{tmp_path}/index.db", clock=clock, has_pacs=_has_pacs)
    else:
        empty_tables(empty)
        opened = open_index(empty, clock=clock, has_pacs=_has_pacs)
    yield opened
    opened.close()
