"""The object store down, restarted, or keeping other bytes (case 21)."""

import hashlib
import io
import os
import urllib.error
import urllib.request

import pytest
import servers
from minio import Minio

from services.domain.errors import NotFound, ObjectCorrupt, StoreUnavailable
from services.storage.s3 import S3Store
from services.storage.s3_upload import PART


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    with servers.seaweed_server(tmp_path_factory.mktemp("store")) as server:
        yield server


@pytest.fixture(scope="module")
def store(own):
    made = S3Store(own.endpoint, own.access_key, own.secret_key, "faults")
    made.prepare()
    yield made
    made.close()


def raw(own):
    return Minio(
        own.endpoint,
        access_key=own.access_key,
        secret_key=own.secret_key,
        secure=False,
        region="us-east-1",
    )


def test_killed_and_started_again_it_has_what_it_answered_for(own, store):
    kept = {store.put("a", os.urandom(20_000), "image/png").sha256 for _ in range(20)}
    own.process.kill()
    with pytest.raises(StoreUnavailable) as refusal:
        store.put("a", b"while it is down", "image/png")
    assert refusal.value.retryable
    with pytest.raises(StoreUnavailable):
        store.ping()
    own.restart()
    assert all(len(store.get("a", sha256)) == 20_000 for sha256 in kept)
    assert not store.exists("a", hashlib.sha256(b"while it is down").hexdigest())


def test_bytes_that_rotted_are_never_handed_out(own, store):
    sha256 = store.put("a", b"as it was" * 1000, "image/png").sha256
    name = f"a/{sha256[:2]}/{sha256}"
    raw(own).put_object("faults", name, io.BytesIO(b"as it rots" * 900), 9000)
    with pytest.raises(ObjectCorrupt):
        store.get("a", sha256)
    with pytest.raises(ObjectCorrupt):
        b"".join(store.open("a", sha256))


def test_several_parts_have_the_etag_that_s3_answers(store, tmp_path):
    path = tmp_path / "cine.dcm"
    path.write_bytes(os.urandom(2**20) * (PART // 2**20) + b"the last part")
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    assert store.put_file("a", path, sha256, "application/dicom").new
    assert b"".join(store.open("a", sha256, PART)) == b"the last part"


def test_a_wrong_secret_says_what_to_check(own):
    wrong = S3Store(own.endpoint, own.access_key, "not-the-secret", "faults")
    with pytest.raises(StoreUnavailable, match="FADA_S3_SECRET_KEY"):
        wrong.put("a", b"x", "text/plain")


def test_a_presigned_link_opens_one_object_and_no_other(store):
    sha256 = store.put("a", b"for download", "image/png").sha256
    other = store.put("a", b"not for download", "image/png").sha256
    link = store.presign("a", sha256, 60, 'Müller "x".png')
    with urllib.request.urlopen(link, timeout=60) as answer:
        assert answer.read() == b"for download"
        assert answer.headers["Content-Disposition"].startswith("attachment;")
    with pytest.raises(urllib.error.HTTPError) as refusal:
        urllib.request.urlopen(link.replace(sha256, other), timeout=60)
    assert refusal.value.code == 403


def test_what_is_gone_is_not_an_outage(store):
    with pytest.raises(NotFound):
        store.get("a", "0" * 64)


def test_behind_the_s3_door_http_hands_out_nothing(own, store):
    """Other users of the machine reach the same loopback: only who signs gets anything."""
    sha256 = store.put("a", b"a picture of a patient", "image/png").sha256
    asked = {
        "weed_filer": f"/buckets/faults/a/{sha256[:2]}/{sha256}",
        "s3": f"/faults/a/{sha256[:2]}/{sha256}",
        "weed_master": "/dir/assign",
        "weed_volume": "/1,01637037d6",
    }
    for name, path in asked.items():
        status, body = got(f"http://127.0.0.1:{own.ports[name]}{path}")
        assert b"patient" not in body
        # The master tells where one could write; without a signature nothing may be written there.
        assert status >= 400 or name == "weed_master"


def got(address):
    """(status, body); 599 where nobody answers."""
    try:
        with urllib.request.urlopen(address, timeout=60) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()
    except (urllib.error.URLError, OSError):
        return 599, b""
