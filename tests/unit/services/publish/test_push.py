"""STOW-RS answers: which mean stored, which mean never, which mean later."""

import httpx
import pytest

from services.publish.push import PushFailed, PushRejected, StowPusher, multipart

FAILED = {"00081198": {"vr": "SQ", "Value": [{}]}}


def pusher(status, body=None, seen=None):
    def answer(request):
        if seen is not None:
            seen.append(request)
        return httpx.Response(status, json=body if body is not None else {})

    client = httpx.Client(transport=httpx.MockTransport(answer))
    return StowPusher("https://pacs.example/dicom-web/", "secret", client=client)


def test_body_and_headers():
    seen = []
    pusher(200, seen=seen).store([b"one", b"two"])
    request = seen[0]
    assert str(request.url) == "https://pacs.example/dicom-web/studies"
    assert request.headers["authorization"] == "Bearer secret"
    boundary = request.headers["content-type"].rsplit("=", 1)[1]
    assert request.content == multipart([b"one", b"two"], boundary)


def test_stored_with_warnings_is_stored():
    pusher(202).store([b"one"])


@pytest.mark.parametrize(("status", "body"), [(202, FAILED), (409, FAILED), (409, {}), (415, {})])
def test_refused_is_not_tried_again(status, body):
    with pytest.raises(PushRejected) as refused:
        pusher(status, body).store([b"one"])
    assert not refused.value.retryable


@pytest.mark.parametrize("status", [302, 401, 500, 503])
def test_failed_is_tried_again(status):
    with pytest.raises(PushFailed) as failed:
        pusher(status).store([b"one"])
    assert failed.value.retryable
