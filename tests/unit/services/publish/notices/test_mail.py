"""What a mail says and does not say, and which settings make no sense."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import suppress
from typing import Any

import pytest

from services.domain.errors import InvalidInput
from services.publish.notices import mail
from services.publish.notices.mail import MailSender
from services.publish.notices.notice import notice_of
from services.publish.outcomes import PushFailed

OPTIONS = {"sender": "fada@clinic.example", "recipients": "ward@clinic.example, a@b.example"}


def test_a_mail_is_a_sentence_and_a_link() -> None:
    sender = MailSender("smtp.example", {**OPTIONS, "language": "fr"}, {})
    notice = notice_of("d-1", ("urgent", "preliminary"), "https://hub.example", "0192-a")
    made = sender.message(notice, "a@b.example")
    assert made["Subject"] == "FADA: Cas urgent"
    assert made["Message-ID"] == "<d-1.1@clinic.example>"
    assert (made["Auto-Submitted"], made["Importance"]) == ("auto-generated", "high")
    assert made.get_content().splitlines() == [
        "Une étude urgente est prête.",
        "https://hub.example/study/0192-a",
    ]


@pytest.mark.parametrize("encryption", ["none", "starttls", "tls"])
def test_a_server_that_drips_is_cut_off(monkeypatch: pytest.MonkeyPatch, encryption: str) -> None:
    """A byte now and then keeps within the limit of each read."""
    monkeypatch.setattr(mail, "TOTAL_SECONDS", 0.5)
    ended = threading.Event()
    byte = b"\x16" if encryption == "tls" else b"2"

    def drip(listener: socket.socket) -> None:
        line, _ = listener.accept()
        with line, suppress(OSError):
            if encryption == "starttls":
                line.sendall(b"220-")
            while not ended.wait(0.05):
                line.sendall(byte)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=drip, args=(listener,), daemon=True).start()
        port = listener.getsockname()[1]
        sender = MailSender(f"127.0.0.1:{port}", {**OPTIONS, "encryption": encryption}, {})
        timer = threading.Timer(10.0, ended.set)
        timer.start()
        started = time.monotonic()
        with pytest.raises(PushFailed):
            sender.echo()
        assert time.monotonic() - started < 5.0
        ended.set()
        timer.cancel()


@pytest.mark.parametrize(
    ("address", "options"),
    [
        ("smtp.example:x", {}),
        ("user@smtp.example", {}),
        ("smtp.example/path", {}),
        ("smtp.example", {"sender": "nobody"}),
        ("smtp.example", {"recipients": ""}),
        ("smtp.example", {"recipients": "a@b.example, x\r\nBcc:y@z.example"}),
        ("smtp.example", {"recipients": ",".join(f"a{n}@b.example" for n in range(60))}),
        ("smtp.example", {"language": "xx"}),
        ("smtp.example", {"encryption": "none", "user": "fada"}),
    ],
)
def test_what_makes_no_sense_is_refused(address: str, options: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        MailSender(address, {**OPTIONS, **options}, {"password": "p"})
