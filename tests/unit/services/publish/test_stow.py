"""STOW-RS answers of a real server: which mean stored, which mean never, which mean later."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.server import HTTPServer
from typing import Any

import pytest
from receivers import QuietHandler

from bench.serving import serving
from services.domain.errors import InvalidInput
from services.publish.access import tls_context
from services.publish.outcomes import Outgoing, PushFailed, PushNotAllowed, Taken
from services.publish.stow import StowSender, multipart

ONE = Outgoing("1.2.3", "sr", b"one")


def failed(reason: int | None = None) -> Any:
    item = {} if reason is None else {"00081197": {"vr": "US", "Value": [reason]}}
    return {"00081198": {"vr": "SQ", "Value": [item]}}


class Pacs:
    """Answers each path as it is told, and keeps what it got."""

    def __init__(self) -> None:
        self.answers: dict[str, tuple[int, Any]] = {}
        self.got: list[tuple[str, dict[str, str], bytes]] = []
        outer = self

        class Handler(QuietHandler):
            def do_POST(self) -> None:  # noqa: N802
                outer.got.append((self.path, self.lower_headers(), self.body()))
                status, content = outer.answers.get(self.path, (200, {}))
                self.send_response(status)
                self.end_headers()
                self.wfile.write(json.dumps(content).encode())

            do_GET = do_POST  # noqa: N815

        self.server = HTTPServer(("127.0.0.1", 0), Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}"


@pytest.fixture
def pacs() -> Iterator[Pacs]:
    made = Pacs()
    with serving(made.server):
        yield made


def store(pacs: Pacs, status: int, body: Any = None) -> Taken:
    pacs.answers["/dicom-web/studies"] = (status, {} if body is None else body)
    (taken,) = StowSender(f"{pacs.url}/dicom-web/", {}, {}).store([ONE])
    return taken


def test_body_and_headers(pacs: Pacs) -> None:
    sender = StowSender(f"{pacs.url}/dicom-web", {"sign_in": "bearer"}, {"token": "secret"})
    two = Outgoing("1.2.4", "seg", b"two")
    assert list(sender.store([ONE, two])) == [Taken("1.2.3"), Taken("1.2.4")]
    path, headers, body = pacs.got[0]
    assert path == "/dicom-web/studies"
    assert headers["authorization"] == "Bearer secret"
    assert body == multipart([b"one"], headers["content-type"].rsplit("=", 1)[1])


def test_stored_with_warnings_is_stored(pacs: Pacs) -> None:
    assert store(pacs, 202) == Taken("1.2.3")


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (202, failed(0x0122), "0x0122"),
        (409, failed(0xC000), "0xC000"),
        (409, {}, "http_409"),
        (415, {}, "http_415"),
    ],
)
def test_refused_object_is_not_tried_again(pacs: Pacs, status: int, body: Any, code: str) -> None:
    assert store(pacs, status, body) == Taken("1.2.3", code)


def test_out_of_resources_is_tried_again(pacs: Pacs) -> None:
    assert store(pacs, 202, failed(0xA700)) == Taken("1.2.3", "0xA700", again=True)


def test_an_object_that_the_server_stumbles_over_holds_up_no_other(pacs: Pacs) -> None:
    pacs.answers["/dicom-web/studies"] = (500, {})
    two = Outgoing("1.2.4", "pdf_dicom", b"two")
    taken = list(StowSender(f"{pacs.url}/dicom-web/", {}, {}).store([ONE, two]))
    assert taken == [Taken(uid, "http_500", again=True) for uid in ("1.2.3", "1.2.4")]
    assert len(pacs.got) == 2


def test_an_object_that_is_there_already_is_stored(pacs: Pacs) -> None:
    assert store(pacs, 409, failed(0x0111)) == Taken("1.2.3")


@pytest.mark.parametrize("status", [302, 502, 503])
def test_outage_is_tried_again(pacs: Pacs, status: int) -> None:
    with pytest.raises(PushFailed) as error:
        store(pacs, status)
    assert error.value.retryable


@pytest.mark.parametrize("status", [401, 403])
def test_refused_credentials_have_their_own_code(pacs: Pacs, status: int) -> None:
    with pytest.raises(PushNotAllowed) as error:
        store(pacs, status)
    assert (error.value.code, error.value.retryable) == ("push_not_allowed", True)


def test_client_credentials_are_exchanged_for_a_token_that_is_kept(pacs: Pacs) -> None:
    pacs.answers["/token"] = (200, {"access_token": "abc", "expires_in": 600})
    options = {"sign_in": "oauth2", "token_url": f"{pacs.url}/token", "client_id": "fada"}
    sender = StowSender(pacs.url, options, {"client_secret": "s"})
    list(sender.store([ONE]))
    list(sender.store([ONE]))
    assert [path for path, *_ in pacs.got] == ["/token", "/studies", "/studies"]
    assert b"client_credentials" in pacs.got[0][2]
    assert pacs.got[1][1]["authorization"] == "Bearer abc"
    pacs.answers["/studies"] = (401, {})
    with pytest.raises(PushNotAllowed):
        list(sender.store([ONE]))
    pacs.answers["/studies"] = (200, {})
    list(sender.store([ONE]))
    assert [path for path, *_ in pacs.got][-2:] == ["/token", "/studies"], "a new one is asked for"


def test_sign_in_server_that_refuses_is_named(pacs: Pacs) -> None:
    pacs.answers["/token"] = (400, {"error": "invalid_client"})
    options = {"sign_in": "oauth2", "token_url": f"{pacs.url}/token", "client_id": "fada"}
    with pytest.raises(PushNotAllowed):
        list(StowSender(pacs.url, options, {}).store([ONE]))


def test_certificates_that_are_none_are_refused() -> None:
    with pytest.raises(InvalidInput):
        tls_context({"ca": "nonsense"}, {})
    with pytest.raises(InvalidInput):
        tls_context({}, {"certificate": "nonsense", "key": "nonsense"})


@pytest.mark.parametrize("url", ["ftp://pacs", "https://user:pass@pacs", "https://", "pacs:99999"])
def test_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(InvalidInput):
        StowSender(url, {}, {})
