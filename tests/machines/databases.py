"""The machine on a database that is empty at the beginning of each run."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from itertools import count
from pathlib import Path

from index_cases import Clock

from machines.index import IndexMachine
from services.domain.work import DestinationKind
from services.index import open_index
from services.index.port import Index, NewDestination

PACS = NewDestination("PACS", DestinationKind.STOW, "https://pacs.example", source="settings")


def on_sqlite(empty: Path, folder: Path) -> type[IndexMachine]:
    """``empty``: a migrated database, which is copied into ``folder``."""
    numbers = count()

    def fresh(clock: Clock) -> tuple[Index, Callable[[], None]]:
        path = folder / f"{next(numbers)}.db"
        shutil.copy(empty, path)
        index = _opened(f"sqlite:///{path}", clock)

        def end() -> None:
            index.close()
            path.unlink()

        return index, end

    return _machine(fresh)


def on_postgres(url: str) -> type[IndexMachine]:
    """``url``: of a migrated database, whose tables are emptied."""
    from servers_postgres import empty_tables

    def fresh(clock: Clock) -> tuple[Index, Callable[[], None]]:
        empty_tables(url)
        index = _opened(url, clock)
        return index, index.close

    return _machine(fresh)


def _machine(fresh: Callable[[Clock], tuple[Index, Callable[[], None]]]) -> type[IndexMachine]:
    return type("Machine", (IndexMachine,), {"fresh": staticmethod(fresh)})


def _opened(url: str, clock: Clock) -> Index:
    return open_index(url, clock=clock, first=lambda _site: (PACS,))
