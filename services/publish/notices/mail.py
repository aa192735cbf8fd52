"""Notices by e-mail: SMTP with STARTTLS (RFC 3207) or TLS, one mail for each recipient."""

from __future__ import annotations

import re
import smtplib
import socket
import ssl
import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Any

from services.domain.errors import InvalidInput
from services.publish.access import tls_context
from services.publish.notices.notice import Notice, language_of, parse_host
from services.publish.outcomes import PushFailed, PushNotAllowed, PushRejected, Taken

MAX_RECIPIENTS = 50
TOTAL_SECONDS = 120.0  # of the whole exchange with the server
_SILENCE = 20.0  # s for one answer of the server
_MAILBOX = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9][A-Za-z0-9.-]{0,253}")
_PORTS = {"starttls": 587, "tls": 465, "none": 25}


class MailSender:
    """One SMTP server and its recipients. Safe to share between threads."""

    def __init__(self, address: str, options: dict[str, Any], credentials: dict[str, str]) -> None:
        """``address``: host:port. Raises InvalidInput."""
        self._encryption = str(options.get("encryption") or "starttls")
        self._host, self._port = parse_host(address, _PORTS[self._encryption])
        self._sender = _mailbox(str(options.get("sender", "")))
        recipients = re.split(r"[,;\s]+", str(options.get("recipients", "")).strip())
        self._recipients = tuple(dict.fromkeys(_mailbox(one) for one in recipients))
        if len(self._recipients) > MAX_RECIPIENTS:
            raise InvalidInput(f"At most {MAX_RECIPIENTS} recipients; use a list of your server.")
        self._language = language_of(str(options.get("language", "")))
        self._user = str(options.get("user", ""))
        self._password = credentials.get("password", "")
        if self._user and self._encryption == "none":
            raise InvalidInput("A password is sent by TLS alone: choose starttls or tls.")
        self._tls = tls_context(options, credentials)

    def tell(self, notice: Notice, done: Collection[str]) -> Iterator[Taken]:
        """What became of each recipient's mail, but for those who have it (``done``).

        Raises PushFailed, PushNotAllowed, PushRejected: of the server as a whole.
        """
        left = [one for one in self._recipients if one not in done]
        if not left:
            return
        with self._connected() as server:
            for one in left:
                yield self._mail(server, notice, one)

    def echo(self) -> None:
        """Connect and sign in; no mail. Raises PushFailed, PushNotAllowed."""
        with self._connected() as server:
            server.noop()

    def message(self, notice: Notice, recipient: str) -> EmailMessage:
        """The mail: a sentence and the link, nothing of the patient."""
        title, sentence = notice.words(self._language)
        made = EmailMessage()
        made["Subject"] = f"FADA: {title}"
        made["From"] = Address("FADA", addr_spec=self._sender)
        made["To"] = Address(addr_spec=recipient)
        made["Date"] = format_datetime(datetime.now(UTC))
        # Of delivery and recipient: a mail that comes twice is known as one.
        position = self._recipients.index(recipient)
        made["Message-ID"] = f"<{notice.identity}.{position}@{self._sender.partition('@')[2]}>"
        made["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody's holiday answers
        if notice.kind == "urgent":
            made["Importance"] = "high"
        made["Content-Language"] = self._language
        made.set_content("\n".join([sentence, *([notice.link] if notice.link else [])]) + "\n")
        return made

    @contextmanager
    def _connected(self) -> Iterator[smtplib.SMTP]:
        line = _Line(self._host, self._tls if self._encryption == "tls" else None)
        watch = threading.Timer(TOTAL_SECONDS, line.cut)
        watch.daemon = True
        watch.start()
        try:
            with self._opened(line) as server:
                if self._user:
                    server.login(self._user, self._password)
                yield server
        except smtplib.SMTPAuthenticationError as error:
            raise PushNotAllowed(f"The mail server answered {error.smtp_code}.") from error
        except smtplib.SMTPNotSupportedError as error:
            raise PushRejected("The mail server lacks STARTTLS or sign-in.") from error
        except (OSError, smtplib.SMTPException, ValueError) as error:
            raise PushFailed(
                f"The mail server cannot be reached ({type(error).__name__})."
            ) from error
        finally:
            watch.cancel()
            line.end()

    def _opened(self, line: _Line) -> smtplib.SMTP:
        try:
            code, _ = line.connect(self._host, self._port)
            if code != 220:
                raise smtplib.SMTPConnectError(code, "")
            if self._encryption == "starttls":
                line.starttls(context=self._tls)
        except (smtplib.SMTPException, OSError):
            line.close()
            raise
        return line

    def _mail(self, server: smtplib.SMTP, notice: Notice, recipient: str) -> Taken:
        try:
            server.send_message(self.message(notice, recipient))
        except smtplib.SMTPRecipientsRefused as error:
            ((status, _),) = error.recipients.values()
            return Taken(recipient, f"smtp_{status}", again=400 <= status < 500)
        except smtplib.SMTPResponseException as error:
            again = 400 <= error.smtp_code < 500
            return Taken(recipient, f"smtp_{error.smtp_code}", again=again)
        return Taken(recipient)


class _Line(smtplib.SMTP):
    """Can be cut from another thread: a server that drips keeps within the limit of each read."""

    def __init__(self, host: str, tls: ssl.SSLContext | None) -> None:
        """``tls``: from the first byte on."""
        super().__init__(timeout=_SILENCE)
        self._host, self._implicit_tls = host, tls  # starttls verifies the name by ``_host``
        self._copy: socket.socket | None = None
        self._was_cut = False

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        raw = socket.create_connection((host, port), timeout)
        self._copy = raw.dup()  # of the same connection, whatever TLS wraps around the other
        if self._was_cut:
            raw.close()
            raise TimeoutError("the mail server is too slow")
        if self._implicit_tls is None:
            return raw
        return self._implicit_tls.wrap_socket(raw, server_hostname=host)

    def cut(self) -> None:
        """What waits for the server raises."""
        self._was_cut = True
        if self._copy is not None:
            with suppress(OSError):
                self._copy.shutdown(socket.SHUT_RDWR)

    def end(self) -> None:
        """No more use of it."""
        if self._copy is not None:
            self._copy.close()


def _mailbox(text: str) -> str:
    if not _MAILBOX.fullmatch(text):
        raise InvalidInput("Sender and recipients are e-mail addresses (name@host).")
    return text
