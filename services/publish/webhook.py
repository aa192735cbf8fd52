"""Signed webhooks (Standard Webhooks, HMAC-SHA256) that cannot be turned against the hub's own network.

The receiver's name is resolved once, every address it has must be public, and the connection goes to
the very address that was looked at: a name that changes its address in between (DNS rebinding) gains
nothing. Redirects are not followed, answers are cut, proxies of the environment are not used.
"""

from __future__ import annotations

import http.client
import ipaddress
import json
import socket
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import SplitResult, urlsplit

from standardwebhooks import Webhook

from services.domain.errors import FadaError, Unavailable
from services.publish.http_client import RequestBounds, request

TOTAL_SECONDS = 15.0
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
# What the IANA registries of special addresses list and ``is_global`` does not know in every Python.
_SPECIAL = tuple(
    map(
        ipaddress.ip_network,
        ("192.0.0.0/24", "192.88.99.0/24", "2001::/23", "2001:db8::/32", "3fff::/20"),
    )
)
_UNICAST = ipaddress.ip_network("2000::/3")  # all of IPv6 that is given out (RFC 4291)
Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolver = Callable[[str, int], list[str]]


class WebhookRefused(FadaError):
    """The address is not one that a hub may call: trying again does not help."""

    code, title, status = "webhook_refused", "This webhook address is refused", 422


class WebhookFailed(Unavailable):
    """It may work later."""

    code, title = "webhook_failed", "The webhook's receiver did not accept the message"


@dataclass(frozen=True, slots=True)
class WebhookMessage:
    """``identity`` stays the same when a message is sent again, so that a receiver knows it."""

    identity: str
    body: bytes
    headers: dict[str, str]


def sign(secret: str, identity: str, at: datetime, body: bytes) -> WebhookMessage:
    """``secret`` is ``whsec_…``. The signature covers identity, time of sending and body."""
    signature = Webhook(secret).sign(identity, at, body.decode())
    return WebhookMessage(
        identity,
        body,
        {
            "content-type": "application/json",
            "user-agent": "FADA-Webhooks/1",
            "webhook-id": identity,
            "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": signature,
        },
    )


def body_of(kind: str, at: datetime, data: dict[str, Any]) -> bytes:
    """The Standard Webhooks envelope; ``data`` holds ids and codes, never patient data."""
    envelope = {"type": kind, "timestamp": at.astimezone(UTC).isoformat(), "data": data}
    return json.dumps(envelope, separators=(",", ":"), sort_keys=True).encode()


def check_url(url: str, *, allow_private: bool = False) -> SplitResult:
    """The parts of a webhook's URL.

    Raises:
        WebhookRefused: not https (http is for private networks only), with a password, without host.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise WebhookRefused("The webhook's address is malformed.") from error
    schemes = ("https", "http") if allow_private else ("https",)
    if parts.scheme not in schemes or not parts.hostname or port == 0:
        raise WebhookRefused("A webhook needs an https address.")
    if parts.username or parts.password or any(c in url for c in "\r\n\t "):
        raise WebhookRefused("A webhook's address holds no user name, password or blank.")
    return parts


def is_public(address: Address) -> bool:
    """Whether an address is one of the open internet, also when it is wrapped in IPv6."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if inner is None and address in _NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(inner)
        if address.teredo is not None or address.scope_id is not None:
            return False
        if address not in _UNICAST:
            return False
    if any(address in network for network in _SPECIAL if network.version == address.version):
        return False
    return address.is_global and not address.is_multicast and not address.is_reserved


def resolve(host: str, port: int) -> list[str]:
    """All addresses of a name. Raises OSError."""
    entries = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in entries))


def safe_addresses(
    host: str, port: int, *, allow_private: bool = False, resolver: Resolver = resolve
) -> list[str]:
    """The addresses to connect to.

    Raises:
        WebhookRefused: one of them is loopback, link-local, private, a cloud's metadata, …
        WebhookFailed: the name is not known.
    """
    try:
        addresses = resolver(host, port)
    except (OSError, UnicodeError) as error:
        raise WebhookFailed("The webhook's host name is not known.") from error
    if not addresses:
        raise WebhookFailed("The webhook's host name has no address.")
    if not allow_private and not all(is_public(ipaddress.ip_address(a)) for a in addresses):
        raise WebhookRefused("The webhook's host is not on the public internet.")
    return addresses


def send(
    url: str, message: WebhookMessage, *, allow_private: bool = False, resolver: Resolver = resolve
) -> int:
    """POST a signed message; returns the status, always 2xx.

    Raises:
        WebhookRefused: the address is refused.
        WebhookFailed: unreachable, too slow, or another status (a redirect is one).
    """
    parts = check_url(url, allow_private=allow_private)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    addresses = safe_addresses(
        str(parts.hostname), port, allow_private=allow_private, resolver=resolver
    )
    try:
        answer = request(
            "POST",
            parts,
            message.body,
            message.headers,
            RequestBounds(TOTAL_SECONDS),
            address=addresses[0],
        )
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise WebhookFailed(f"The receiver cannot be reached ({type(error).__name__}).") from error
    if not 200 <= answer.status < 300:
        raise WebhookFailed(f"The receiver answered {answer.status}.")
    return answer.status
