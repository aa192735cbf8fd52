"""The seals over the audit trail: an edit, a removal and an insertion show, on both databases."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
from index_cases import Clock
from sqlalchemy import Engine, create_engine, text

from gateway.audit.seals import seal, seal_key
from services.domain.study import Principal, Role
from services.index.port import Index

KEY = seal_key(b"only-for-this-test-run-and-long-enough")
WHO = Principal("key:1", "north", Role.ADMIN)


def write(index: Index, count: int) -> None:
    for number in range(count):
        with index.begin() as tx:
            tx.audit.add(WHO, "study.read", f"study-{number}", {"words": "Größe, नाम", "n": number})


def verdict(index: Index, key: bytes = KEY) -> Any:
    with index.read() as tx:
        return tx.audit_seals.verify(key)


@pytest.fixture
def raw(request: pytest.FixtureRequest, index: Index, tmp_path: Path) -> Engine:
    """The database itself, for somebody who may do all in it."""
    if request.node.callspec.params["index"] == "sqlite":
        return create_engine(f"sqlite:///{tmp_path}/index.db")
    url = str(request.getfixturevalue("postgres"))
    return create_engine(url.replace("postgresql://", "postgresql+psycopg://", 1))


def behind_the_triggers(engine: Engine, *statements: str) -> None:
    with engine.begin() as connection:
        if engine.dialect.name == "sqlite":
            for name in ("audit_no_update", "audit_no_delete", "audit_seals_no_delete"):
                connection.execute(text(f"DROP TRIGGER IF EXISTS {name}"))
        else:
            connection.execute(text("SET session_replication_role = replica"))
        for statement in statements:
            connection.execute(text(statement))
    engine.dispose()


def test_an_untouched_trail_holds(index: Index, clock: Clock) -> None:
    write(index, 5)
    seal(index, KEY)
    write(index, 3)
    seal(index, KEY)
    write(index, 2)
    verification = verdict(index)
    assert verification.holds, verification.fault
    assert (verification.entries, verification.seals, verification.unsealed) == (8, 2, 2)
    with index.read() as tx:
        assert tx.audit_seals.verify(KEY, verification.mac).holds
        assert not tx.audit_seals.verify(KEY, "0" * 64).holds, "the end was cut"
    other = seal_key(b"another secret, as long as the first")
    assert not verdict(index, other).holds
    seal(index, other)
    assert not verdict(index).holds
    with index.read() as tx:
        assert tx.audit_seals.verify(other, before=(KEY,)).holds, "after a change of the secret"


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE audit SET actor = 'key:2' WHERE subject = 'study-2'",
        "UPDATE audit SET detail = '{}' WHERE subject = 'study-3'",
        "DELETE FROM audit WHERE subject = 'study-1'",
        "DELETE FROM audit WHERE subject = 'study-4'",
        "DELETE FROM audit_seals WHERE number = 1",
        "INSERT INTO audit (seq, at, site, actor, action, subject, detail)"
        " SELECT -5, at, site, actor, action, subject, detail FROM audit ORDER BY seq LIMIT 1",
    ],
)
def test_what_is_changed_behind_the_triggers_shows(index: Index, raw: Engine, change: str) -> None:
    write(index, 5)
    seal(index, KEY)
    write(index, 1)
    seal(index, KEY)
    assert verdict(index).holds
    behind_the_triggers(raw, change)
    verification = verdict(index)
    assert not verification.holds
    assert verification.fault


def test_the_triggers_refuse_any_change(index: Index, raw: Engine) -> None:
    write(index, 1)
    seal(index, KEY)
    for statement in ("UPDATE audit_seals SET mac = ''", "DELETE FROM audit_seals"):
        with pytest.raises(Exception, match="append-only"), raw.begin() as connection:
            connection.execute(text(statement))
    raw.dispose()


def test_entries_of_many_writers_are_all_sealed(index: Index) -> None:
    writers = [threading.Thread(target=write, args=(index, 20)) for _ in range(4)]
    for writer in writers:
        writer.start()
    while any(writer.is_alive() for writer in writers):
        seal(index, KEY)
    seal(index, KEY)
    verification = verdict(index)
    assert verification.holds, verification.fault
    assert (verification.entries, verification.unsealed) == (80, 0)
