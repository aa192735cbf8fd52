"""The C-STORE SCP for ultrasound machines. Objects are ingested in the same way as by HTTP."""

from __future__ import annotations

import ipaddress
import logging
from pathlib import Path
from uuid import uuid4

from gateway.ingest.service import IngestService
from gateway.ingest.spool import SpooledFile, sha256_of
from services.dicom.network.scp import Bounds, Provider
from services.domain.errors import FadaError
from services.domain.study import IngestSource, Principal, Role
from services.settings import Settings

STORED = 0x0000
OUT_OF_RESOURCES = 0xA700
NOT_THIS_CLASS = 0xA900
CANNOT_UNDERSTAND = 0xC000
DIFFERENT_BYTES = 0xC211  # not 0x0111: a sender would take "duplicate" for stored
_STATUS = {
    "different_bytes": DIFFERENT_BYTES,
    "unsupported_object": NOT_THIS_CLASS,
    "too_large": OUT_OF_RESOURCES,
}
_log = logging.getLogger("gateway.dimse.server")


class StoreScp:
    """Ingests what a machine sends, as a device of the site that the settings name."""

    def __init__(
        self, ingest: IngestService, settings: Settings, *, port: int | None = None
    ) -> None:
        """``port`` goes before the settings' port; 0 takes a free one. Raises OSError: it is taken."""
        self._ingest, self._site = ingest, settings.dimse_site
        peers = tuple(p.strip() for p in settings.dimse_peers.split(",") if p.strip())
        # Without a list of peers only this very machine may store.
        host = settings.host if peers or _is_loopback(settings.host) else "127.0.0.1"
        bounds = Bounds(
            aet=settings.dimse_aet,
            peers=peers,
            max_pdu=settings.dimse_max_pdu,
            max_associations=settings.dimse_max_associations,
            max_object=settings.max_instance_bytes,
            stall_seconds=settings.stall_seconds,
        )
        address = (host, settings.dimse_port if port is None else port)
        self._provider = Provider(address, bounds, settings.spool, self._receive)

    @property
    def port(self) -> int:
        """The port on which it listens."""
        return self._provider.port

    def close(self) -> None:
        """End all associations and stop listening."""
        self._provider.close()

    def _receive(self, path: Path, caller: str) -> int:
        """The DIMSE status of one object (PS3.4 table B.2-1); ``caller`` is the AE title."""
        path.chmod(0o400)  # complete: it never changes from here on
        file = SpooledFile(path, sha256_of(path), path.stat().st_size)
        who = Principal(f"dimse:{caller}", self._site, Role.DEVICE)
        try:
            (outcome,) = self._ingest.ingest(
                who, [file], source=IngestSource.DIMSE, request_id=uuid4().hex
            )
        except FadaError as error:
            _log.warning("not stored", extra={"code": error.code})
            return OUT_OF_RESOURCES
        if outcome.error is None:
            return STORED
        return _STATUS.get(outcome.error.code, CANNOT_UNDERSTAND)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
