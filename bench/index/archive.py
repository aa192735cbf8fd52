"""An archive of many studies, made by the database itself: three of a patient, a hundred a day."""

from __future__ import annotations

from sqlalchemy import Engine, text

SITE = "archive"
A_DAY, OF_A_PATIENT = 100, 3
_ATTRIBUTES = (
    '{"00100010": {"vr": "PN", "Value": [{"Alphabetic": "Doe^Jane"}]},'
    ' "00081030": {"vr": "LO", "Value": ["Second trimester, growth"]}}'
)
_DAY = {
    "sqlite": "strftime('%Y%m%d', julianday('1990-01-01') + i / :a_day)",
    "postgresql": "to_char(date '1990-01-01' + i / :a_day, 'YYYYMMDD')",
}
_MOMENT = {  # as the index writes it
    "sqlite": "strftime('%Y-%m-%d %H:%M:%S.000000', 631152000 + i * 864, 'unixepoch')",
    "postgresql": "timestamptz '1990-01-01 00:00:00+00' + i * interval '864 seconds'",
}
_NUMBERED = {
    "sqlite": "printf('00000000-0000-7000-8000-%012d', i)",
    "postgresql": "'00000000-0000-7000-8000-' || lpad(i::text, 12, '0')",
}


def grow(engine: Engine, start: int, end: int) -> None:
    """Add the studies ``start`` to ``end`` - 1, and let PostgreSQL count what it has."""
    dialect = engine.dialect.name
    woman = f"(i / {OF_A_PATIENT})"
    values = {
        "id": _NUMBERED[dialect],
        "site": f"'{SITE}'",
        "study_uid": "'1.2.3.' || i",
        "state": "case when i % 10 = 0 then 'ready' else 'reviewed' end",
        "source": "'stow'",
        "urgent": "i % 50 = 0",
        "score": "(i % 40) * 1.0",
        "reasons": "'[]'",
        "priority_key": "(i % 40) - i * 0.024 - case when i % 10 = 0 then 0 else 1e9 end",
        "received_at": _MOMENT[dialect],
        "instances": "1",
        "series": "1",
        "modalities": r"'\us\'",
        "latest_version": "1",
        "plane": "'head'",
        "error_code": "''",
        "attributes": f"'{_ATTRIBUTES}'",
        "patient_name": f"'doe' || {woman} || '^jane'",
        "patient_id": f"'p-' || {woman}",
        "accession": "'a-' || i",
        "study_date": _DAY[dialect],
        "study_time": "'101500'",
        "dicom_study_id": "''",
        "description": "'second trimester, growth'",
        "referring": "''",
        "birth_date": "'19900101'",
        "sex": "'f'",
        "searched": f"'doe' || {woman} || ' jane p-' || {woman} || ' a-' || i",
    }
    statement = (
        "WITH RECURSIVE n(i) AS (SELECT CAST(:start AS INTEGER) UNION ALL SELECT i + 1 FROM n"
        f" WHERE i + 1 < :end) INSERT INTO studies ({', '.join(values)})"
        f" SELECT {', '.join(values.values())} FROM n"
    )
    if dialect == "sqlite":  # its INSERT takes the WITH after it only in SELECT
        head, tail = statement.split(" INSERT INTO ", 1)
        target, select = tail.split(" SELECT ", 1)
        statement = f"INSERT INTO {target} {head} SELECT {select}"
    given = {"start": start, "end": end, "a_day": A_DAY}
    with engine.begin() as connection:
        connection.execute(text(statement.replace("::", r"\:\:")), given)
    if dialect == "sqlite":
        _fill_words(engine)
    if dialect == "postgresql":  # as autovacuum does; nobody does it for SQLite
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM ANALYZE studies"))


def _fill_words(engine: Engine) -> None:
    """As the sweeper does, faster: no name here has a character that stands beside its text."""
    filled = (
        "INSERT INTO study_words (rowid, study_id, searched, short)"
        " SELECT rowid, id, searched, '' FROM studies WHERE words IS NULL"
    )
    with engine.begin() as connection:
        connection.execute(text(filled))
        connection.execute(text("UPDATE studies SET words = rowid WHERE words IS NULL"))
