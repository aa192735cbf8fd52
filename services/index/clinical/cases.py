"""Cases from the field: what a device has sent of each, so that nothing is stored twice or lost."""

from __future__ import annotations

from sqlalchemy import RowMapping, func, insert, select, update

from services.domain.errors import Conflict, DifferentBytes, NotFound
from services.domain.study import Principal
from services.index.clinical.port import Case, CasePicture, CaseVersion
from services.index.database.connection import Session
from services.index.database.tables.cases import case_pictures, case_versions, cases


class CasesTable:
    """The port's ``Cases``. Two requests with the same key: the second waits, then sees the first."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def open(self, site: str, case: Case) -> Case:
        """The stored case, stored now if it is new. Raises Conflict when another owner has this id."""
        width, height = case.pixel_mm or (None, None)
        values = {
            "site": site,
            "id": case.id,
            "owner": case.owner,
            "study_uid": case.study_uid,
            "urgent": case.urgent,
            "pixel_mm_x": width,
            "pixel_mm_y": height,
            "patient_name": case.patient_name,
            "patient_id": case.patient_id,
            "study_date": case.study_date,
            "created_at": self._session.now(),
        }
        if self._session.insert_new(cases, values):
            self._announce(site, case.id, case.pictures, opening=True)
        stored = self._find(site, case.id)
        if stored.owner != case.owner:
            raise Conflict("This case belongs to another phone.")
        return stored

    def get(self, principal: Principal, case_id: str) -> Case:
        """The caller's own case. Raises NotFound, also for another's."""
        case = self._find(principal.site, case_id)
        if case.owner != principal.subject:
            raise NotFound
        return case

    def of_study(self, site: str, study_id: str) -> list[Case]:
        """Oldest first."""
        columns = case_versions.c
        query = (
            select(columns.case_id)
            .where(columns.site == site, columns.study_id == study_id)
            .group_by(columns.case_id)
            .order_by(func.min(columns.received_at), columns.case_id)
        )
        ids = self._session.connection.execute(query).scalars().all()
        return [self._find(site, case_id) for case_id in ids]

    def version(self, site: str, case_id: str, number: int) -> CaseVersion:
        """One version of the case's report. Raises NotFound."""
        columns = case_versions.c
        query = select(case_versions).where(
            columns.site == site, columns.case_id == case_id, columns.number == number
        )
        row = self._session.connection.execute(query).mappings().first()
        if row is None:
            raise NotFound("There is no such version of the case. Send its report first.")
        announced = {one["sha256"]: _picture(one) for one in self._pictures(site, case_id)}
        return CaseVersion(
            number=row["number"],
            study_id=row["study_id"],
            sha256=row["sha256"],
            pictures=tuple(announced[sha256] for sha256 in row["pictures"]),
            result_version=row["result_version"],
        )

    def known_version(
        self, site: str, case_id: str, number: int, sha256: str
    ) -> CaseVersion | None:
        """The version, when these very bytes came before; None: it is new. Raises DifferentBytes."""
        try:
            version = self.version(site, case_id, number)
        except NotFound:
            return None
        if version.sha256 != sha256:
            raise DifferentBytes("This version of the case was received with other content.")
        return version

    def add_version(self, site: str, case_id: str, version: CaseVersion) -> None:
        """Raises DifferentBytes when this number is stored with another hash."""
        values = {
            "site": site,
            "case_id": case_id,
            "number": version.number,
            "study_id": version.study_id,
            "sha256": version.sha256,
            "result_version": version.result_version,
            "pictures": [one.sha256 for one in version.pictures],
            "received_at": self._session.now(),
        }
        if self._session.insert_new(case_versions, values):
            self._announce(site, case_id, version.pictures, opening=False)
        else:
            self.known_version(site, case_id, version.number, version.sha256)

    def arrived(self, site: str, case_id: str, sha256: str, sop_uid: str) -> None:
        """The first instance that a picture became stays its own."""
        values = {"sop_uid": sop_uid, "arrived_at": self._session.now()}
        columns = case_pictures.c
        change = update(case_pictures).where(
            columns.site == site,
            columns.case_id == case_id,
            columns.sha256 == sha256,
            columns.sop_uid == "",
        )
        if self._session.connection.execute(change.values(**values)).rowcount == 0:
            row = {"site": site, "case_id": case_id, "sha256": sha256}  # announced by no report
            self._session.insert_new(case_pictures, {**row, **values})

    def missing(self, site: str, case_id: str, number: int | None = None) -> list[str]:
        """SHA-256 of pictures that have not arrived: the opening report's, and those of a version."""
        rows = self._pictures(site, case_id)
        wanted = [row["sha256"] for row in rows if row["position"] is not None]
        if number is not None:
            wanted += [one.sha256 for one in self.version(site, case_id, number).pictures]
        arrived = {row["sha256"] for row in rows if row["sop_uid"]}
        return [sha256 for sha256 in dict.fromkeys(wanted) if sha256 not in arrived]

    def _find(self, site: str, case_id: str) -> Case:
        query = select(cases).where(cases.c.site == site, cases.c.id == case_id)
        row = self._session.connection.execute(query).mappings().first()
        if row is None:
            raise NotFound("There is no such case. Send its report first.")
        pictures = [one for one in self._pictures(site, case_id) if one["position"] is not None]
        return Case(
            id=row["id"],
            owner=row["owner"],
            study_uid=row["study_uid"],
            pictures=tuple(_picture(one) for one in pictures),
            urgent=row["urgent"],
            pixel_mm=(row["pixel_mm_x"], row["pixel_mm_y"]) if row["pixel_mm_x"] else None,
            patient_name=row["patient_name"],
            patient_id=row["patient_id"],
            study_date=row["study_date"],
        )

    def _pictures(self, site: str, case_id: str) -> list[RowMapping]:
        columns = case_pictures.c
        query = select(case_pictures).where(columns.site == site, columns.case_id == case_id)
        rows = self._session.connection.execute(query.order_by(columns.position, columns.sha256))
        return list(rows.mappings())

    def _announce(
        self, site: str, case_id: str, pictures: tuple[CasePicture, ...], *, opening: bool
    ) -> None:
        """Rows for pictures that no report has named before; what has arrived unannounced stays."""
        known = {row["sha256"] for row in self._pictures(site, case_id)}
        rows = [
            {
                "site": site,
                "case_id": case_id,
                "sha256": one.sha256,
                "position": position if opening else None,
                "size": one.size,
                "media_type": one.media_type,
                "sop_uid": "",
            }
            for position, one in enumerate(pictures)
            if one.sha256 not in known
        ]
        unique = {row["sha256"]: row for row in reversed(rows)}  # the first of two equal ones
        if unique:
            self._session.connection.execute(insert(case_pictures), list(unique.values()))


def _picture(row: RowMapping) -> CasePicture:
    return CasePicture(row["sha256"], row["size"] or 0, row["media_type"] or "")
