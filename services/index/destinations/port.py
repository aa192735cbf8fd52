"""What the index promises about destinations outside, and the rules that say which results go there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from services.domain.routing import DeliverySubject, Route, Rule
from services.domain.study import Principal
from services.domain.work import DestinationKind
from services.index.messaging.deliveries_port import Delivery
from services.index.messaging.port import Event

FROM_SETTINGS = "settings"


@dataclass(frozen=True, slots=True)
class NewDestination:
    """``address``: AET@host:port, host:port, or a URL. ``options`` holds nothing secret;
    ``credentials`` is sealed (``services.credentials``), empty for none."""

    name: str
    kind: DestinationKind
    address: str
    options: dict[str, Any] = field(default_factory=dict)
    credentials: str = ""
    by_default: bool = True
    source: str = ""


@dataclass(frozen=True, slots=True)
class Destination:
    """One of a site's; ``source`` is ``FROM_SETTINGS`` for a PACS that the settings named."""

    id: str
    site: str
    name: str
    kind: DestinationKind
    address: str
    options: dict[str, Any]
    credentials: str
    by_default: bool
    source: str
    created_at: datetime
    removed_at: datetime | None = None


# What the settings name for a site; taken over into the index when the site has none of them yet.
FirstDestinations = Callable[[str], tuple[NewDestination, ...]]


class Destinations(Protocol):
    """The destinations and rules of each site. Every change writes its own audit entry."""

    def create(self, principal: Principal, new: NewDestination) -> Destination:
        """Raises Conflict: the site has one of that name."""
        ...

    def change(self, principal: Principal, destination_id: str, **values: Any) -> Destination:
        """New ``name``, ``address``, ``options``, ``credentials`` or ``by_default``. Raises NotFound,
        Conflict."""
        ...

    def seal_again(self, seal: Callable[[str], str]) -> int:
        """Replace all credentials, of every site, by what ``seal`` makes of them; how many."""
        ...

    def remove(self, principal: Principal, destination_id: str) -> None:
        """What waits for it is not sent any more. Raises NotFound."""
        ...

    def find(self, site: str) -> list[Destination]:
        """Those in use, oldest first."""
        ...

    def get(self, site: str, destination_id: str) -> Destination:
        """Raises NotFound, also for one that was removed."""
        ...

    def names(self, site: str) -> dict[str, str]:
        """Id to name, of removed ones too: deliveries name them."""
        ...

    def take_over(self, site: str) -> None:
        """The settings' PACS becomes a destination, once; deliveries that wait for it are given it."""
        ...

    def rules(self, site: str) -> list[Rule]:
        """In their order."""
        ...

    def set_rules(self, principal: Principal, rules: Sequence[Rule]) -> None:
        """All of them. Raises InvalidInput: a rule names a destination that is not the site's."""
        ...

    def subject(self, site: str, study_id: str) -> DeliverySubject | None:
        """What the study's latest result is; None where there is nothing that may be sent."""
        ...

    def route(self, site: str, subject: DeliverySubject) -> Route:
        """Where it would go: destinations that are in use."""
        ...

    def deliver_event(self, event: Event) -> list[Delivery]:
        """The deliveries that an event with a result causes."""
        ...

    def send_again(
        self, principal: Principal, study_id: str, destination_id: str | None = None
    ) -> list[Delivery]:
        """The latest result once more, to one destination or by the rules. Raises NotFound, Conflict
        (there is nothing that may be sent)."""
        ...
