"""How the phones of a hub fare, in numbers."""

from __future__ import annotations

from index_cases import ANNA, Clock

from services.index.access.devices_port import Contacts
from services.index.port import Index

RIGHT = {"waiting": 2, "storage_used": 10, "storage_quota": 100, "clock_drift_s": 3.0}


def test_contacts_clocks_storage_and_releases(index: Index, clock: Clock) -> None:
    with index.begin() as tx:
        ids = [
            tx.devices.enrol(tx.devices.new_code(ANNA, 600), f"phone {n}", "cHVi").id
            for n in range(5)
        ]
    with index.begin() as tx:
        assert tx.devices.contacts(60) == Contacts(5, 0, 0, 0, 0, 0), "they said nothing yet"
        tx.devices.report(ids[0], RIGHT)
        tx.devices.report(ids[1], RIGHT | {"clock_drift_s": -119.0, "storage_used": 89})
        tx.devices.report(ids[2], RIGHT | {"clock_drift_s": -120.0, "storage_used": 90})
        tx.devices.report(ids[3], {"waiting": 0, "storage_used": 0, "storage_quota": 0})
        for device, release in zip(ids, ("new", "new", "old"), strict=False):
            tx.devices.seen(device, release)
        assert tx.devices.contacts(60) == Contacts(5, 0, 6, 1, 1, 1)
        clock.pass_(61)
        tx.devices.seen(ids[0], "new")
        assert tx.devices.contacts(60) == Contacts(1, 4, 6, 1, 1, 1)
        tx.devices.revoke("north", ids[2])
        assert tx.devices.contacts(60) == Contacts(1, 3, 4, 0, 0, 0), "a revoked one counts nowhere"
