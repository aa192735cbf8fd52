"""One suite on the store in memory, on the real S3 server, on a folder, and on folder and S3 as one."""

import hashlib
import os

import pytest

from services.domain.errors import InvalidInput, NotFound, ObjectCorrupt
from services.storage.local import LocalStore
from services.storage.memory import MemoryStore
from services.storage.tiered import TieredStore


@pytest.fixture(params=["memory", "seaweed", "folder", "folder and seaweed"])
def store(request):
    if request.param == "memory":
        return MemoryStore()
    if request.param == "seaweed":
        return request.getfixturevalue("object_store")
    local = LocalStore(request.getfixturevalue("tmp_path") / "originals")
    made = (
        local
        if request.param == "folder"
        else TieredStore(local, request.getfixturevalue("object_store"))
    )
    made.prepare()
    return made


@pytest.fixture
def site():
    return f"site-{os.urandom(6).hex()}"


def test_what_was_put_comes_back(store, site):
    data = os.urandom(100_000)
    stored = store.put(site, data, "application/dicom")
    assert (stored.sha256, stored.size, stored.new) == (
        hashlib.sha256(data).hexdigest(),
        100_000,
        True,
    )
    assert store.get(site, stored.sha256) == data
    assert store.exists(site, stored.sha256)


def test_the_same_bytes_again_are_one_object(store, site):
    first, second = (store.put(site, b"mask", "image/png") for _ in range(2))
    assert first.new
    assert not second.new
    assert [item[1] for item in store.list(site)] == [first.sha256]


def test_a_site_sees_nothing_of_another(store, site):
    stored = store.put(site, b"theirs", "image/png")
    with pytest.raises(NotFound):
        store.get(f"{site}-b", stored.sha256)
    assert not store.exists(f"{site}-b", stored.sha256)
    assert list(store.list(f"{site}-b")) == []


def test_a_file_goes_in_and_is_hashed_on_its_way(store, site, tmp_path):
    path = tmp_path / "instance.dcm"
    path.write_bytes(os.urandom(50_000))
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    assert store.put_file(site, path, sha256, "application/dicom").new
    assert store.get(site, sha256) == path.read_bytes()


def test_a_file_that_changed_is_refused(store, site, tmp_path):
    path = tmp_path / "instance.dcm"
    path.write_bytes(b"edited after it was hashed")
    claimed = hashlib.sha256(b"as it was received").hexdigest()
    with pytest.raises(ObjectCorrupt):
        store.put_file(site, path, claimed, "application/dicom")
    assert not store.exists(site, claimed)


def test_ranges(store, site):
    data = os.urandom(1000)
    sha256 = store.put(site, data, "application/dicom").sha256
    assert b"".join(store.open(site, sha256)) == data
    assert b"".join(store.open(site, sha256, 10, 20)) == data[10:30]
    assert b"".join(store.open(site, sha256, 990)) == data[990:]
    assert b"".join(store.open(site, sha256, 0, 7)) == data[:7]
    assert b"".join(store.open(site, sha256, 5, 0)) == b""


def test_an_empty_object(store, site):
    sha256 = store.put(site, b"", "text/plain").sha256
    assert store.get(site, sha256) == b""


def test_delete_is_calm_about_what_is_not_there(store, site):
    sha256 = store.put(site, b"orphan", "image/png").sha256
    store.delete(site, sha256)
    store.delete(site, sha256)
    assert not store.exists(site, sha256)
    with pytest.raises(NotFound):
        store.open(site, sha256)


def test_list_tells_site_hash_and_age(store, site):
    sha256 = store.put(site, b"young", "image/png").sha256
    ((found_site, found_sha256, age),) = store.list(site)
    assert (found_site, found_sha256) == (site, sha256)
    assert 0 <= age < 300
    assert (site, sha256) in {(s, h) for s, h, _ in store.list()}


@pytest.mark.parametrize("name", ["../other", "a/b", "", "x" * 65, "a\x00b"])
def test_a_name_from_outside_never_becomes_a_key(store, name):
    with pytest.raises(InvalidInput):
        store.put(name, b"x", "text/plain")


@pytest.mark.parametrize("sha256", ["../../etc/passwd", "0" * 63, "Z" * 64])
def test_what_is_no_hash_is_not_found(store, site, sha256):
    with pytest.raises(NotFound):
        store.get(site, sha256)


def test_ping_leaves_nothing(store, site):
    before = len(list(store.list()))
    store.ping()
    assert len(list(store.list())) == before


def test_a_store_is_claimed_once(store):
    store.claim("first")
    (owner,) = store.owners()  # the store of other tests may be claimed already
    assert owner
    store.claim("second")
    assert store.owners() == {owner}
    assert owner not in {sha256 for _, sha256, _ in store.list()}
