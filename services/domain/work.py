"""What happens to a study, the work that it causes, and the task and queue that do this work.

This is the only place that joins the three. The index writes the work of an event in the event's own
transaction; the dispatcher (``services.outbox``) sends it to the queue named here; the workers register
their tasks under the names given here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Work(StrEnum):
    """A topic of the outbox: what a message asks a worker to do."""

    ANALYSE = "analyse"  # a job waits; the subject is its id, and the worker reads whose turn it is
    DELIVER = "deliver"  # send something to the outside; the subject is the delivery's id


class DeliveryKind(StrEnum):
    """To whom a delivery goes."""

    WEBHOOK = "webhook"  # a subscriber of the site's events
    PUSH = "push"  # a destination of the site, chosen by its rules


class DestinationKind(StrEnum):
    """How a destination takes results."""

    C_STORE = "c_store"  # DICOM objects by DIMSE
    STOW = "stow"  # DICOM objects by DICOMweb
    FHIR = "fhir"  # a transaction bundle to a FHIR R4 server
    HL7 = "hl7"  # HL7 v2 ORU^R01 by MLLP
    WEBHOOK = "webhook"  # ids and codes, signed
    DHIS2 = "dhis2"  # an event of a tracker programme
    EMAIL = "email"  # that a study is ready, and a link
    WEB_PUSH = "web_push"  # the same, to browsers that people subscribed

    @property
    def takes_failures(self) -> bool:
        """Whether it can be told that a study could not be read."""
        return self in (
            DestinationKind.WEBHOOK,
            DestinationKind.EMAIL,
            DestinationKind.WEB_PUSH,
        )


@dataclass(frozen=True, slots=True)
class Consequences:
    """What follows from an event, apart from being shown to those who listen.

    ``analyse``: a job, when the event brought images that can be analysed. ``push``: the result goes to
    the destinations that the site's rules name. ``webhooks``: subscribers that name no event types get
    it too.
    """

    analyse: bool = False
    push: bool = False
    webhooks: bool = True


EVENTS: Mapping[str, Consequences] = {
    "study.received": Consequences(analyse=True),
    "study.analysing": Consequences(),
    "study.progress": Consequences(webhooks=False),  # many to a study: only for who names it
    "study.ready": Consequences(push=True),
    "study.reviewed": Consequences(push=True),
    "study.failed": Consequences(push=True),
    # the patient's data; with the version that is shown
    "study.corrected": Consequences(push=True),
}
_OTHER = Consequences()


def consequences(event_type: str) -> Consequences:
    """What follows from an event of this type; of an unknown one, webhooks alone."""
    return EVENTS.get(event_type, _OTHER)


@dataclass(frozen=True, slots=True)
class Task:
    """A worker's task: its name in the broker, and its queue for routine and for urgent work."""

    name: str
    routine: str
    urgent: str

    def queue(self, *, urgent: bool) -> str:
        """The queue that a message goes to."""
        return self.urgent if urgent else self.routine


TASKS: Mapping[Work, Task] = {
    Work.ANALYSE: Task("fada.analyse", routine="routine", urgent="urgent"),
    Work.DELIVER: Task("fada.publish", routine="publish", urgent="publish"),
}
QUEUES = ("urgent", "routine", "publish")  # in the order in which workers empty them
