"""What became of what was acknowledged: results, losses, doubles, latencies, rows that are stuck."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from bench.soak.ledger import Acknowledged, Ledger
from services.domain.errors import FadaError, NotFound
from services.domain.report import Origin
from services.index.port import Index, JobState, StudyQuery, Transaction

SITE = "default"
_PAGE = 500


@dataclass(slots=True)
class Verdict:
    """Of all studies. ``latencies``: s from the answer to the sender to the result."""

    acknowledged: int = 0
    results: int = 0
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    latencies: list[float] = field(default_factory=list)
    by_source: dict[str, list[float]] = field(default_factory=dict)
    stuck: dict[str, int] = field(default_factory=dict)

    def percentile(self, share: float) -> float | None:
        """Of the latencies, in s; None without any."""
        ordered = sorted(self.latencies)
        if not ordered:
            return None
        return round(ordered[min(int(share * len(ordered)), len(ordered) - 1)], 2)


def drain(index: Index, seconds: float, tend: Callable[[], None]) -> None:
    """Until no job, outbox row or upload waits, at most ``seconds``; it must stay so for a while.

    An upload whose sender began anew goes when its time is over: the hub has to clear it by itself.
    """
    until, calm = time.monotonic() + seconds, 0
    while time.monotonic() < until and calm < 5:
        tend()
        time.sleep(0.5)
        try:
            with index.read() as tx:
                depth = tx.jobs.depth()
                pending = tx.outbox.pending() + len(tx.uploads.unfinished(None))
        except FadaError:
            continue
        waits = depth.get("queued", 0) + depth.get("leased", 0) + pending
        calm = 0 if waits else calm + 1


def judge(index: Index, ledger: Ledger) -> Verdict:
    """Look at every study by its UID, and at every table in which something can be left."""
    verdict = Verdict(acknowledged=len(ledger.studies))
    with index.read() as tx:
        for one in ledger.studies:
            _judge_study(tx, one, verdict)
        _judge_reviews(tx, ledger, verdict)
        _judge_whole(tx, ledger, verdict)
        verdict.stuck = _stuck(tx)
    return verdict


def _judge_study(tx: Transaction, one: Acknowledged, verdict: Verdict) -> None:
    try:
        study = tx.studies.by_uid(SITE, one.study_uid)
    except NotFound:
        verdict.lost.append(f"{one.source}: no study")
        return
    ours = [v for v in tx.results.versions(SITE, study.id) if v.origin is Origin.HUB]
    images = [i for i in tx.studies.instances(SITE, study_uid=one.study_uid) if i.modality == "US"]
    verdict.results += len(ours)
    if not ours:
        verdict.lost.append(f"{one.source}: {study.state} {study.error_code}")
        return
    if len(ours) > 1 or len(images) > 1:
        verdict.doubled.append(f"{one.source}: {len(ours)} results of {len(images)} images")
    seconds = max((ours[0].created_at - one.at).total_seconds(), 0.0)
    verdict.latencies.append(seconds)
    verdict.by_source.setdefault(one.source, []).append(seconds)


def _judge_reviews(tx: Transaction, ledger: Ledger, verdict: Verdict) -> None:
    for study_id, version in ledger.reviews:
        try:
            kept = tx.results.get(SITE, study_id, version).origin is Origin.REVIEW
        except NotFound:
            kept = False
        if not kept:
            verdict.lost.append("a review")


def _judge_whole(tx: Transaction, ledger: Ledger, verdict: Verdict) -> None:
    """A picture sent again under another UID would be a study that nobody was told of."""
    known = {one.study_uid for one in ledger.studies}
    others, offset = 0, 0
    while studies := tx.studies.find(SITE, StudyQuery(limit=_PAGE, offset=offset)):
        others += sum(study.study_uid not in known for study in studies)
        offset += _PAGE
    allowed = sum(ledger.unsent.values())  # stored, but the answer never arrived
    verdict.doubled += ["a study nobody was told of"] * max(others - allowed, 0)


def _stuck(tx: Transaction) -> dict[str, int]:
    depth: dict[str, int] = tx.jobs.depth()
    leased = tx.jobs.find(None, states=(JobState.LEASED,), limit=_PAGE)
    waiting: Any = tx.deliveries.depth()
    return {
        "jobs queued": depth.get("queued", 0),
        "jobs dead": depth.get("dead", 0),
        "leases": len(leased),
        "outbox": tx.outbox.pending(),
        "deliveries": int(waiting["waiting"]),
        "uploads": len(tx.uploads.unfinished(None)),
    }
