"""Word to people: by a real mail server with STARTTLS and sign-in, and to browsers by a local push service."""

from __future__ import annotations

import shutil
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest
import readings
import servers
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from index_cases import send
from integration.workers.worker_hub import WHO
from push_service import PushService, Receiver, b64, push_service

from services.credentials import seal
from services.domain.report import Origin
from services.domain.study import Principal, Role
from services.domain.work import DestinationKind
from services.index import open_index
from services.index.port import Delivery, DeliveryState, Index, NewDestination
from services.publish.notices.web_push import PushSender, fresh_key
from services.senders import Senders
from services.settings import Settings
from services.standalone import ports
from services.storage.memory import MemoryStore
from workers.delivery.runner import DeliveryRunner

HUB = "https://hub.example"
NURSE = Principal("person:nurse", "default", Role.SONOGRAPHER)


@dataclass
class Hub:
    index: Index
    settings: Settings
    runner: DeliveryRunner
    study: str = ""

    def add(
        self, kind: DestinationKind, address: str, options: dict[str, Any], **secret: str
    ) -> str:
        new = NewDestination("Ward", kind, address, options, seal(self.settings, secret))
        with self.index.begin() as tx:
            return tx.destinations.create(WHO, new).id

    def sign(self) -> None:
        report = readings.report("1.2", readings.measured(HC=250.0))
        report = replace(report, origin=Origin.REVIEW, reviewed_by="Dr. A")
        with self.index.begin() as tx:
            tx.results.add(WHO, self.study, report, [], origin=Origin.REVIEW, based_on=None)

    def deliver(self) -> list[str]:
        with self.index.read() as tx:
            deliveries = tx.deliveries.find(None, states=(DeliveryState.WAITING,))
        return [self.runner.deliver(one.id) for one in reversed(deliveries)]

    def last(self) -> Delivery:
        with self.index.read() as tx:
            return tx.deliveries.find(None)[0]


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    index = open_index(f"sqlite:///{tmp_path}/index.db")
    index.migrate()
    settings = servers.settings_for(tmp_path, None, None).model_copy(
        update={"public_url": HUB, "webhook_allow_private": True}
    )
    with index.begin() as tx:
        study = send(tx, who=WHO)[0].study_id
    yield Hub(index, settings, DeliveryRunner(settings, index, MemoryStore()), study)
    index.close()


# --- mail ------------------------------------------------------------------------------------------
@dataclass
class Mails:
    """``refuse``: recipient → the server's answer."""

    got: list[tuple[str, bytes]] = field(default_factory=list)
    refuse: dict[str, str] = field(default_factory=dict)

    async def handle_RCPT(self, _s: Any, _n: Any, envelope: Any, address: str, _o: Any) -> str:  # noqa: N802
        if address in self.refuse:
            return self.refuse[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _s: Any, _n: Any, envelope: Any) -> str:  # noqa: N802
        self.got.append((envelope.rcpt_tos[0], envelope.content))
        return "250 OK"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    if shutil.which("openssl") is None:
        pytest.skip("needs openssl")
    folder = tmp_path_factory.mktemp("mail")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
         "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", "own.key", "-out", "own.pem"],
        cwd=folder, check=True, capture_output=True,
    )  # fmt: skip
    return folder / "own.pem", folder / "own.key"


