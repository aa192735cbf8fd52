"""What the tests of the index have in common: a clock, people, instances, reports."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from services.domain.report import FrameReading, Origin, ReleaseId, Report, Scored
from services.domain.study import IngestSource, Principal, Role
from services.index import open_index
from services.index.port import Index, NewInstance, Received, Transaction

ANNA = Principal("key:anna", "north", Role.MANAGER)
BEN = Principal("key:ben", "south", Role.MANAGER)
START = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)


class Clock:
    """Time that the test moves."""

    def __init__(self) -> None:
        self.at = START

    def __call__(self) -> datetime:
        return self.at

    def pass_(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


def migrated(url: str) -> Index:
    index = open_index(url)
    index.migrate()
    return index


def instance(
    sop: str = "1.2.3.1", *, series: str = "1.2.3", sha: str = "", frames: int = 1, **more: Any
) -> NewInstance:
    values: dict[str, Any] = {
        "series_uid": series,
        "sop_uid": sop,
        "sop_class": "1.2.840.10008.5.1.4.1.1.6.1",
        "transfer_syntax": "1.2.840.10008.1.2.1",
        "modality": "US",
        "sha256": sha or sop.replace(".", "").rjust(64, "0"),
        "size": 66_000,
        "rows": 540,
        "columns": 800,
        "frames": frames,
        "attributes": {"0008103E": {"vr": "LO", "Value": ["Head"]}},
    }
    return NewInstance(**(values | more))


def patient(name: str = "Doe^Jane", pid: str = "P1", **tags: str) -> dict[str, Any]:
    attributes: dict[str, Any] = {
        "00100010": {"vr": "PN", "Value": [{"Alphabetic": name}]},
        "00100020": {"vr": "LO", "Value": [pid]},
    }
    attributes |= {tag: {"vr": "SH", "Value": [value]} for tag, value in tags.items()}
    return attributes


def send(
    tx: Transaction,
    study: str = "1.2",
    instances: list[NewInstance] | None = None,
    *,
    who: Principal = ANNA,
    attributes: dict[str, Any] | None = None,
    urgent: bool = False,
    source: IngestSource = IngestSource.STOW,
) -> list[Received]:
    return tx.studies.receive(
        who,
        study,
        patient() if attributes is None else attributes,
        [instance()] if instances is None else instances,
        source=source,
        urgent=urgent,
        request_id="req-1",
    )


def report(study: str = "1.2", plane: str = "head", at: datetime = START) -> Report:
    frame = FrameReading(
        series_uid="1.2.3",
        sop_uid="1.2.3.1",
        frame=1,
        width=800,
        height=540,
        in_scope=True,
        scope_confidence=0.9,
        quality=0.8,
        plane=Scored(plane, 0.9),
    )
    return Report(study, Origin.HUB, ReleaseId("fada", "0.1.0", "0" * 64), at, (frame,))
