"""Own objects of older versions are kept, and no longer the newest, on SQLite and on PostgreSQL."""

from __future__ import annotations

from dataclasses import replace

from index_cases import ANNA, instance, report, send

from services.domain.report import Origin
from services.index.port import Artefact, Index, Transaction


def own(kind: str, sha: str) -> Artefact:
    return Artefact(kind, sha * 64, "application/dicom", 100)


def shown(index: Index) -> set[str]:
    """The first letters of the hashes of FADA's own objects that are listed."""
    with index.read() as tx:
        rows = tx.studies.instances("north", study_uid="1.2", replaced=False)
    return {row.sha256[0] for row in rows if row.frames == 0}


def objects(tx: Transaction, *shas: str) -> None:
    """FADA's own objects become instances of the study, a series each."""
    made = [
        instance(f"1.2.9.{ord(sha)}", series=f"1.2.9{ord(sha)}", sha=sha * 64, frames=0,
                 modality="SR")
        for sha in shas
    ]  # fmt: skip
    send(tx, instances=made)


def read(index: Index, image: int, artefacts: list[Artefact], *new: str) -> str:
    """A further image comes and is read; the study's id."""
    with index.begin() as tx:
        got = send(tx, instances=[instance(f"1.2.3.{image}")])[0]
        assert got.job_id is not None
        assert tx.jobs.lease(got.job_id, "w1", 60) is not None
        objects(tx, *new)
        tx.jobs.finish(got.job_id, "w1", report(), artefacts, score=1.0, reasons=())
    return got.study_id


def test_a_further_version_replaces_what_it_does_not_list(index: Index) -> None:
    read(index, 1, [own("seg", "a"), own("sr", "b")], "a", "b")
    assert shown(index) == {"a", "b"}
    # The SEG of the first frame goes on to the next version; its SR does not.
    read(index, 2, [own("seg", "a"), own("seg", "c"), own("sr", "d")], "c", "d")
    assert shown(index) == {"a", "c", "d"}
    with index.read() as tx:
        assert [row.sop_uid for row in tx.studies.instances("north", sop_uid="1.2.9.98")] == [
            "1.2.9.98"
        ]
        kept = tx.studies.instances("north", study_uid="1.2")
        assert {row.sha256[0]: row.replaced_version for row in kept}["b"] == 2
        study = tx.studies.by_uid("north", "1.2")
        assert study.instances == 2 + 3
        assert study.attributes["00201206"]["Value"] == [1 + 3]
        assert sum(one["00201209"]["Value"][0] for one in tx.studies.series("north", "1.2")) == 5


def test_a_person_replaces_the_machine_and_no_machine_a_person(index: Index) -> None:
    study = read(index, 1, [own("sr", "a")], "a")
    with index.begin() as tx:
        objects(tx, "b")
        tx.results.add(
            ANNA, study, replace(report(), reviewed_by="Anna"), [own("sr", "b")],
            origin=Origin.REVIEW, based_on=1,
        )  # fmt: skip
    assert shown(index) == {"b"}
    read(index, 2, [own("sr", "c")], "c")
    assert shown(index) == {"b", "c"}


def test_a_version_without_objects_replaces_nothing(index: Index) -> None:
    study = read(index, 1, [own("sr", "a")], "a")
    with index.begin() as tx:
        tx.results.add(ANNA, study, report(), [], origin=Origin.PHONE, based_on=None)
    assert shown(index) == {"a"}


def test_what_is_listed_again_is_the_newest_again(index: Index) -> None:
    read(index, 1, [own("sr", "a")], "a")
    read(index, 2, [own("sr", "b")], "b")
    read(index, 3, [own("sr", "a")])
    assert shown(index) == {"a"}