@contextmanager
def mail_server(mails: Mails, certificate: tuple[Path, Path]) -> Iterator[str]:
    """STARTTLS and a password are needed."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)

    def sign_in(_s: Any, _session: Any, _e: Any, _mechanism: str, data: Any) -> AuthResult:
        return AuthResult(
            success=(data.login, data.password) == (b"fada", b"swordfish"), handled=False
        )

    controller = Controller(
        mails, hostname="127.0.0.1", port=ports.free(1)[0], tls_context=context, require_starttls=True,
        auth_required=True, authenticator=sign_in,
    )  # fmt: skip
    controller.start()
    try:
        yield f"127.0.0.1:{controller.port}"
    finally:
        controller.stop()


def options(certificate: tuple[Path, Path], recipients: str) -> dict[str, Any]:
    return {
        "sender": "fada@clinic.example", "recipients": recipients, "user": "fada",
        "ca": certificate[0].read_text(), "language": "pt",
    }  # fmt: skip


def test_a_mail_goes_once_to_each_and_says_nothing_of_the_patient(
    hub: Hub, certificate: tuple[Path, Path]
) -> None:
    mails = Mails(refuse={"late@c.example": "451 later", "gone@c.example": "550 no such user"})
    with mail_server(mails, certificate) as address:
        mail_options = options(certificate, "ward@c.example, late@c.example, gone@c.example")
        hub.add(DestinationKind.EMAIL, address, mail_options, password="swordfish")
        hub.sign()
        assert hub.deliver() == ["again"]
        states = {one.sop_uid: (one.state.value, one.code) for one in hub.last().objects}
        assert states == {
            "ward@c.example": ("delivered", ""),
            "late@c.example": ("waiting", "smtp_451"),
            "gone@c.example": ("refused", "smtp_550"),
        }
        mails.refuse.pop("late@c.example")
        with hub.index.begin() as tx:
            tx.deliveries._set(hub.last().id, next_attempt_at=tx.deliveries._session.now())  # type: ignore[attr-defined]
        assert hub.deliver() == ["given_up"]
        assert hub.last().error_code == "recipients_refused"
    assert [one for one, _ in mails.got] == ["ward@c.example", "late@c.example"], "nobody twice"
    mail = message_from_bytes(mails.got[0][1], policy=policy.default)
    assert mail["Subject"] == "FADA: Estudo revisto"
    text = mail.get_content()
    assert text.splitlines() == ["Um estudo foi revisto.", f"{HUB}/study/{hub.study}"]
    with hub.index.read() as tx:
        attributes = tx.studies.get("default", hub.study).attributes
    name = str(attributes["00100010"]["Value"][0])
    assert name not in mails.got[0][1].decode()


def test_a_wrong_password_and_an_unknown_authority(
    hub: Hub, certificate: tuple[Path, Path]
) -> None:
    with mail_server(Mails(), certificate) as address:
        mail_options = options(certificate, "ward@c.example")
        made = hub.add(DestinationKind.EMAIL, address, mail_options, password="guess")
        senders = Senders(hub.settings)
        with hub.index.read() as tx:
            destination = tx.destinations.get("default", made)
        with pytest.raises(Exception, match="535"):
            senders.of(destination).echo()
        stranger = replace(destination, options={**mail_options, "ca": ""})
        with pytest.raises(Exception, match="SSLCertVerificationError"):
            senders.of(stranger).echo()
        good = replace(destination, credentials=seal(hub.settings, {"password": "swordfish"}))
        senders.of(good).echo()


# --- browsers --------------------------------------------------------------------------------------
def subscribe(hub: Hub, destination: str, endpoint: str, receiver: Receiver, account: str) -> str:
    with hub.index.begin() as tx:
        return tx.push_subscriptions.add(
            NURSE, destination, account, endpoint, b64(receiver.point), b64(receiver.secret), "sw"
        ).id


def web_push(hub: Hub, service: PushService) -> tuple[str, str]:
    """(the destination, an account)."""
    key = fresh_key()
    service.public_key = PushSender("mailto:it@c.example", key, True).public_key
    made = hub.add(DestinationKind.WEB_PUSH, "mailto:it@c.example", {}, private_key=key)
    with hub.index.begin() as tx:
        account = tx.accounts.create(WHO, "nurse@c.example", "Nurse", Role.SONOGRAPHER)
    return made, account.id


def test_browsers_get_words_that_only_they_can_read(hub: Hub) -> None:
    nurse, gone = Receiver(), Receiver()
    with push_service() as service:
        destination, account = web_push(hub, service)
        subscribe(hub, destination, f"{service.address}/nurse", nurse, account)
        subscribe(hub, destination, f"{service.address}/gone", gone, account)
        service.status["/gone"] = 410
        with hub.index.begin() as tx:
            tx.studies.set_urgent(WHO, hub.study, True)
        hub.sign()
        assert hub.deliver() == ["done"]
        _, headers, body = next(one for one in service.got if one[0] == "/nurse")
        assert (headers["urgency"], headers["content-encoding"]) == ("high", "aes128gcm")
        assert service.checked(headers)["sub"] == "mailto:it@c.example"
        notice = nurse.open(body).decode()
        assert "Kesi ya dharura" in notice
        assert f"{HUB}/study/{hub.study}" in notice
        with hub.index.read() as tx:
            left = tx.push_subscriptions.find("default", destination)
        assert [one.endpoint for one in left] == [f"{service.address}/nurse"], (
            "what is gone is forgotten"
        )
        assert [one.state.value for one in hub.last().objects] == ["delivered"]


def test_a_busy_push_service_is_tried_again_and_others_are_not_told_twice(hub: Hub) -> None:
    first, second = Receiver(), Receiver()
    with push_service() as service:
        destination, account = web_push(hub, service)
        subscribe(hub, destination, f"{service.address}/first", first, account)
        subscribe(hub, destination, f"{service.address}/second", second, account)
        service.status["/second"] = 503
        hub.sign()
        assert hub.deliver() == ["again"]
        service.status.clear()
        with hub.index.begin() as tx:
            tx.deliveries._set(hub.last().id, next_attempt_at=tx.deliveries._session.now())  # type: ignore[attr-defined]
        assert hub.deliver() == ["done"]
        assert [path for path, *_ in service.got] == ["/first", "/second", "/second"]


def test_who_has_left_is_told_nothing(hub: Hub) -> None:
    with push_service() as service:
        destination, account = web_push(hub, service)
        subscribe(hub, destination, f"{service.address}/nurse", Receiver(), account)
        with hub.index.begin() as tx:
            tx.accounts.change(WHO, account, disabled=True)
        hub.sign()
        assert hub.deliver() == ["done"]
        assert service.got == []
