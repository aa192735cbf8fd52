"""The ways in: each sender delivers one study and returns its Study Instance UID, or raises NotYet."""

from __future__ import annotations

import io
import itertools
import uuid
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import httpx
import pydicom
import requests
from pynetdicom import AE

from bench.field.drill import PIN, pictures
from bench.studies import studies
from edge.agent.case import UNSENT
from edge.agent.hub import Hub, enrol
from edge.agent.storage.outbox import CaseOutbox
from edge.agent.storage.vault import Vault
from edge.agent.sync import sync
from services.domain.dicom import values as dicom_values
from services.domain.errors import FadaError
from services.publish.stow import multipart
from services.tus import ResumableUpload, TusCommunicationError, open_session

_PASSING = {408, 423, 429, 500, 502, 503, 504, 507}


class NotYet(Exception):
    """Not acknowledged: it is sent again."""


class Refused(Exception):
    """The hub says that the study itself is at fault, which none of these is."""


class Sender(Protocol):
    """One source of studies."""

    name: str

    def send(self) -> str:
        """The study that waits, once; its UID. After NotYet the next call sends the same one.

        Raises:
            NotYet: no answer, or a passing one.
            Refused: another one.
        """
        ...


@dataclass(slots=True)
class _Waiting:
    """The study that waits; a new one when it was acknowledged."""

    source: Iterator[bytes]
    data: bytes | None = None

    def get(self) -> bytes:
        if self.data is None:
            self.data = next(self.source)
        return self.data

    def done(self) -> None:
        self.data = None


def _objects(run: str, name: str) -> _Waiting:
    return _Waiting(studies(1_000_000, f"{run}-{name}"))


def _pictures(seed: int, name: str) -> Iterator[bytes]:
    """JPEGs that differ: each has a comment (COM segment) of its own."""
    for number in itertools.count():
        (data,) = pictures(1, seed + number)
        words = f"{name} {seed} {number}".encode()
        yield data[:2] + b"\xff\xfe" + (len(words) + 2).to_bytes(2, "big") + words + data[2:]


def _uid(data: bytes) -> str:
    return str(pydicom.dcmread(io.BytesIO(data), stop_before_pixels=True).StudyInstanceUID)


def _checked(answer: httpx.Response) -> Any:
    if answer.status_code in _PASSING:
        raise NotYet(str(answer.status_code))
    if answer.status_code >= 400:
        raise Refused(f"{answer.status_code} {answer.text[:300]}")
    return answer.json()


@dataclass
class Stow:
    """STOW-RS, one study a request."""

    client: httpx.Client
    run: str
    name: str = "STOW-RS"

    def __post_init__(self) -> None:
        self._waiting = _objects(self.run, self.name)

    def send(self) -> str:
        """See ``Sender``."""
        data, boundary = self._waiting.get(), uuid.uuid4().hex
        kind = f'multipart/related; type="application/dicom"; boundary={boundary}'
        try:
            answer = self.client.post(
                "/dicomweb/studies",
                content=multipart([data], boundary),
                headers={"Content-Type": kind, "Accept": "application/dicom+json"},
            )
        except httpx.TransportError as error:
            raise NotYet(type(error).__name__) from error
        _checked(answer)
        self._waiting.done()
        return _uid(data)


@dataclass
class Form:
    """The web form: a picture, which carries no UID of its own."""

    client: httpx.Client
    seed: int
    name: str = "web form"

    def __post_init__(self) -> None:
        self._waiting = _Waiting(_pictures(self.seed, self.name))

    def send(self) -> str:
        """See ``Sender``."""
        data = self._waiting.get()
        try:
            answer = self.client.post("/api/uploads", files={"file": ("scan.jpg", data)})
        except httpx.TransportError as error:
            raise NotYet(type(error).__name__) from error
        (item,) = _checked(answer)["items"]
        self._waiting.done()
        return str(item["study_uid"])


