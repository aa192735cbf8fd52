"""What an index holds, as JSON, by its own readers: what a later version must read from a dump of it."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from dataclasses import asdict
from datetime import UTC, datetime
from itertools import count
from typing import Any

from sqlalchemy import create_engine, text

from services.domain.errors import NotFound
from services.index.port import (
    Case,
    CaseVersion,
    Delivery,
    Index,
    Result,
    Share,
    Study,
    StudyQuery,
    Transaction,
)
from services.reading import report_json

SITES = ("north", "south")


def read(index: Index, url: str, links: dict[str, Any]) -> dict[str, Any]:
    """``links``: the shares that were made. SQL alone where the port lists nothing."""
    keys = column(url, "SELECT key FROM idempotency")
    uploads = column(url, "SELECT id FROM uploads WHERE site = 'north'")
    with index.read() as tx:
        studies = [one for site in SITES for one in tx.studies.find(site, StudyQuery(limit=1000))]
        of_study = {one.id: tx.cases.of_study(one.site, one.id) for one in studies}
        known = {case.id: (one.site, case) for one in studies for case in of_study[one.id]}
        return {
            "at": datetime.now(UTC).isoformat(),
            "made": links,
            "idempotency": sorted(keys),
            "uploads": {one: upload_of(tx, one) for one in uploads},
            "cases": {case.id: case_of(tx, site, case) for site, case in known.values()},
            "cases_of": {study: [one.id for one in cases] for study, cases in of_study.items()},
            **studies_of(tx, studies),
            **sites_of(tx),
        }


def column(url: str, query: str) -> list[str]:
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    with engine.connect() as connection:
        values = list(connection.execute(text(query)).scalars().all())
    engine.dispose()
    return values


def upload_of(tx: Transaction, upload_id: str) -> list[Any]:
    one = tx.uploads.get("north", upload_id)
    return [one.state, one.offset]


def case_of(tx: Transaction, site: str, case: Case) -> dict[str, Any]:
    versions: dict[str, CaseVersion] = {}
    with suppress(NotFound):
        for number in count(1):
            versions[str(number)] = tx.cases.version(site, case.id, number)
    fields = ("id", "owner", "study_uid", "pixel_mm", "urgent")
    return {
        **{name: getattr(case, name) for name in fields},
        "site": site,
        "subject": {n: getattr(case, n) for n in ("patient_id", "patient_name", "study_date")},
        "pictures": [asdict(one) for one in case.pictures],
        "missing": tx.cases.missing(site, case.id),
        "missing_of": {n: tx.cases.missing(site, case.id, int(n)) for n in versions},
        "versions": {
            number: {
                "sha256": one.sha256,
                "result_version": one.result_version,
                "pictures": [picture.sha256 for picture in one.pictures],
            }
            for number, one in versions.items()
        },
    }


def studies_of(tx: Transaction, studies: list[Study]) -> dict[str, Any]:
    fields = ("instances", "latest_version", "site", "state", "study_uid", "urgent")
    return {
        "studies": {one.id: {n: getattr(one, n) for n in fields} for one in studies},
        "results": {
            one.id: [result_of(each) for each in tx.results.versions(one.site, one.id)]
            for one in studies
        },
        "shares": {
            one.id: [share_of(each) for each in tx.shares.open_shares(one.site, one.id)]
            for one in studies
        },
    }


def result_of(one: Result) -> dict[str, Any]:
    return {
        **{n: getattr(one, n) for n in ("id", "version", "origin", "author", "based_on", "scores")},
        "artefacts": [artefact.sha256 for artefact in one.artefacts],
        "reviewed_by": one.report.reviewed_by,
        "report": hashlib.sha256(report_json.dump(one.report)).hexdigest(),
    }


def share_of(one: Share) -> dict[str, Any]:
    times = {n: getattr(one, n).isoformat() for n in ("created_at", "expires_at")}
    return {"id": one.id, "created_by": one.created_by, **times}


def sites_of(tx: Transaction) -> dict[str, Any]:
    jobs = tx.jobs.find(None, limit=1000)
    return {
        "jobs": {one.id: [one.site, one.state, one.error_code] for one in jobs},
        "outbox": [delivery_of(one) for one in tx.deliveries.find(None, limit=1000)],
        "pending": {topic: tx.outbox.pending(topic) for topic in ("analyse", "deliver")},
        "events": {site: tx.events.latest(site) for site in SITES},
        "audit": {site: len(tx.audit.find(site, limit=100_000)) for site in SITES},
        "devices": {site: [one.id for one in tx.devices.find(site)] for site in SITES},
        "webhooks": [one.id for one in tx.webhooks.find("north")],
    }


def delivery_of(one: Delivery) -> dict[str, Any]:
    names = ("site", "study_id", "webhook_id", "event_seq", "version")
    return {
        "id": one.id,
        "topic": one.kind,
        "state": one.state,
        "attempts": one.attempts,
        "error": one.error_code,
        "payload": {name: getattr(one, name) for name in names},
    }
