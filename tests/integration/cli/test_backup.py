"""Backed up while it works, wiped, restored: a hub in a folder, and one on PostgreSQL and S3."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import index_cases
import pytest
import servers
import whole_hub
from servers_postgres import fresh_database
from starlette.testclient import TestClient
from typer.testing import CliRunner

from cli.main import app
from gateway.app import create_app
from gateway.audit.seals import seal, seal_key
from gateway.bootstrap import compose
from services import credentials
from services.backup.encryption import Encryption, new_identity
from services.backup.folder import Folder
from services.backup.make import back_up
from services.backup.restore import HubInUse, OtherStore, check, restore, secret_of
from services.composition import Adapters
from services.domain.errors import NotFound
from services.domain.report import Origin
from services.domain.study import Role
from services.index.port import Artefact
from services.settings import Settings
from services.standalone import folder_hub
from services.storage import connect as storage

MASK = b"a mask" * 100
SAMPLE = Path(__file__).parents[3] / "samples" / "head-27w.dcm"


@dataclass
class Known:
    """What a hub held before it was wiped."""

    study: str
    key: str
    credentials: str
    mac: str


def filled(settings: Settings, tmp: Path) -> Known:
    """A study as it is received, a result with an object, a key, credentials, a sealed audit trail."""
    parts = Adapters(settings)
    parts.index.migrate()
    parts.store.prepare()
    data = SAMPLE.read_bytes()
    sha256 = hashlib.sha256(data).hexdigest()
    (tmp / "received").write_bytes(data)
    parts.store.put_file("north", tmp / "received", sha256, "application/dicom")
    mask = parts.store.put("north", MASK, "image/png")
    with parts.index.begin() as tx:
        index_cases.send(tx, instances=[index_cases.instance(sha=sha256, size=len(data))])
        study = tx.studies.by_uid("north", "1.2")
        artefact = Artefact("mask", mask.sha256, "image/png", mask.size, "1.2.3.1", 1)
        tx.results.add(
            index_cases.ANNA, study.id, index_cases.report(), [artefact],
            origin=Origin.HUB, based_on=None,
        )  # fmt: skip
        _, key = tx.keys.create("north", Role.ADMIN, "an administrator")
    sealing = seal_key(settings.secret_key.get_secret_value().encode())
    seal(parts.index, sealing)
    with parts.index.read() as tx:
        mac = tx.audit_seals.verify(sealing).mac
    assert mac
    parts.index.close()
    parts.store.close()
    return Known(study.id, key, credentials.seal(settings, {"password": "of the PACS"}), mac)


def readable(settings: Settings, known: Known) -> None:
    """By a gateway, with the key of before: report, mask, image, seals and credentials."""
    services = compose(settings)
    with TestClient(create_app(services)) as client:
        client.headers["Authorization"] = f"Bearer {known.key}"
        response = client.get(f"/api/studies/{known.study}/results/latest")
        assert response.status_code == 200, response.text
        (frame,) = response.json()["report"]["frames"]
        assert frame["plane"]["label"] == "head"
        image = client.get("/dicomweb/studies/1.2/series/1.2.3/instances/1.2.3.1")
        assert image.status_code == 200, image.text
        trail = client.get("/api/audit/verify", params={"noted": known.mac}).json()
        assert trail["holds"], trail
    assert services.store.get("north", hashlib.sha256(MASK).hexdigest()) == MASK
    assert credentials.unseal(settings, known.credentials) == {"password": "of the PACS"}
    with services.index.begin() as tx:  # numbers that the database counts go on
        tx.audit.add(index_cases.ANNA, "test", known.study, {})
        assert services.store.owners() == {tx.objects.identity()}
    services.close()


Fada = Callable[..., str]


@pytest.fixture
def fada(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Fada:
    monkeypatch.setenv("COLUMNS", "300")

    def run(*words: object, code: int = 0) -> str:
        done = CliRunner().invoke(app, [str(word) for word in words])
        assert done.exit_code == code, done.output
        return done.output

    return run


def test_a_hub_in_a_folder(tmp_path: Path, fada: Fada) -> None:
    home, other, kept = tmp_path / "home", tmp_path / "other", tmp_path / "backups"
    identity = tmp_path / "identity"
    whole_hub.take_free_ports(home)
    with folder_hub.opened(home, at_rest=True) as settings:
        known = filled(settings, tmp_path)
        words = ("backup", kept, "--home", home)
        assert "2 objects" in fada(*words, "--dry-run")
        assert not kept.exists()
        said = fada(*words, "--new-identity", identity)  # the hub runs: its folder is held
        assert "new: 2" in said
        recipient = said.split("recipient: ")[1].split()[0]
        assert "new: 0" in fada(*words, "--for", recipient, "--keep", "1")
        assert "encrypted for others" in fada(*words, code=5)
        assert "running already" in fada(
            "restore", kept, "--home", home, "--identity", identity, code=5
        )
    (name,) = Folder(kept, Encryption()).names()
    assert not any(SAMPLE.read_bytes()[:64] in one.read_bytes() for one in files(kept))
    shutil.rmtree(home)

    whole_hub.take_free_ports(other)
    assert "identity" in fada("restore", kept, "--home", other, code=5)
    assert "as they were written" in fada("restore", kept, "--identity", identity, "--dry-run")
    said = fada("restore", kept, "--home", other, "--identity", identity)
    assert f"{name}: 2 objects and the index are back" in said
    with folder_hub.opened(other, at_rest=True) as settings:
        readable(settings, known)
        store, folder = storage.connect(settings), Folder(kept, Encryption.of(identity))
        folder.open()
        with pytest.raises(HubInUse):
            restore(settings, store, folder, name)
        done = restore(settings, store, folder, name, replace=True)
        store.close()
        assert done.before is not None
        assert done.before.is_file()
        readable(settings, known)


def files(folder: Path) -> Iterator[Path]:
    return (one for one in folder.rglob("*") if one.is_file())


@pytest.fixture
def on_postgres(
    tmp_path: Path, postgres_url: str, seaweed: servers.Seaweed
) -> Iterator[Callable[[str], Settings]]:
    """Settings of a hub with a fresh database and a bucket of the name given."""
    with fresh_database(postgres_url) as one, fresh_database(postgres_url) as two:
        left = [one, two]

        def made(name: str) -> Settings:
            more: dict[str, Any] = {
                "index_url": left.pop(),
                "s3_bucket": name,
                "secret_key": "k" * 32,
            }
            return servers.settings_for(tmp_path / name, None, seaweed, **more)

        yield made


def test_postgresql_and_s3(tmp_path: Path, on_postgres: Callable[[str], Settings]) -> None:
    first, second = on_postgres("backup-first"), on_postgres("backup-second")
    known = filled(first, tmp_path)
    folder = Folder(tmp_path / "backups", Encryption())
    folder.prepare([])
    store = storage.connect(first)
    made = back_up(first, store, folder)
    store.close()
    assert (made.objects, made.copied, made.missing) == (2, 2, ())
    manifest = check(folder, made.name)
    assert manifest.head.kind == "postgresql"

    index = Adapters(second).index
    index.migrate()  # as the preparing job has done before
    index.close()
    empty = storage.connect(second)
    assert secret_of(folder, made.name) == "k" * 32
    restore(second, empty, folder, made.name)
    readable(second, known)
    with pytest.raises(HubInUse):
        restore(second, empty, folder, made.name)
    restore(second, empty, folder, made.name, replace=True)
    readable(second, known)
    empty.close()


def test_another_hubs_store_is_refused(tmp_path: Path, seaweed: servers.Seaweed) -> None:
    more: dict[str, Any] = {"secret_key": "k" * 32, "s3_bucket": "backup-other"}
    first = servers.settings_for(
        tmp_path, None, seaweed, index_url=f"sqlite:///{tmp_path}/first.db", **more
    )
    filled(first, tmp_path)
    folder = Folder(tmp_path / "backups", Encryption())
    folder.prepare([])
    store = Adapters(first).store
    store.claim("the identity of another index")
    made = back_up(first, store, folder)
    second = first.model_copy(update={"index_url": f"sqlite:///{tmp_path}/second.db"})
    with pytest.raises(OtherStore):
        restore(second, store, folder, made.name)
    assert not (tmp_path / "second.db").exists()
    store.close()


def test_what_the_store_has_lost_is_named_and_the_rest_is_kept(
    tmp_path: Path, seaweed: servers.Seaweed
) -> None:
    more: dict[str, Any] = {"secret_key": "k" * 32, "s3_bucket": "backup-lost"}
    settings = servers.settings_for(
        tmp_path, None, seaweed, index_url=f"sqlite:///{tmp_path}/index.db", **more
    )
    filled(settings, tmp_path)
    store = Adapters(settings).store
    lost = hashlib.sha256(MASK).hexdigest()
    store.delete("north", lost)
    folder = Folder(tmp_path / "backups", Encryption.to([new_identity()[1]]))
    folder.prepare(["somebody"])
    made = back_up(settings, store, folder)
    assert [one.sha256 for one in made.missing] == [lost]
    assert folder.manifest(made.name).missing == [["north", lost]]
    with pytest.raises(NotFound):
        folder.manifest("20200101T000000Z")
    store.close()
    assert lost not in [one.name for one in files(tmp_path / "backups")]
