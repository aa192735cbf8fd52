"""What a site may still send: its quota, beside what the index has counted and this process took since.

No statement for an object: the index is asked every few seconds for each site that sends, and told then
how many bytes of it this process took. Other processes' bytes are seen as late; a quota may be exceeded
by that, never a site be closed by it for longer than until the next count.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from dataclasses import dataclass, field

from services.domain.errors import FadaError, NotFound, SiteQuotaReached
from services.domain.quota import Quota, Usage
from services.index.port import Index

FRESH_SECONDS = 5.0
_RETRY_SECONDS = 600.0
_BYTES = (
    "What this site may store is used up. What is here stays; send again when a manager made room."
)
_STUDIES = (
    "This site has sent as many studies as it may in 24 hours. Keep them, and send again later."
)


@dataclass(slots=True)
class _Site:
    """``coming`` bytes and ``studies`` are in requests under way, ``taken`` bytes not told yet; studies
    that ``ended`` were sent since the index was asked."""

    quota: Quota = field(default_factory=Quota)
    usage: Usage = field(default_factory=Usage)
    until: float = 0.0
    coming: int = 0
    taken: int = 0
    studies: Counter[str] = field(default_factory=Counter)
    ended: set[str] = field(default_factory=set)


@dataclass(slots=True)
class Claim:
    """Room that one request holds while it is under way."""

    site: str
    count: int = 0
    studies: list[str] = field(default_factory=list)


class SiteRoom:
    """Of one process; thread-safe."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self._lock = threading.Lock()
        self._sites: dict[str, _Site] = {}

    def check(self, site: str, count: int) -> None:
        """Before ``count`` bytes come. Raises SiteQuotaReached, IndexUnavailable."""
        state = self._fresh(site)
        with self._lock:
            if self._lacks_bytes(state, count):
                raise SiteQuotaReached(_BYTES, retry_after=_RETRY_SECONDS)

    def claim(self, claim: Claim, study_uid: str, sop_uid: str, count: int) -> None:
        """Room for one object of a request; of a known object or study always.

        Raises SiteQuotaReached, IndexUnavailable.
        """
        site = claim.site
        state = self._fresh(site)
        if state.quota.is_set and self._lacks(state, study_uid, count):
            state = self._fresh(site, at_once=True)
            study, instance = self._known(site, study_uid, sop_uid)
            if instance:
                return  # a sender that did not hear our answer is told it again
            with self._lock:
                if self._lacks_bytes(state, count):
                    raise SiteQuotaReached(_BYTES, retry_after=_RETRY_SECONDS)
                if not study and self._lacks_studies(state, study_uid):
                    raise SiteQuotaReached(_STUDIES, retry_after=_RETRY_SECONDS)
        with self._lock:
            state.coming += count
            state.studies[study_uid] += 1
            claim.count += count
            claim.studies.append(study_uid)

    def settle(self, claim: Claim, taken: int) -> None:
        """The request has ended, with so many bytes that were not here before."""
        with self._lock:
            state = self._sites.get(claim.site)
            if state is None:
                return
            state.coming -= claim.count
            state.taken += taken
            state.studies = +(state.studies - Counter(claim.studies))
            state.ended |= set(claim.studies)

    def forget(self, site: str) -> None:
        """Its quota has changed: it is asked for at the next object."""
        with self._lock:
            if (state := self._sites.get(site)) is not None:
                state.until = 0.0

    def _fresh(self, site: str, *, at_once: bool = False) -> _Site:
        with self._lock:
            state = self._sites.setdefault(site, _Site())
            if not at_once and time.monotonic() < state.until:
                return state
            state.until = time.monotonic() + FRESH_SECONDS  # one thread asks for all
            taken, state.taken = state.taken, 0
            tell = taken > 0 and state.quota.stored_bytes is not None  # else the next count has it
        try:
            if tell:
                with self._index.begin() as tx:
                    tx.quotas.took(site, taken)
            with self._index.read() as tx:
                quota = tx.quotas.of(site)
        except FadaError:
            with self._lock:
                state.until, state.taken = 0.0, state.taken + taken
            raise
        with self._lock:
            state.quota, state.usage = quota.quota, quota.usage
            state.ended.clear()
        return state

    def _known(self, site: str, study_uid: str, sop_uid: str) -> tuple[bool, bool]:
        """Whether the study and the object are here."""
        with self._index.read() as tx:
            try:
                tx.studies.by_uid(site, study_uid)
            except NotFound:
                return False, False
            if not sop_uid:
                return True, True
            return True, bool(tx.studies.instances(site, sop_uid=sop_uid, limit=1))

    def _lacks(self, state: _Site, study_uid: str, count: int) -> bool:
        with self._lock:
            return self._lacks_bytes(state, count) or self._lacks_studies(state, study_uid)

    @staticmethod
    def _lacks_bytes(state: _Site, count: int) -> bool:
        most = state.quota.stored_bytes
        used = state.usage.stored_bytes + state.coming + state.taken
        return most is not None and used + count > most

    @staticmethod
    def _lacks_studies(state: _Site, study_uid: str) -> bool:
        most = state.quota.daily_studies
        others = len((state.studies.keys() | state.ended) - {study_uid})
        return most is not None and state.usage.daily_studies + others + 1 > most
