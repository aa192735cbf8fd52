"""One DHIS2: finds the woman and her enrollment, imports the event, and takes a wrong one away.

Source: DHIS2's documentation of the tracker API, version 2.41 and later (``/api/tracker``).
"""

from __future__ import annotations

import http.client
import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from services.domain.errors import Conflict
from services.publish.access import SignIn, tls_context
from services.publish.dhis2 import tracker
from services.publish.dhis2.mapping import parse_mapping
from services.publish.dhis2.program import check_program
from services.publish.dhis2.tracker import Imported, Json, Place
from services.publish.dhis2.values import Examined
from services.publish.http_client import HttpAnswer, RequestBounds, parts_of, request
from services.publish.outcomes import PushFailed, PushNotAllowed, PushRejected

_BOUNDS = RequestBounds(60.0, silence=45.0, max_answer=1024 * 1024)
_REFUSED = (400, 404, 405, 409, 412, 413, 415, 422)
_GONE = ("E1032", "E1082", "E1063", "E1081")  # what is to be removed is not there
_FIND = (
    "trackedEntity,orgUnit,enrollments[enrollment,program,status,enrolledAt,deleted,events[event]]"
)
_PROGRAM = (
    "id,trackedEntityType[id],programTrackedEntityAttributes[trackedEntityAttribute[id]],"
    "programStages[id,repeatable,programStageDataElements"
    "[dataElement[id,valueType,optionSet[options[code]]]]]"
)


class NumberMissing(Conflict):
    """DHIS2 knows women by their numbers."""

    code, title = "number_missing", "The study has no patient number, so nobody can be told apart"


class WomanAmbiguous(Conflict):
    """More than one tracked entity has her number, or hers has another number by now."""

    code, title = "woman_ambiguous", "More than one person there may be meant by this number"


class EnrollmentOutdated(Conflict):
    """Her active enrollment began too long ago to be of this pregnancy."""

    code, title = "enrollment_outdated", "Her active enrollment is of an earlier pregnancy"


@dataclass(frozen=True, slots=True)
class EventIdentity:
    """What makes an event the same again. ``pregnancy``: its id, else the study's; ``former``: numbers
    under which the study went out before a person put right whose it is, ``former_events`` likewise."""

    site: str
    study_uid: str
    pregnancy: str
    former: frozenset[str] = frozenset()
    former_events: frozenset[str] = frozenset()


