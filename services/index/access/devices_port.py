"""What the index promises about phones and laptops of the field."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from services.domain.study import Principal


@dataclass(frozen=True, slots=True)
class Device:
    """A phone bound to a site. ``public_key``: Ed25519, base64.

    ``status`` is what it said at its last contact: bytes of storage, cases that wait, seconds by which its
    clock is ahead. ``erase_at``: since then it is told to erase itself. ``group_name``: empty without one.
    ``rotate_at``: since then it is asked for a new key. ``earlier_key``: the one before ``key_at``.
    """

    id: str
    site: str
    name: str
    public_key: str
    enrolled_at: datetime
    last_seen_at: datetime | None
    release: str
    revoked_at: datetime | None
    status: dict[str, float] | None = None
    erase_at: datetime | None = None
    group_name: str = ""
    rotate_at: datetime | None = None
    key_at: datetime | None = None
    earlier_key: str | None = None


@dataclass(frozen=True, slots=True)
class Contacts:
    """How the devices of all sites fare by their own word, revoked ones not counted. ``heard`` and
    ``silent`` are all of them; ``waiting`` are cases. ``clock_off`` devices are two minutes off or more,
    ``storage_full`` have used nine tenths of what their browser gives them, ``other_release`` read with
    another release than most. ``each`` are the devices themselves, oldest first."""

    heard: int
    silent: int
    waiting: int
    clock_off: int
    storage_full: int
    other_release: int
    each: tuple[Device, ...] = field(default=(), compare=False)


class Devices(Protocol):
    """Phones: bound to a site by a one-time code, known by their key."""

    def new_code(self, principal: Principal, seconds: float, group: str = "") -> str:
        """A one-time code, good for ``seconds``, into ``group``; kept as a hash."""
        ...

    def enrol(self, code: str, name: str, public_key: str) -> Device:
        """The phone, bound to the code's site. Raises NotFound (no such code), Gone (used or over)."""
        ...

    def get(self, device_id: str) -> Device:
        """Of any site. Raises NotFound."""
        ...

    def find(self, site: str) -> list[Device]:
        """Oldest first."""
        ...

    def seen(self, device_id: str, release: str) -> None:
        """Note that it was here now, and which release it runs."""
        ...

    def report(self, device_id: str, status: dict[str, float]) -> Device:
        """Note what it says of itself. Raises NotFound."""
        ...

    def erase(self, site: str, device_id: str) -> None:
        """It is to erase itself at its next contact. Raises NotFound, also in another site."""
        ...

    def rotate(
        self, principal: Principal, device_id: str | None = None, group: str = ""
    ) -> list[str]:
        """Ask for a new key at the next contact: one device, those of a group, or all of the site. The ids
        of those that are asked; revoked ones are not. Raises NotFound: no such device in this site."""
        ...

    def take_key(self, device_id: str, public_key: str) -> Device:
        """Its key from now on; the one before is kept for cases that it sealed. Raises NotFound."""
        ...

    def settings(self, site: str, group: str = "") -> dict[str, Any]:
        """What the programme gives to the devices of a group, or to all; empty where it gives nothing."""
        ...

    def give_settings(self, site: str, given: dict[str, Any], group: str = "") -> None:
        """From now on, to all devices of the site, or of one group, which then exists."""
        ...

    def groups(self, site: str) -> list[str]:
        """Names of groups that have settings or devices, in order."""
        ...

    def put_into(self, site: str, device_id: str, group: str) -> None:
        """The device belongs to ``group`` now; empty: to none. Raises NotFound, also in another site."""
        ...

    def contacts(self, silent_after: float) -> Contacts:
        """Silent are those that were not heard of within ``silent_after`` seconds."""
        ...

    def revoke(self, site: str, device_id: str) -> None:
        """It is shut out from now on. Raises NotFound, also in another site."""
        ...
