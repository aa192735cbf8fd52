"""Who said a fact: whoever made it what it is, not whoever saved last."""

from datetime import UTC, datetime, timedelta

from services.domain.examination.source import (
    Entry,
    Source,
    SourceKind,
    entries_of,
    together,
)

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
ANN, BEN = Entry("key:ann", NOON), Entry("key:ben", NOON + timedelta(hours=1))


def test_a_fact_stays_its_authors_until_it_changes() -> None:
    authors = entries_of(
        [
            (ANN, {"indication": "growth", "comment": "Come.", "fetuses": 1}),
            (BEN, {"indication": "growth", "comment": "Come again."}),
        ]
    )
    assert authors == {"indication": ANN, "comment": BEN}


def test_what_was_taken_back_and_said_again_is_the_seconds() -> None:
    authors = entries_of([(ANN, {"fetuses": 1}), (ANN, {}), (BEN, {"fetuses": 1})])
    assert authors == {"fetuses": BEN}


def test_anatomy_is_told_part_by_part() -> None:
    authors = entries_of(
        [
            (ANN, {"anatomy": {"heart": "seen"}}),
            (BEN, {"anatomy": {"heart": "seen", "spine": "not_seen"}}),
        ]
    )
    assert authors == {"anatomy.heart": ANN, "anatomy.spine": BEN}


def test_a_report_names_each_source_once_a_day() -> None:
    def by(name: str, hours: int) -> Source:
        return Source(SourceKind.PERSON, name, NOON + timedelta(hours=hours))

    header = Source(SourceKind.IMAGES)
    said = together(
        {
            "anatomy.heart": by("Ann", 0),
            "anatomy.spine": by("Ben", 1),
            "comment": by("Ann", 2),
            "impression": by("Ann", 24),
            "last_period": header,
        },
        ("last_period", "anatomy", "impression", "comment"),
    )
    assert [(one.source, one.facts) for one in said] == [
        (header, ("last_period",)),
        (by("Ann", 2), ("anatomy", "comment")),
        (by("Ben", 1), ("anatomy",)),
        (by("Ann", 24), ("impression",)),
    ]
