"""Phones: bound to a site by a one-time code, known by their key."""

from __future__ import annotations

import hashlib
import secrets
from collections import Counter
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, Table, insert, select, update

from services.domain.errors import Gone, NotFound
from services.domain.study import Principal
from services.index.access.audit import AuditTable
from services.index.access.devices_port import Contacts
from services.index.database.connection import Session, new_id
from services.index.database.tables.access import (
    device_codes,
    device_groups,
    device_settings,
    devices,
)
from services.index.port import Device

_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's: none is mistaken for another
_CLOCK_OFF_S, _FULL = 120, 0.9
_READ_AS = str.maketrans("ILO", "110")


class DevicesTable:
    """The port's ``Devices``."""

    def __init__(self, session: Session, audit: AuditTable) -> None:
        self._session = session
        self._audit = audit

    def new_code(self, principal: Principal, seconds: float, group: str = "") -> str:
        """Twelve letters (60 bits) in groups of four, good once and for ``seconds``."""
        letters = "".join(secrets.choice(_LETTERS) for _ in range(12))
        now, hashed = self._session.now(), _hash(letters)
        values = {
            "code_hash": hashed,
            "site": principal.site,
            "made_by": principal.subject,
            "created_at": now,
            "expires_at": now + timedelta(seconds=seconds),
            "group_name": group,
        }
        self._session.connection.execute(insert(device_codes), values)
        self._audit.add(principal, "device.code", hashed[:12])
        return "-".join(letters[start : start + 4] for start in (0, 4, 8))

    def enrol(self, code: str, name: str, public_key: str) -> Device:
        """The phone, bound to the code's site. Raises NotFound (no such code), Gone (used or over)."""
        hashed, now = _hash(code), self._session.now()
        columns = device_codes.c
        take = update(device_codes).where(
            columns.code_hash == hashed, columns.used_at.is_(None), columns.expires_at > now
        )
        taken = self._session.connection.execute(take.values(used_at=now)).rowcount
        query = select(columns.site, columns.group_name).where(columns.code_hash == hashed)
        row = self._session.connection.execute(query).first()
        if row is None:
            raise NotFound("This code is not known. Ask for a new one on the hub's page.")
        if not taken:
            raise Gone("This code was used or has expired. Ask for a new one on the hub's page.")
        site, group = row
        device = Device(new_id(), site, name, public_key, now, None, "", None, group_name=group)
        values = {column: getattr(device, column) for column in devices.c.keys()}  # noqa: SIM118
        self._session.connection.execute(insert(devices), values)
        return device

    def get(self, device_id: str) -> Device:
        """Of any site. Raises NotFound."""
        query = select(devices).where(devices.c.id == device_id)
        row = self._session.connection.execute(query).mappings().first()
        if row is None:
            raise NotFound
        return _device(row)

    def find(self, site: str) -> list[Device]:
        """Oldest first."""
        query = select(devices).where(devices.c.site == site).order_by(devices.c.id)
        return [_device(row) for row in self._session.connection.execute(query).mappings()]

    def seen(self, device_id: str, release: str) -> None:
        """Note that it was here now, and which release it runs."""
        change = update(devices).where(devices.c.id == device_id)
        values = {"last_seen_at": self._session.now(), "release": release}
        self._session.connection.execute(change.values(**values))

    def report(self, device_id: str, status: dict[str, float]) -> Device:
        """Note what it says of itself. Raises NotFound."""
        change = update(devices).where(devices.c.id == device_id)
        values = {"status": status, "last_seen_at": self._session.now()}
        self._session.connection.execute(change.values(**values))
        return self.get(device_id)

    def erase(self, site: str, device_id: str) -> None:
        """It is to erase itself at its next contact. Raises NotFound, also in another site."""
        change = update(devices).where(devices.c.id == device_id, devices.c.site == site)
        if not self._session.connection.execute(
            change.values(erase_at=self._session.now())
        ).rowcount:
            raise NotFound

    def rotate(
        self, principal: Principal, device_id: str | None = None, group: str = ""
    ) -> list[str]:
        """Ask for a new key; see the port."""
        where = [devices.c.site == principal.site, devices.c.revoked_at.is_(None)]
        if device_id is not None:
            where.append(devices.c.id == device_id)
        elif group:
            where.append(devices.c.group_name == group)
        change = update(devices).where(*where).values(rotate_at=self._session.now())
        asked = sorted(self._session.connection.execute(change.returning(devices.c.id)).scalars())
        if device_id is not None and not asked:
            raise NotFound
        for one in asked:
            self._audit.add(principal, "device.rotate", one)
        return asked

    def take_key(self, device_id: str, public_key: str) -> Device:
        """Its key from now on; see the port."""
        change = update(devices).where(
            devices.c.id == device_id, devices.c.public_key != public_key
        )
        values = {
            "earlier_key": devices.c.public_key,
            "public_key": public_key,
            "key_at": self._session.now(),
            "rotate_at": None,
        }
        self._session.connection.execute(change.values(**values))
        return self.get(device_id)

    def settings(self, site: str, group: str = "") -> dict[str, Any]:
        """What the programme gives to the devices of a group, or to all; empty where it gives nothing."""
        table, _, where = _given(site, group)
        query = select(table.c.given).where(*where)
        return dict(self._session.connection.execute(query).scalar_one_or_none() or {})

    def give_settings(self, site: str, given: dict[str, Any], group: str = "") -> None:
        """From now on, to all devices of the site, or of one group, which then exists."""
        table, key, where = _given(site, group)
        values = {"given": given, "changed_at": self._session.now()}
        if not self._session.insert_new(table, {**key, **values}):
            self._session.connection.execute(update(table).where(*where).values(**values))

    def groups(self, site: str) -> list[str]:
        """Names of groups that have settings or devices, in order."""
        named = select(device_groups.c.name).where(device_groups.c.site == site)
        used = select(devices.c.group_name).where(
            devices.c.site == site, devices.c.group_name != ""
        )
        return sorted(self._session.connection.execute(named.union(used)).scalars())

    def put_into(self, site: str, device_id: str, group: str) -> None:
        """The device belongs to ``group`` now; empty: to none. Raises NotFound, also in another site."""
        change = update(devices).where(devices.c.id == device_id, devices.c.site == site)
        if not self._session.connection.execute(change.values(group_name=group)).rowcount:
            raise NotFound

    def contacts(self, silent_after: float) -> Contacts:
        """Silent are those that were not heard of within ``silent_after`` seconds."""
        query = (
            select(devices).where(devices.c.revoked_at.is_(None)).order_by(devices.c.enrolled_at)
        )
        listed = [_device(row) for row in self._session.connection.execute(query).mappings()]
        since = self._session.now() - timedelta(seconds=silent_after)
        silent = sum((device.last_seen_at or device.enrolled_at) < since for device in listed)
        said = [device.status for device in listed if device.status]
        releases = Counter(device.release for device in listed if device.release)
        return Contacts(
            heard=len(listed) - silent,
            silent=silent,
            waiting=sum(int(status.get("waiting", 0)) for status in said),
            clock_off=sum(abs(status.get("clock_drift_s", 0)) >= _CLOCK_OFF_S for status in said),
            storage_full=sum(_is_full(status) for status in said),
            other_release=releases.total() - max(releases.values(), default=0),
            each=tuple(listed),
        )

    def revoke(self, site: str, device_id: str) -> None:
        """It is shut out from now on. Raises NotFound, also in another site."""
        change = update(devices).where(devices.c.id == device_id, devices.c.site == site)
        if self._session.connection.execute(change.values(revoked_at=self._session.now())).rowcount:
            return
        raise NotFound


def _is_full(status: dict[str, float]) -> bool:
    quota = status.get("storage_quota", 0)
    return quota > 0 and status.get("storage_used", 0) >= _FULL * quota


def _given(site: str, group: str) -> tuple[Table, dict[str, str], list[ColumnElement[bool]]]:
    """Where the settings of a group, or of the site, lie: table, key, and the row of that key."""
    table = device_groups if group else device_settings
    key = {"site": site, "name": group} if group else {"site": site}
    return table, key, [table.c[name] == value for name, value in key.items()]


def _hash(code: str) -> str:
    letters = "".join(letter for letter in code.upper() if letter.isalnum()).translate(_READ_AS)
    return hashlib.sha256(letters.encode()).hexdigest()


def _device(row: RowMapping) -> Device:
    return Device(**row)
