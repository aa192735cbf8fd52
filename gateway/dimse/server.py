"""The DICOM server for machines and workstations. What they store is ingested in the same way as by HTTP."""

from __future__ import annotations

import logging
from pathlib import Path
from uuid import uuid4

from gateway.dependencies import Services
from gateway.dimse.answers import HubAnswers, site_of, titles
from gateway.http.fair_threads import threads_of
from gateway.ingest.spool import SpooledFile, sha256_of
from gateway.ingest.spool_room import Holding
from services.dicom.network.answers import NOT_AUTHORISED
from services.dicom.network.scp import AssociationBounds, Provider
from services.domain.errors import FadaError
from services.domain.study import IngestSource, Principal, Role
from services.listening import LOOPBACK, is_loopback, parse_networks, server_tls
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


class DicomServer:
    """Stores what a machine sends, as a device of the site of its AE title; answers its worklist, its
    procedure steps, and the queries and retrievals of those who may."""

    def __init__(
        self, services: Services, settings: Settings | None = None, *, port: int | None = None
    ) -> None:
        """``settings``: others than those of the services. ``port`` goes before the settings' port;
        0 takes a free one.

        Raises:
            OSError: it is taken, or a certificate cannot be read.
            InvalidInput: a network of the settings is none.
        """
        settings = settings or services.settings
        self._ingest, self._settings = services.ingest, settings
        self._machines = titles(settings.dimse_peers)
        # Those who query and retrieve may connect, too; what each may is asked again.
        peers = tuple(sorted(self._machines | titles(settings.dimse_query_peers)))
        self._listed = bool(peers)
        # Without a list of peers only this very machine may store.
        host = settings.host if peers or is_loopback(settings.host) else LOOPBACK
        bounds = AssociationBounds(
            aet=settings.dimse_aet,
            peers=peers,
            max_pdu=settings.dimse_max_pdu,
            max_associations=settings.dimse_max_associations,
            max_object=settings.max_instance_bytes,
            stall_seconds=settings.stall_seconds,
            networks=parse_networks(settings.dimse_networks, "FADA_DIMSE_NETWORKS"),
            per_address=settings.dimse_associations_per_peer,
            tls=server_tls(settings.dimse_tls_certificate, settings.dimse_tls_ca),
            room=lambda caller: Holding(services.spool_room, self._machine(caller)),
        )
        address = (host, settings.dimse_port if port is None else port)
        self._answers = HubAnswers(services, settings)
        self._provider = Provider(address, bounds, settings.spool, self._receive, self._answers)
        self._answers.start()

    @property
    def port(self) -> int:
        """The port on which it listens."""
        return self._provider.port

    def close(self) -> None:
        """End all associations and stop listening."""
        self._provider.close()
        self._answers.close()

    def _receive(self, path: Path, caller: str) -> int:
        """The DIMSE status of one object (PS3.4 table B.2-1); ``caller`` is the AE title."""
        if self._listed and caller not in self._machines:
            return NOT_AUTHORISED
        path.chmod(0o400)  # complete: it never changes from here on
        file = SpooledFile(path, sha256_of(path), path.stat().st_size)
        machine = self._machine(caller)
        try:
            with threads_of(machine.counted_as):
                (outcome,) = self._ingest.ingest(
                    machine, [file], source=IngestSource.DIMSE, request_id=uuid4().hex
                )
        except FadaError as error:
            _log.warning("not stored", extra={"code": error.code})
            return OUT_OF_RESOURCES
        if outcome.error is None:
            return STORED
        return _STATUS.get(outcome.error.code, CANNOT_UNDERSTAND)

    def _machine(self, caller: str) -> Principal:
        return Principal(f"dimse:{caller}", site_of(self._settings, caller), Role.DEVICE)
