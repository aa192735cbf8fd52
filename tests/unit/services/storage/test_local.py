"""A folder as a store: what a crash, a bad disk, another disk or a second process do to it."""

import errno
import hashlib
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from services.domain.errors import NotFound, ObjectCorrupt, StoreUnavailable
from services.storage.local import LocalStore
from services.storage.memory import MemoryStore
from services.storage.tiered import TieredStore


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "originals"


@pytest.fixture
def store(folder):
    made = LocalStore(folder)
    made.prepare()
    return made


def spooled(folder, data, mode=0o400):
    path = folder / os.urandom(8).hex()
    path.write_bytes(data)
    path.chmod(mode)
    return path, hashlib.sha256(data).hexdigest()


def named(folder, site, sha256):
    return folder / site / sha256[:2] / sha256


def test_a_finished_file_is_kept_as_it_is_and_survives_its_first_name(store, folder, tmp_path):
    path, sha256 = spooled(tmp_path, b"received")
    assert store.put_file("a", path, sha256, "application/dicom").new
    assert named(folder, "a", sha256).samefile(path)
    path.unlink()
    assert store.get("a", sha256) == b"received"


def test_a_file_is_flushed_once_and_before_it_has_its_name(store, tmp_path, monkeypatch):
    flushed = []
    sync = os.fsync

    def noted(handle: int) -> None:
        flushed.append(os.fstat(handle).st_ino)
        sync(handle)

    monkeypatch.setattr(os, "fsync", noted)
    path, sha256 = spooled(tmp_path, b"settled while it was read")
    store.settle(path)
    store.put_file("a", path, sha256, "application/dicom")
    other, other_sha256 = spooled(tmp_path, b"not settled before")
    store.put_file("a", other, other_sha256, "application/dicom")
    for one in (path, other):
        assert flushed.count(one.stat().st_ino) == 1


def test_a_file_that_may_still_change_is_copied(store, tmp_path):
    """An upload that goes on after a failed attempt writes into its own file, never into the store."""
    path, sha256 = spooled(tmp_path, b"the first attempt", mode=0o600)
    store.put_file("a", path, sha256, "application/dicom")
    path.write_bytes(b"and another one")
    assert store.get("a", sha256) == b"the first attempt"


def test_a_file_on_another_disk_is_copied(store):
    other = Path("/dev/shm")
    if not os.access(other, os.W_OK) or other.stat().st_dev == Path("/tmp").stat().st_dev:
        pytest.skip("no second file system here")
    path, sha256 = spooled(other, os.urandom(3_000_000))
    try:
        assert store.put_file("a", path, sha256, "application/dicom").new
        assert not store.put_file("a", path, sha256, "application/dicom").new
        assert store.get("a", sha256) == path.read_bytes()
    finally:
        path.unlink()


def test_other_bytes_than_their_hash_leave_nothing(store, folder, tmp_path):
    path, _ = spooled(tmp_path, b"edited after it was hashed", 0o600)
    claimed = hashlib.sha256(b"as it came").hexdigest()
    with pytest.raises(ObjectCorrupt):
        store.put_file("a", path, claimed, "application/dicom")
    assert not [p for p in folder.rglob("*") if p.is_file() and p.name != ".store"]


def test_bytes_that_rotted_in_the_spool_are_never_handed_out(store, tmp_path):
    path, _ = spooled(tmp_path, b"rotted in the spool")
    claimed = hashlib.sha256(b"as it came").hexdigest()
    store.put_file("a", path, claimed, "application/dicom")
    with pytest.raises(ObjectCorrupt):
        store.get("a", claimed)


def test_bytes_that_rotted_are_never_handed_out(store, folder):
    sha256 = store.put("a", b"as it was" * 300_000, "application/dicom").sha256
    place = named(folder, "a", sha256)
    place.chmod(0o600)
    with place.open("r+b") as file:
        file.seek(2_000_000)
        file.write(b"!")
    with pytest.raises(ObjectCorrupt):
        store.get("a", sha256)
    with pytest.raises(ObjectCorrupt):
        b"".join(store.open("a", sha256))


def test_a_disk_that_is_not_mounted_is_an_outage_and_no_empty_store(store, folder):
    sha256 = store.put("a", b"kept", "application/dicom").sha256
    away = folder.rename(folder.with_name("elsewhere"))
    folder.mkdir()
    fresh = LocalStore(folder)
    for ask in (
        lambda: fresh.get("a", sha256),
        lambda: fresh.exists("a", sha256),
        lambda: fresh.delete("a", sha256),
        lambda: list(fresh.list()),
        lambda: fresh.put("a", b"new", "application/dicom"),
        fresh.ping,
    ):
        with pytest.raises(StoreUnavailable):
            ask()
    folder.rmdir()
    away.rename(folder)
    assert fresh.get("a", sha256) == b"kept"


