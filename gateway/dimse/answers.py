"""What machines and workstations ask the hub by DIMSE, each within its site and what its title may."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import Any

from gateway.audit.notes import AccessNotes, NotesWriter
from gateway.dependencies import Services
from gateway.dimse import catalogue
from gateway.dimse.commitments import HubCommitments
from gateway.dimse.worklist import worklist
from gateway.representations.object_cache import ObjectCache, part10
from services.dicom.network.answers import Retrieved
from services.dicom.network.scu import Peer
from services.domain.commitment import CommitmentReport, Reference
from services.domain.dicom.values import first_text
from services.domain.errors import Conflict, Forbidden, InvalidInput
from services.domain.orders.order import ACCESSION, OrderState, StepNews
from services.domain.study import Principal, Role
from services.domain.work import DestinationKind
from services.index.port import Instance
from services.senders import DimseSender, Senders
from services.settings import Settings

Json = dict[str, Any]
_STATES = {
    "IN PROGRESS": OrderState.IN_PROGRESS,
    "COMPLETED": OrderState.COMPLETED,
    "DISCONTINUED": OrderState.DISCONTINUED,
}
_STATUS, _STATION, _SCHEDULED, _SERIES = "00400252", "00400241", "00400270", "00400340"
_IMAGES = "00081140"
_SEARCHES = {
    "PATIENT": "patients.searched", "STUDY": "studies.searched", "SERIES": "series.searched",
    "IMAGE": "instances.searched",
}  # fmt: skip


class HubAnswers:
    """The ``Answers`` of ``services.dicom.network``. Default deny: an AE title that is not listed gets
    nothing of any patient."""

    def __init__(self, services: Services, settings: Settings) -> None:
        self._services, self._settings = services, settings
        self._machines = titles(settings.dimse_peers)
        self._readers = titles(settings.dimse_query_peers)
        self._objects = ObjectCache(services.store, services.spool.folder)
        self._senders = Senders(settings)
        self._commitments = HubCommitments(services, settings.dimse_aet, self._peer)
        self._notes = AccessNotes(services.index)
        self._writer = NotesWriter(self._notes)

    def start(self) -> None:
        """Begin to tell machines what they asked for before."""
        self._commitments.start()
        self._writer.start()

    def close(self) -> None:
        """Remove the files of objects that went out."""
        self._commitments.close()
        self._writer.close()
        self._objects.close()

    def worklist(self, caller: str, query: Json) -> Iterable[Json]:
        """See ``Answers``."""
        site = self._site(caller, self._machines)
        items = list(worklist(self._services.index, site, caller, query))
        self._notes.searched(_machine(caller, site), "orders.searched", "C-FIND", len(items))
        return items

    def begin_step(self, caller: str, uid: str, step: Json) -> None:
        """See ``Answers``. Raises Conflict."""
        site = self._site(caller, self._machines)
        state = _state(step)
        if state is not OrderState.IN_PROGRESS:
            raise InvalidInput("A procedure step begins IN PROGRESS.")
        scheduled = (step.get(_SCHEDULED, {}).get("Value") or [{}])[0]
        news = StepNews(
            uid=uid,
            state=state,
            station=first_text(step, _STATION) or caller,
            accession=first_text(scheduled, ACCESSION) or first_text(scheduled, "00400009"),
            study_uid=first_text(scheduled, "0020000D"),
        )
        with self._services.index.begin() as tx:
            if not tx.procedure_steps.begin(_machine(caller, site), news):
                raise Conflict("This procedure step is known.")

    def change_step(self, caller: str, uid: str, step: Json) -> None:
        """See ``Answers``; a completed step ends the wait for images. Raises NotFound, Conflict."""
        site = self._site(caller, self._machines)
        series = step.get(_SERIES, {}).get("Value") or []
        images = (one for made in series for one in made.get(_IMAGES, {}).get("Value") or [])
        news = StepNews(
            uid=uid,
            state=_state(step),
            performed=tuple(filter(None, (first_text(one, "0020000E") for one in series))),
            images=tuple(filter(None, (first_text(one, "00081155") for one in images))),
        )
        with self._services.index.begin() as tx:
            if not tx.procedure_steps.end(_machine(caller, site), news):
                raise Conflict("This procedure step has ended.")
        self._services.ingest.dispatcher.wake()

    def ask_commitment(self, caller: str, uid: str, objects: Sequence[Reference]) -> None:
        """See ``Answers``. Raises Forbidden."""
        self._commitments.ask(self._site(caller, self._machines), caller, uid, objects)

    def commitment(self, caller: str, uid: str) -> CommitmentReport:
        """See ``Answers``. Raises Forbidden, NotFound."""
        return self._commitments.answer(self._site(caller, self._machines), caller, uid)

    def told_commitment(self, caller: str, uid: str) -> None:
        """See ``Answers``. Raises Forbidden, NotFound."""
        self._commitments.told(self._site(caller, self._machines), caller, uid)

    def untold_commitment(self, caller: str, uid: str) -> None:
        """See ``Answers``. Raises Forbidden, NotFound."""
        self._commitments.untold(self._site(caller, self._machines), caller, uid)

    def committed(self, caller: str, report: CommitmentReport) -> None:
        """See ``Answers``: the transaction names the delivery and its site. Raises NotFound."""
        self._commitments.reported(caller, report)

    def expected(self) -> Sequence[str]:
        """See ``Answers``."""
        return self._commitments.expected()

    def find(self, caller: str, query: Json) -> Iterable[Json]:
        """See ``Answers``. Raises Forbidden, InvalidInput."""
        site = self._site(caller, self._readers)
        matches = list(catalogue.find(self._services.index, site, self._settings.dimse_aet, query))
        level = first_text(query, catalogue.LEVEL)
        self._notes.searched(_machine(caller, site), _SEARCHES[level], "C-FIND", len(matches))
        return matches

    def retrieve(self, caller: str, query: Json) -> Sequence[Retrieved]:
        """See ``Answers``. Raises Forbidden, InvalidInput."""
        site = self._site(caller, self._readers)
        rows = catalogue.named_instances(self._services.index, site, query)
        for study_id in dict.fromkeys(row.study_id for row in rows):
            self._notes.note(
                _machine(caller, site), "study.read", study_id, {"route": "C-GET, C-MOVE"}
            )
        return [
            Retrieved(row.sop_uid, row.sop_class, row.transfer_syntax, partial(self._open, row))
            for row in rows
        ]

    def destination(self, caller: str, aet: str) -> Peer | None:
        """One of the site's destinations that take C-STORE."""
        return self._peer(self._site(caller, self._readers), aet)

    def _peer(self, site: str, aet: str) -> Peer | None:
        with self._services.index.begin() as tx:
            tx.destinations.take_over(site)
            destinations = tx.destinations.find(site)
        for one in destinations:
            if one.kind is DestinationKind.C_STORE and one.address.partition("@")[0].strip() == aet:
                sender = self._senders.of(one)
                return sender.peer if isinstance(sender, DimseSender) else None
        return None

    def _open(self, row: Instance, as_stored: bool) -> AbstractContextManager[Path]:
        return part10(self._services, self._objects, row, as_stored=as_stored)

    def _site(self, caller: str, allowed: frozenset[str]) -> str:
        """The caller's site. Raises Forbidden: its title is not listed."""
        if caller not in allowed:
            raise Forbidden("This AE title may not ask this.")
        return site_of(self._settings, caller)


def titles(text: str) -> frozenset[str]:
    """AE titles of a setting, comma-separated."""
    return frozenset(one.strip() for one in text.split(",") if one.strip())


def site_of(settings: Settings, caller: str) -> str:
    """The site of an AE title."""
    return settings.dimse_sites.get(caller, settings.dimse_site)


def _machine(caller: str, site: str) -> Principal:
    return Principal(f"dimse:{caller}", site, Role.DEVICE)


def _state(step: Json) -> OrderState:
    """Raises InvalidInput."""
    state = _STATES.get(first_text(step, _STATUS).upper())
    if state is None and _STATUS in step:
        raise InvalidInput("The status of a procedure step is not known.")
    return state or OrderState.IN_PROGRESS
