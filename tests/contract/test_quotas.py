"""Quotas and use of sites, on both indexes."""

from __future__ import annotations

from datetime import timedelta

from index_cases import ANNA, Clock, instance, report, send

from services.domain.quota import Quota, QuotaState
from services.domain.report import Origin
from services.index.port import Artefact, Index

DAY = timedelta(hours=24)


def count(index: Index) -> tuple[dict[QuotaState, int], list[tuple[str, QuotaState]]]:
    with index.read() as tx:
        since, stored = tx.quotas.since_count(), tx.quotas.stored()
    with index.begin() as tx:
        return tx.quotas.counted(stored, since)


def test_bytes_are_added_up_and_each_object_once(index: Index) -> None:
    with index.begin() as tx:
        send(tx, "1.2.1", [instance("1.2.1.1", sha="a" * 64)])
        study = tx.studies.by_uid("north", "1.2.1")
        size = tx.studies.instances("north")[0].size
        for version in range(2):  # the second version carries the first one's picture
            artefacts = [Artefact("mask", "b" * 64, "image/png", 70)]
            tx.results.add(
                ANNA, study.id, report("1.2.1"), artefacts, origin=Origin.HUB,
                based_on=version or None,
            )  # fmt: skip
    with index.read() as tx:
        assert tx.quotas.stored() == {"north": size + 70}
        assert tx.quotas.of("north").counted_at is None
    count(index)
    with index.read() as tx:
        kept = tx.quotas.of("north")
    assert kept.usage.stored_bytes == size + 70
    assert kept.usage.daily_studies == 1
    assert kept.counted_at is not None


def test_what_comes_while_it_is_counted_is_not_lost(index: Index) -> None:
    with index.begin() as tx:
        send(tx, "1.2.2", [instance("1.2.2.1")])
        tx.quotas.took("north", 1000)
    with index.read() as tx:
        since, stored = tx.quotas.since_count(), tx.quotas.stored()
    with index.begin() as tx:
        tx.quotas.took("north", 5)
        tx.quotas.counted(stored, since)
        assert tx.quotas.of("north").usage.stored_bytes == stored["north"] + 5
        assert tx.quotas.since_count() == {"north": 5}


def test_studies_leave_the_count_after_a_day(index: Index, clock: Clock) -> None:
    with index.begin() as tx:
        send(tx, "1.2.3", [instance("1.2.3.1")])
    clock.at += DAY - timedelta(minutes=1)
    with index.read() as tx:
        assert tx.quotas.of("north").usage.daily_studies == 1
        assert tx.quotas.of("south").usage.daily_studies == 0
    clock.at += timedelta(minutes=2)
    with index.read() as tx:
        assert tx.quotas.of("north").usage.daily_studies == 0


def test_each_change_of_state_is_said_once(index: Index) -> None:
    with index.begin() as tx:
        send(tx, "1.2.4", [instance("1.2.4.1")])
        tx.quotas.set(ANNA, Quota(None, 5))
    assert count(index) == ({QuotaState.ROOM: 1}, [])
    with index.begin() as tx:
        for number in range(3):
            send(tx, f"1.2.5.{number}", [instance(f"1.2.5.{number}.1")])
    assert count(index) == ({QuotaState.WARNING: 1}, [("north", QuotaState.WARNING)])
    assert count(index) == ({QuotaState.WARNING: 1}, [])
    with index.begin() as tx:
        tx.quotas.set(ANNA, Quota(1, 5))
    assert count(index)[1] == [("north", QuotaState.FULL)]
    with index.begin() as tx:
        tx.quotas.set(ANNA, Quota())
    assert count(index) == ({QuotaState.ROOM: 1}, [("north", QuotaState.ROOM)])
    with index.read() as tx:
        said = [one.action for one in tx.audit.find("north", subject="north")]
    assert sorted(one for one in said if one.startswith("quota.")) == [
        "quota.changed", "quota.changed", "quota.changed",
        "quota.full", "quota.room", "quota.warning",
    ]  # fmt: skip