def test_folders_that_somebody_tidied_up_are_made_again(store, folder):
    sha256 = store.put("a", b"first", "application/dicom").sha256
    store.delete("a", sha256)
    for shard in (folder / "a").iterdir():
        shard.rmdir()
    assert store.put("a", b"first", "application/dicom").new
    assert store.get("a", sha256) == b"first"


def test_a_full_disk_is_an_outage(store, monkeypatch):
    """A disk of one's own needs root; what the kernel says when it is full is said here instead."""

    def full(*_args):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StoreUnavailable, match="full"):
        store.put("a", b"x", "application/dicom")
    monkeypatch.undo()
    assert list(store.list()) == []


def test_what_a_killed_process_left_is_no_object_and_goes(store, folder):
    half, young = folder / ".new" / "half", folder / ".new" / "young"
    for path in (half, young):
        path.write_bytes(b"half a file")
    os.utime(half, (time.time() - 200_000,) * 2)
    assert list(store.list()) == []
    LocalStore(folder).prepare()
    assert not half.exists()
    assert young.exists()


def test_an_old_orphan_that_is_needed_again_is_young(store, folder, tmp_path):
    """Else the sweeper could take it between the object and its commit."""
    path, sha256 = spooled(tmp_path, b"came once, was never committed")
    store.put_file("a", path, sha256, "application/dicom")
    os.utime(named(folder, "a", sha256), (1, 1))
    assert next(iter(store.list()))[2] > 86_400
    again, _ = spooled(tmp_path, b"came once, was never committed")
    assert not store.put_file("a", again, sha256, "application/dicom").new
    assert next(iter(store.list()))[2] < 300


def test_many_put_the_same_at_once_and_one_is_first(folder, tmp_path):
    LocalStore(folder).prepare()
    path, sha256 = spooled(tmp_path, os.urandom(100_000))
    stores = [LocalStore(folder) for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda s: s.put_file("a", path, sha256, "application/dicom"), stores))
    assert sum(one.new for one in made) == 1
    assert stores[0].get("a", sha256) == path.read_bytes()


def test_killed_at_any_moment_every_name_has_its_bytes(folder):
    """A process that puts and puts is killed: what has a name is whole."""
    LocalStore(folder).prepare()
    program = (
        "import os, sys; from pathlib import Path; from services.storage.local import LocalStore\n"
        "store = LocalStore(Path(sys.argv[1]))\n"
        "while True: print(store.put('a', os.urandom(400_000), 'x').sha256, flush=True)"
    )
    hashes = []
    for _ in range(3):
        with subprocess.Popen(
            [sys.executable, "-c", program, str(folder)], stdout=subprocess.PIPE, text=True
        ) as child:
            assert child.stdout is not None
            hashes += [child.stdout.readline().strip() for _ in range(5)]
            child.kill()
            hashes += [line.strip() for line in child.stdout if len(line) == 65]
    store = LocalStore(folder)
    for sha256 in hashes:
        assert len(store.get("a", sha256)) == 400_000
    for site, sha256, _age in store.list():
        assert len(store.get(site, sha256)) == 400_000


def test_nobody_else_on_the_machine_may_look(store, folder):
    store.put("a", b"a picture of a patient", "application/dicom")
    assert folder.stat().st_mode & 0o077 == 0


def test_a_folder_hands_out_no_links(store):
    sha256 = store.put("a", b"x", "application/dicom").sha256
    with pytest.raises(NotFound):
        store.presign("a", sha256, 60, "x.dcm")


def test_originals_lie_near_and_results_far(store, tmp_path):
    far = MemoryStore()
    both = TieredStore(store, far)
    path, sha256 = spooled(tmp_path, b"an original")
    both.put_file("a", path, sha256, "application/dicom")
    mask = both.put("a", b"a mask", "image/png").sha256
    assert (store.exists("a", sha256), far.exists("a", sha256)) == (True, False)
    assert (store.exists("a", mask), far.exists("a", mask)) == (False, True)
    assert {s for _, s, _ in both.list("a")} == {sha256, mask}


def test_what_lay_far_before_is_still_found_and_deleted(store):
    far = MemoryStore()
    older = far.put("a", b"came before there was a folder", "application/dicom").sha256
    both = TieredStore(store, far)
    assert both.get("a", older) == b"came before there was a folder"
    assert b"".join(both.open("a", older, 5, 6)) == b"before"
    both.delete("a", older)
    assert not far.exists("a", older)


def test_a_lost_folder_never_reads_as_an_object_that_is_gone(store, folder):
    """A worker gives up on what is gone, and tries again after an outage."""
    both = TieredStore(LocalStore(folder.with_name("not mounted")), MemoryStore())
    with pytest.raises(StoreUnavailable):
        both.get("a", "0" * 64)