@dataclass
class Tus:
    """A resumable upload in pieces; after a fault it goes on where the hub stands."""

    client: httpx.Client
    address: str
    key: str
    run: str
    name: str = "tus"
    _session: requests.Session = field(default_factory=lambda: open_session("fada-soak"))
    _path: str = ""

    def __post_init__(self) -> None:
        self._waiting = _objects(self.run, self.name)

    def send(self) -> str:
        """See ``Sender``."""
        data = self._waiting.get()
        headers = {"Authorization": f"Bearer {self.key}"}
        try:
            running = ResumableUpload(
                self._session, self.address, io.BytesIO(data), headers=headers,
                metadata={"filename": "scan.dcm"}, path=self._path, piece=1 << 16,
            )  # fmt: skip
            if not self._path:
                running.create()
                self._path = running.path
            while not running.whole:
                running.upload_chunk()
        except TusCommunicationError as error:
            if error.status_code in (404, 410):
                self._path = ""
            raise NotYet(str(error.status_code)) from error
        return self._outcome(data)

    def _outcome(self, data: bytes) -> str:
        try:
            answer = _checked(self.client.get(self._path))
        except httpx.TransportError as error:
            raise NotYet(type(error).__name__) from error
        if answer["state"] == "open":
            raise NotYet("not ingested")
        if answer["state"] == "expired":
            self._path = ""
            raise NotYet("expired")
        if answer["state"] != "complete":
            raise Refused(str(answer))
        self._path = ""
        self._waiting.done()
        return _uid(data)


@dataclass
class Dimse:
    """C-STORE, one association a study."""

    port: int
    run: str
    name: str = "C-STORE"

    def __post_init__(self) -> None:
        self._waiting = _objects(self.run, self.name)

    def send(self) -> str:
        """See ``Sender``."""
        data = self._waiting.get()
        dataset = pydicom.dcmread(io.BytesIO(data))
        entity = AE("SOAK")
        entity.acse_timeout = entity.dimse_timeout = entity.network_timeout = 30
        entity.connection_timeout = 10
        syntax = dataset.file_meta.TransferSyntaxUID
        entity.add_requested_context(dataset.SOPClassUID, syntax)
        association = entity.associate("127.0.0.1", self.port, ae_title="FADA")
        if not association.is_established:
            raise NotYet("no association")
        try:
            status = association.send_c_store(dataset)
        except (RuntimeError, ValueError) as error:
            raise NotYet(type(error).__name__) from error
        finally:
            with suppress(RuntimeError):
                association.release()
        code = getattr(status, "Status", None)
        if code is None or code & 0xF000 == 0xA000 or code == 0x0110:
            raise NotYet(str(code))
        if code != 0:
            raise Refused(f"C-STORE status {code:#06x}")
        self._waiting.done()
        return _uid(data)


@dataclass
class Phone:
    """A field device's own program: outbox and sync. Its hub reads the case."""

    client: httpx.Client
    address: str
    home: Path
    seed: int
    name: str = "phone"
    _case: str = ""

    def __post_init__(self) -> None:
        code = self.client.post("/api/devices/codes").raise_for_status().json()["code"]
        self.home.mkdir(parents=True)
        self._outbox = CaseOutbox(self.home, Vault.create(self.home, PIN))
        self._hub = Hub(enrol(self.address, code, "soak"), timeout=30)
        self._images = _pictures(self.seed, self.name)

    def send(self) -> str:
        """See ``Sender``."""
        if not self._case:
            self._case = self._outbox.capture([(next(self._images), "image/jpeg")]).id
            self._outbox.give_up_reading(self._case, "no release on this phone")
        try:
            sync(self._outbox, self._hub)
        except FadaError as error:
            raise NotYet(error.code) from error
        case = self._outbox.get(self._case)
        if case.state in UNSENT:
            raise NotYet(case.problem)
        uid = dicom_values.case_study_uid(self._case)
        self._case = ""
        return uid
