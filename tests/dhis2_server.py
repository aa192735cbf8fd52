"""A small tracker of DHIS2 for tests: it keeps what is imported, checks it and answers as DHIS2 2.41's
documentation of ``/api/tracker`` says (payload, validation report, codes). It is no DHIS2: what the
documentation does not say, it does not know.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from http.server import ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from receivers import QuietHandler

from bench.serving import serving

Json = dict[str, Any]
TOKEN = "d2pat_swordfish"
ORG_UNIT, PROGRAM, STAGE, TYPE = "DiszpKrYNg8", "WSGAb5XwJ3Y", "edqlbukwRfQ", "MCPQUTHX1Ze"
NUMBER, FIRST_NAME = "AuPLng5hLbE", "w75KJ2mc4zz"
# data element → value type, option codes
ELEMENTS: dict[str, tuple[str, tuple[str, ...]]] = {
    "GaDays00001": ("INTEGER_POSITIVE", ()),
    "DueDate0001": ("DATE", ()),
    "HeadCirc001": ("NUMBER", ()),
    "AbdoCirc001": ("NUMBER", ()),
    "FemurLen001": ("NUMBER", ()),
    "Biparietal1": ("NUMBER", ()),
    "Weight00001": ("INTEGER_POSITIVE", ()),
    "Presentat01": ("TEXT", ("1", "2", "9")),
    "FetusCount1": ("INTEGER_POSITIVE", ()),
    "Reviewed001": ("BOOLEAN", ()),
}
_UID = re.compile(r"[A-Za-z][A-Za-z0-9]{10}")
_NUMBER = re.compile(r"-?\d+(\.\d+)?")
_KINDS = (
    ("trackedEntities", "trackedEntity", "TRACKED_ENTITY", ("trackedEntityType", "orgUnit")),
    (
        "enrollments",
        "enrollment",
        "ENROLLMENT",
        ("program", "trackedEntity", "orgUnit", "enrolledAt"),
    ),
    ("events", "event", "EVENT", ("programStage", "enrollment", "orgUnit", "occurredAt")),
)
_REQUIRED = {"TRACKED_ENTITY": "E1121", "ENROLLMENT": "E1122", "EVENT": "E1123"}


@dataclass
class Tracker:
    """What it holds by UID, and every import that it was asked for."""

    trackedEntities: dict[str, Json] = field(default_factory=dict)  # noqa: N815
    enrollments: dict[str, Json] = field(default_factory=dict)
    events: dict[str, Json] = field(default_factory=dict)
    imports: list[tuple[str, Json]] = field(default_factory=list)
    repeatable: bool = True
    down: bool = False

    def values(self, event: str) -> dict[str, str]:
        """Data element → value of an event."""
        return {one["dataElement"]: one["value"] for one in self.events[event]["dataValues"]}

    def program(self) -> Json:
        held = [
            {
                "dataElement": {
                    "id": name,
                    "valueType": kind,
                    **({"optionSet": {"options": [{"code": c} for c in codes]}} if codes else {}),
                }
            }
            for name, (kind, codes) in ELEMENTS.items()
        ]
        stage = {"id": STAGE, "repeatable": self.repeatable, "programStageDataElements": held}
        return {
            "id": PROGRAM,
            "trackedEntityType": {"id": TYPE},
            "programTrackedEntityAttributes": [],
            "programStages": [stage],
        }

    def search(self, query: dict[str, str]) -> tuple[int, Json]:
        if not ({"program", "trackedEntityType"} & set(query)) or "orgUnitMode" not in query:
            return 400, {"httpStatusCode": 400, "status": "ERROR", "message": "which?"}
        plain = re.sub(r"/([/:,])", lambda m: f"\0{'/:,'.index(m[1])}", query["filter"])
        attribute, operator, value = plain.split(":")
        value = re.sub("\0(.)", lambda m: "/:,"[int(m[1])], value)
        assert operator == "EQ"
        entities = [
            {**one, "enrollments": self._enrollments(one["trackedEntity"])}
            for one in self.trackedEntities.values()
            if any((a["attribute"], a["value"]) == (attribute, value) for a in one["attributes"])
        ]
        return 200, {"pager": {"page": 1, "pageSize": 2}, "trackedEntities": entities[:2]}

    def _enrollments(self, entity: str) -> list[Json]:
        return [
            {
                **one,
                "deleted": False,
                "events": [e for e in self.events.values() if e["enrollment"] == one["enrollment"]],
            }
            for one in self.enrollments.values()
            if one["trackedEntity"] == entity
        ]

    def imported(self, query: dict[str, str], content: Json) -> tuple[int, Json]:
        assert query["async"] == "false"
        strategy = query["importStrategy"]
        self.imports.append((strategy, content))
        remove = strategy == "DELETE"
        errors = list(self._not_there(content) if remove else self._errors(content))
        created = updated = 0
        if not errors:
            for plural, name, *_ in _KINDS:
                for one in content.get(plural, ()):
                    if remove:
                        del getattr(self, plural)[one[name]]
                        continue
                    created += one[name] not in getattr(self, plural)
                    updated += one[name] in getattr(self, plural)
                    self._keep(plural, name, one)
        total = sum(len(content.get(plural, ())) for plural, *_ in _KINDS)
        report = {
            "status": "ERROR" if errors else "OK",
            "validationReport": {"errorReports": errors, "warningReports": []},
            "stats": {"created": created, "updated": updated, "deleted": 0,
                      "ignored": total if errors else 0, "total": total},
        }  # fmt: skip
        return (409 if errors else 200), report

    def _keep(self, plural: str, name: str, one: Json) -> None:
        before = getattr(self, plural).get(one[name], {})
        if plural == "events":
            values = {v["dataElement"]: v["value"] for v in before.get("dataValues", ())}
            values |= {v["dataElement"]: v["value"] for v in one["dataValues"]}
            data_values = [
                {"dataElement": n, "value": v} for n, v in values.items() if v is not None
            ]
            one = {**one, "dataValues": data_values}
        getattr(self, plural)[one[name]] = one

    def _not_there(self, content: Json) -> Iterator[Json]:
        for one in content["events"]:
            if one["event"] not in self.events:
                yield _error(
                    "E1032", "EVENT", one["event"], f"Event: `{one['event']}`, do not exist."
                )

    def _errors(self, content: Json) -> Iterator[Json]:
        for plural, name, kind, required in _KINDS:
            for one in content.get(plural, ()):
                who = one[name]
                if not _UID.fullmatch(who):
                    yield _error("E1048", kind, who, f"`{who}` has an invalid uid format.")
                for lacking in (p for p in required if not one.get(p)):
                    yield _error(
                        _REQUIRED[kind], kind, who, f"Missing required property: `{lacking}`."
                    )
                if one.get("orgUnit") != ORG_UNIT:
                    code = {"TRACKED_ENTITY": "E1049", "ENROLLMENT": "E1070", "EVENT": "E1011"}[
                        kind
                    ]
                    yield _error(
                        code, kind, who, f"Could not find OrganisationUnit: `{one.get('orgUnit')}`"
                    )
        for one in content.get("trackedEntities", ()):
            yield from self._of_entity(one)
        for one in content.get("enrollments", ()):
            yield from self._of_enrollment(one, content)
        for one in content.get("events", ()):
            yield from self._of_event(one, content)

    def _of_entity(self, one: Json) -> Iterator[Json]:
        who = one["trackedEntity"]
        if one["trackedEntityType"] != TYPE:
            yield _error("E1005", "TRACKED_ENTITY", who, "Could not find TrackedEntityType.")
        for attribute in one["attributes"]:
            if attribute["attribute"] not in (NUMBER, FIRST_NAME):
                text = f"Attribute: `{attribute['attribute']}`, does not exist."
                yield _error("E1006", "TRACKED_ENTITY", who, text)
            others = (o for o in self.trackedEntities.values() if o["trackedEntity"] != who)
            if attribute["attribute"] == NUMBER and any(
                attribute in o["attributes"] for o in others
            ):
                text = f"Non-unique attribute value `{attribute['value']}` for attribute `{NUMBER}`"
                yield _error("E1064", "TRACKED_ENTITY", who, text)

    def _of_enrollment(self, one: Json, content: Json) -> Iterator[Json]:
        who, entity = one["enrollment"], one["trackedEntity"]
        if one["program"] != PROGRAM:
            yield _error("E1069", "ENROLLMENT", who, f"Could not find Program: `{one['program']}`")
        if not self._known("trackedEntities", "trackedEntity", entity, content):
            yield _error("E1068", "ENROLLMENT", who, f"Could not find TrackedEntity: `{entity}`")
        for other in self.enrollments.values():
            if (other["trackedEntity"], other["status"]) == (entity, "ACTIVE") and other[
                "enrollment"
            ] != who:
                text = f"TrackedEntity: `{entity}`, already has an active Enrollment"
                yield _error("E1015", "ENROLLMENT", who, text)

    def _of_event(self, one: Json, content: Json) -> Iterator[Json]:
        who = one["event"]
        if one["programStage"] != STAGE:
            yield _error(
                "E1013", "EVENT", who, f"Could not find ProgramStage: `{one['programStage']}`"
            )
        if not self._known("enrollments", "enrollment", one["enrollment"], content):
            yield _error("E1081", "EVENT", who, f"Enrollment: `{one['enrollment']}`, do not exist.")
        before = self.events.get(who)
        if before is not None and before["enrollment"] != one["enrollment"]:
            yield _error("E1128", "EVENT", who, "Not allowed to update Event property: enrollment.")
        for data_value in one["dataValues"]:
            yield from self._of_value(who, data_value["dataElement"], data_value["value"])

    def _of_value(self, who: str, name: str, value: str | None) -> Iterator[Json]:
        if name not in ELEMENTS:
            text = f"Event: `{who}`, could not find DataElement: `{name}`, linked to a data value."
            yield _error("E1087", "EVENT", who, text)
            return
        if value is None:
            return
        assert isinstance(value, str)
        kind, options = ELEMENTS[name]
        if options and value not in options:
            yield _error(
                "E1125", "EVENT", who, f"Value `{value}` is not a valid option code in `{name}`"
            )
        elif not _is(kind, value):
            text = f"Generated by program rule (``) - DataElement `{name}` is not valid: `{value}`"
            yield _error("E1302", "EVENT", who, text)

    def _known(self, plural: str, name: str, uid: str, content: Json) -> bool:
        return uid in getattr(self, plural) or any(o[name] == uid for o in content.get(plural, ()))


def _is(kind: str, value: str) -> bool:
    if kind.startswith("INTEGER"):
        return value.isdigit() and int(value) > 0
    if kind == "NUMBER":
        return _NUMBER.fullmatch(value) is not None
    if kind == "BOOLEAN":
        return value in ("true", "false")
    if kind == "DATE":
        try:
            date.fromisoformat(value)
        except ValueError:
            return False
    return True


def _error(code: str, kind: str, uid: str, message: str) -> Json:
    return {"message": message, "errorCode": code, "trackerType": kind, "uid": uid}


@contextmanager
def dhis2(tracker: Tracker) -> Iterator[str]:
    """Serves it; the base address, under a path as many servers have one."""

    class Handler(QuietHandler):
        def do_GET(self) -> None:  # noqa: N802
            path, query = self._asked()
            if path == f"/api/programs/{PROGRAM}":
                self._answer(200, tracker.program())
            elif path == "/api/tracker/trackedEntities":
                self._answer(*tracker.search(query))
            elif path.rsplit("/", 1)[-1] in tracker.trackedEntities:
                self._answer(200, tracker.trackedEntities[path.rsplit("/", 1)[-1]])
            else:
                self._answer(404, {"httpStatusCode": 404, "status": "ERROR"})

        def do_POST(self) -> None:  # noqa: N802
            path, query = self._asked()
            content = json.loads(self.body())
            if path == "/api/tracker":
                self._answer(*tracker.imported(query, content))

        def _asked(self) -> tuple[str, dict[str, str]]:
            parts = urlsplit(self.path)
            query = {name: one[-1] for name, one in parse_qs(parts.query).items()}
            return parts.path.removeprefix("/hmis"), query

        def _answer(self, status: int, content: Json) -> None:
            if self.lower_headers().get("authorization") != f"ApiToken {TOKEN}":
                status, content = 401, {"httpStatusCode": 401, "status": "ERROR"}
            if tracker.down:
                status, content = 503, {}
            data = json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

    with serving(ThreadingHTTPServer(("127.0.0.1", 0), Handler)) as port:
        yield f"http://127.0.0.1:{port}/hmis"


MAPPING = f"""\
format: 1
org_unit: {ORG_UNIT}
program: {PROGRAM}
program_stage: {STAGE}
tracked_entity:
  type: {TYPE}
  number: {{attribute: {NUMBER}}}
  attributes:
    - {{attribute: {FIRST_NAME}, from: given_name}}
enrollment: {{incident_date: last_period}}
data_elements:
  - {{element: GaDays00001, from: ga_days}}
  - {{element: DueDate0001, from: due_date}}
  - {{element: HeadCirc001, from: hc_mm}}
  - {{element: AbdoCirc001, from: ac_mm}}
  - {{element: FemurLen001, from: fl_mm}}
  - {{element: Biparietal1, from: bpd_mm}}
  - {{element: Weight00001, from: efw_g}}
  - element: Presentat01
    from: presentation
    options: {{cephalic: 1, breech: 2, transverse: 9, oblique:}}
  - {{element: FetusCount1, from: fetuses}}
  - {{element: Reviewed001, from: reviewed}}
"""