class Dhis2Sender:
    """One server and one programme. Safe to share between threads."""

    def __init__(self, url: str, options: dict[str, Any], credentials: dict[str, str]) -> None:
        """``url`` is the server's base, without ``/api``. Raises InvalidInput."""
        self._base = parts_of(url.rstrip("/").removesuffix("/api"))
        self._mapping = parse_mapping(str(options.get("mapping", "")))
        self._tls = tls_context(options, credentials)
        self._sign_in = SignIn(options, credentials)

    def send(self, identity: EventIdentity, examined: Examined) -> list[Imported]:
        """Create or update the event; what became of each object.

        Raises:
            PushFailed, PushNotAllowed: it may work later.
            PushRejected: DHIS2 refuses the request as a whole.
            NumberMissing, WomanAmbiguous, EnrollmentOutdated: a person has to put something right.
        """
        if not examined.number:
            raise NumberMissing()
        event = tracker.event_uid(self._mapping, identity.site, identity.study_uid, examined.number)
        place = self._place(identity, examined, event)
        content = tracker.payload(self._mapping, place, event, examined)
        sent = list(tracker.sent_objects(place, event))
        done = self._import("CREATE_AND_UPDATE", content, sent)
        if any(one.code for one in done):
            return done
        return [*done, *self._remove(identity, event)]

    def echo(self) -> None:
        """Whether it is there, lets us in, and has the programme as the mapping says.

        Raises PushFailed, PushNotAllowed, MappingMismatch."""
        path = f"/api/programs/{self._mapping.program}"
        answer = self._request("GET", path, {"fields": _PROGRAM})
        check_program(self._mapping, _content(answer) if answer.status == 200 else None)

    # --- whose it is -------------------------------------------------------------------------
    def _place(self, identity: EventIdentity, examined: Examined, event: str) -> Place:
        number = examined.number
        known = self._find(number)
        if known is None:
            entity = tracker.entity_uid(self._mapping, identity.site, number)
            if self._request("GET", f"/api/tracker/trackedEntities/{entity}", {}).status == 200:
                raise WomanAmbiguous("Her record has another number there by now.")
            enrollment = tracker.enrollment_uid(self._mapping, entity, identity.pregnancy)
            return Place(entity, enrollment, new_entity=True, new_enrollment=True)
        entity = str(known["trackedEntity"])
        mine = tracker.enrollment_uid(self._mapping, entity, identity.pregnancy)
        enrollments = [
            one
            for one in known.get("enrollments", ())
            if one.get("program") == self._mapping.program and not one.get("deleted")
        ]
        chosen = self._enrollment(enrollments, mine, event, examined)
        return Place(entity, chosen or mine, new_enrollment=chosen is None)

    def _enrollment(
        self, enrollments: list[Json], mine: str, event: str, examined: Examined
    ) -> str | None:
        """The one that has the event, else the hub's own, else the active one; None: a new one."""
        for one in enrollments:
            if any(held.get("event") == event for held in one.get("events", ())):
                return str(one["enrollment"])
        if any(one.get("enrollment") == mine for one in enrollments):
            return mine
        active = next((one for one in enrollments if one.get("status") == "ACTIVE"), None)
        if active is None:
            return None
        began = tracker.enrolled_on(active)
        if began is None or abs((examined.day - began).days) > self._mapping.longest_days:
            raise EnrollmentOutdated("Complete it in DHIS2; then send again.")
        return str(active["enrollment"])

    def _find(self, number: str) -> Json | None:
        escaped = number.replace("/", "//").replace(":", "/:").replace(",", "/,")
        within = ("trackedEntityType", self._mapping.entity_type)
        if self._mapping.number.on_enrollment:
            within = ("program", self._mapping.program)
        query = {
            within[0]: within[1],
            "orgUnitMode": "ACCESSIBLE",
            "filter": f"{self._mapping.number.uid}:EQ:{escaped}",
            "fields": _FIND,
            "pageSize": "2",
        }
        answer = self._request("GET", "/api/tracker/trackedEntities", query)
        content = _content(self._taken(answer))
        items = content.get("trackedEntities", content.get("instances"))
        if not isinstance(items, list):
            raise PushFailed("DHIS2's answer to a search cannot be read.")
        if len(items) > 1:
            raise WomanAmbiguous("Several people there have this number.")
        return items[0] if items else None

    # --- what is imported --------------------------------------------------------------------
    def _remove(self, identity: EventIdentity, event: str) -> list[Imported]:
        """The events of this study that a wrong woman had."""
        made = {
            tracker.event_uid(self._mapping, identity.site, identity.study_uid, number)
            for number in identity.former
        }
        removed = []
        for wrong in sorted((made | identity.former_events) - {event}):
            sent = [Imported("former_event", wrong)]
            (done,) = self._import("DELETE", {"events": [{"event": wrong}]}, sent)
            removed.append(Imported(done.kind, wrong) if done.code.startswith(_GONE) else done)
        return removed

    def _import(self, strategy: str, content: Json, sent: list[Imported]) -> list[Imported]:
        query = {"async": "false", "importStrategy": strategy, "atomicMode": "ALL"}
        answer = self._request("POST", "/api/tracker", query, content)
        report = _content(answer, strict=False)
        if "validationReport" in report and answer.status in (200, 409):
            if report.get("status") in ("OK", "WARNING"):
                return sent
            return tracker.refused(report, sent, self._mapping.uids)
        self._taken(answer)
        raise PushFailed("DHIS2's answer is no import report.")

    def _taken(self, answer: HttpAnswer) -> HttpAnswer:
        if answer.status in _REFUSED:
            raise PushRejected(f"DHIS2 refuses the request ({answer.status}).")
        if answer.status != 200:
            raise PushFailed(f"DHIS2 answered {answer.status}.")
        return answer

    def _request(
        self, method: str, path: str, query: dict[str, str], content: Json | None = None
    ) -> HttpAnswer:
        headers = {"Accept": "application/json", **self._sign_in.headers(self._tls)}
        body = None
        if content is not None:
            headers["Content-Type"] = "application/json"
            body = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
        parts = self._base._replace(path=self._base.path + path, query=urlencode(query))
        try:
            answer = request(method, parts, body, headers, _BOUNDS, context=self._tls)
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise PushFailed(f"DHIS2 cannot be reached ({type(error).__name__}).") from error
        if answer.status in (401, 403):
            self._sign_in.forget()
            raise PushNotAllowed(f"DHIS2 answered {answer.status}.")
        return answer


def _content(answer: HttpAnswer, *, strict: bool = True) -> Json:
    """Raises PushFailed: no JSON object, where one has to be."""
    try:
        content = json.loads(answer.body)
    except ValueError as error:
        if not strict:
            return {}
        raise PushFailed("DHIS2's answer is no JSON.") from error
    return content if isinstance(content, dict) else {}
