"""Webhooks: signed so that a receiver's library believes them, and never into our own network."""

import ipaddress
import socket
import threading
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from services.publish import webhook
from services.publish.webhook import WebhookFailed, WebhookRefused

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def message(body=b'{"type":"study.ready"}', minutes_ago=0):
    at = datetime.now(UTC) - timedelta(minutes=minutes_ago)
    return webhook.sign(SECRET, "msg_1", at, body)


def test_receivers_library_takes_it():
    sent = message()
    assert Webhook(SECRET).verify(sent.body, sent.headers) == {"type": "study.ready"}


def test_receivers_library_refuses_an_edited_body():
    sent = message()
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(sent.body.replace(b"ready", b"reads"), sent.headers)


def test_receivers_library_refuses_an_old_message_and_a_new_date_on_it():
    old = message(minutes_ago=10)
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(old.body, old.headers)
    forged = old.headers | {"webhook-timestamp": message().headers["webhook-timestamp"]}
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(old.body, forged)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.1.2.3", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.1.1", "100.64.0.1",
        "169.254.169.254", "224.0.0.1", "255.255.255.255", "240.0.0.1", "::1", "::", "fe80::1",
        "fc00::1", "fd00:ec2::254", "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1",
        "2002:7f00:1::", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "2001:0:53aa:64c::1",
        "192.0.0.1", "192.0.0.7", "192.0.0.9", "192.0.0.170", "192.0.2.1", "192.88.99.1", "198.18.0.1",
        "198.51.100.1", "203.0.113.1", "::ffff:192.0.0.1", "::ffff:198.18.0.1", "64:ff9b::c000:1",
        "64:ff9b:1::1", "100::1", "100:0:0:1::1", "2001:2::1", "2001:10::1", "2001:20::1",
        "2001:db8::1", "2002:c000:1::", "3fff::1", "3fff:fff::1", "5f00::1", "fec0::1", "feff::1",
        "::7f00:1", "::a00:1", "4000::1",
    ],
)  # fmt: skip
def test_addresses_that_are_not_public(address):
    assert not webhook.is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946"])
def test_addresses_that_are_public(address):
    assert webhook.is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/hook", "ftp://example.org/", "https://", "https://user:pw@example.org/",
        "https://example.org:0/", "https://example.org:99999/", "https://example.org/a b",
        "file:///etc/passwd", "gopher://example.org/",
    ],
)  # fmt: skip
def test_urls_that_are_refused(url):
    with pytest.raises(WebhookRefused):
        webhook.check_url(url)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]", "0x7f000001", "2130706433"])
def test_loopback_by_any_name_is_refused_before_a_connection(host):
    with pytest.raises((WebhookRefused, WebhookFailed)):
        webhook.send(f"https://{host}/hook", message())


def test_one_private_address_among_public_ones_is_enough_to_refuse():
    with pytest.raises(WebhookRefused):
        webhook.safe_addresses("x", 443, resolver=lambda *_: ["93.184.216.34", "10.0.0.1"])


class Receiver:
    """A raw server: what it is sent, and what it answers."""

    def __init__(self, answer: bytes) -> None:
        self.answer = answer
        self.requests: list[bytes] = []
        self.server = socket.create_server(("127.0.0.1", 0))
        self.port = self.server.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                link, _ = self.server.accept()
            except OSError:
                return
            with link, suppress(OSError):
                self.requests.append(link.recv(65536))
                link.sendall(self.answer)

    def close(self):
        self.server.close()


@pytest.fixture
def receiver(request):
    made = Receiver(getattr(request, "param", b"HTTP/1.1 204 No Content\r\n\r\n"))
    yield made
    made.close()


def test_name_that_changes_its_address_after_the_look_gains_nothing(receiver, monkeypatch):
    """The name is resolved once; the connection goes to that address, whatever the name says later."""
    asked = []

    def resolver(host, port):
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["10.0.0.1"]

    def never(*_args, **_kwargs):
        raise AssertionError("the name was resolved again")

    real = socket.getaddrinfo
    monkeypatch.setattr(
        socket, "getaddrinfo",
        lambda host, *a, **k: real(host, *a, **k) if host == "127.0.0.1" else never(),
    )  # fmt: skip
    url = f"http://rebinding.example:{receiver.port}/hook"
    assert webhook.send(url, message(), allow_private=True, resolver=resolver) == 204
    assert asked == ["rebinding.example"]
    assert b"Host: rebinding.example" in receiver.requests[0]


@pytest.mark.parametrize(
    "receiver",
    [b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",
     b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n", b"nonsense\r\n\r\n", b""],
    indirect=True,
)  # fmt: skip
def test_redirects_and_failures_are_failures(receiver):
    with pytest.raises(WebhookFailed):
        webhook.send(f"http://127.0.0.1:{receiver.port}/", message(), allow_private=True)
    assert len(receiver.requests) == 1


@pytest.mark.parametrize("receiver", [b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 5_000_000], indirect=True)
def test_endless_answer_is_cut(receiver):
    assert webhook.send(f"http://127.0.0.1:{receiver.port}/", message(), allow_private=True) == 200


def test_receiver_that_drips_is_left(monkeypatch):
    monkeypatch.setattr(webhook, "TOTAL_SECONDS", 0.5)
    server = socket.create_server(("127.0.0.1", 0))
    ending = threading.Event()

    def drip():
        link, _ = server.accept()
        with link:
            link.sendall(b"HTTP/1.1 200 OK\r\n")
            while not ending.wait(0.1):
                try:
                    link.sendall(b"x-more: 1\r\n")
                except OSError:
                    return

    threading.Thread(target=drip, daemon=True).start()
    try:
        with pytest.raises(WebhookFailed):
            webhook.send(
                f"http://127.0.0.1:{server.getsockname()[1]}/", message(), allow_private=True
            )
    finally:
        ending.set()
        server.close()
