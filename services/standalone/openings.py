"""What a hub on one machine opens to its network: its listeners for machines and systems, nothing else."""

from __future__ import annotations

import ipaddress

from services.domain.errors import InvalidInput
from services.listening import is_loopback
from services.settings import Settings
from services.standalone.ports import is_free


def openings(address: str, settings: Settings) -> list[str]:
    """A sentence on each listener that the network reaches at ``address``, and one on what it does not.

    Raises:
        InvalidInput: this is no address of the machine, no listener is asked for, one has nobody listed
            that may connect, or its port is taken.
    """
    try:
        loopback = is_loopback(str(ipaddress.ip_address(address)))
    except ValueError as error:
        raise InvalidInput(
            "--listen takes an address of this machine, or 0.0.0.0 for all."
        ) from error
    if loopback or not (settings.dimse_port or settings.hl7_port):
        raise InvalidInput(
            "--listen opens the listeners to the network: name one by --dimse-port or --hl7-port, and"
            " an address that the network reaches."
        )
    said = []
    if settings.dimse_port:
        named = f"{settings.dimse_peers},{settings.dimse_query_peers}".split(",")
        peers = ",".join(dict.fromkeys(one.strip() for one in named if one.strip()))
        _check(address, settings.dimse_port, peers, "FADA_DIMSE_PEERS")
        from_where = _from(settings.dimse_networks, "FADA_DIMSE_NETWORKS")
        tls = _tls(settings.dimse_tls_certificate, "FADA_DIMSE_TLS_CERTIFICATE")
        name = f"{settings.dimse_aet} on {address}:{settings.dimse_port}"
        said.append(f"open to the network: DICOM, {name}, for {peers}, from {from_where}, {tls}")
    if settings.hl7_port:
        _check(address, settings.hl7_port, settings.hl7_senders, "FADA_HL7_SENDERS")
        from_where = _from(settings.hl7_networks, "FADA_HL7_NETWORKS")
        tls = _tls(settings.hl7_tls_certificate, "FADA_HL7_TLS_CERTIFICATE")
        where = f"{address}:{settings.hl7_port}"
        said.append(
            f"open to the network: HL7, {where}, for {settings.hl7_senders}, from {from_where}, {tls}"
        )
    return [*said, "pages, API and all else are reached from this machine alone"]


def _check(address: str, port: int, listed: str, setting: str) -> None:
    if not listed:
        raise InvalidInput(
            f"Name who may connect in {setting}: without it nobody but this machine."
        )
    if not is_free(port, address):
        raise InvalidInput(
            f"Nothing can listen on {address}:{port}: it is taken, or not of this machine."
        )


def _from(networks: str, setting: str) -> str:
    return networks or f"any network ({setting} bounds it)"


def _tls(certificate: str, setting: str) -> str:
    return "with TLS" if certificate else f"without TLS ({setting})"
