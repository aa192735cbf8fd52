"""What a listener keeps to: where it listens, which networks may connect, and its certificate."""

from __future__ import annotations

import ipaddress
import ssl

from services.domain.errors import InvalidInput

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
LOOPBACK = "127.0.0.1"


def parse_networks(text: str, setting: str) -> tuple[Network, ...]:
    """Networks and addresses, comma-separated. Raises InvalidInput, which names the setting."""
    try:
        return tuple(ipaddress.ip_network(one.strip()) for one in text.split(",") if one.strip())
    except ValueError as error:
        raise InvalidInput(f"{setting} holds networks such as 10.1.0.0/16.") from error


def within(address: str, networks: tuple[Network, ...]) -> bool:
    """Whether the address may connect; without networks every one may."""
    return not networks or any(ipaddress.ip_address(address) in one for one in networks)


def is_loopback(host: str) -> bool:
    """Whether only this very machine reaches it."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def server_tls(certificate: str, ca: str) -> ssl.SSLContext | None:
    """``certificate``: a PEM file with the hub's certificate and key, empty for no TLS; ``ca``: one with
    the authorities of the clients' certificates, which are asked for then.

    Raises:
        OSError: a file cannot be read or holds no such thing.
    """
    if not certificate:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(certificate)
    if ca:
        context.load_verify_locations(ca)
        context.verify_mode = ssl.CERT_REQUIRED
    return context
