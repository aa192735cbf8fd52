"""The commands against a whole hub."""

import json
import os
import shutil
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from cli import config
from cli.main import app
from cli.resume import PIECE, UnfinishedUploads, digest_of
from services.settings import settings

SAMPLES = Path(__file__).parents[3] / "samples"


@pytest.fixture
def fada(hub, tmp_path, monkeypatch):
    """Run a command as a person would who uses this hub; ``rc`` is the wanted exit code."""
    monkeypatch.setenv("FADA_CONFIG", str(tmp_path / "config"))
    monkeypatch.setenv("FADA_HOME", str(hub.home))
    monkeypatch.setenv("COLUMNS", "160")
    settings.cache_clear()
    config.write(tmp_path / "config", config.RememberedHub(hub.address, hub.key))

    def run(*words, rc=0):
        done = CliRunner().invoke(app, [str(w) for w in words])
        assert done.exit_code == rc, done.output + repr(done.exception)
        return done.output

    yield run
    settings.cache_clear()


def ids(said):
    """Studies of what ``fada send`` printed."""
    return [line.split()[0] for line in said.splitlines() if line.endswith(("image", "images"))]


def test_send_watch_and_report(fada, tmp_path):
    said = fada("send", SAMPLES / "three-heads", "--watch", "--urgent")
    assert "3 of 3 files sent" in said
    (study,) = ids(said)
    assert "report is ready" in said
    text = fada("report", study)
    assert "not for diagnosis" in text
    assert " mm" in text
    report = json.loads(fada("report", study, "--json"))
    assert len(report["frames"]) == 3
    assert "ready" in fada("status", study)
    fada("report", study, "--overlay", tmp_path / "overlays")
    assert len(list((tmp_path / "overlays").glob("*.png"))) == 3
    fada("report", study, "--pdf", tmp_path / "report.pdf")
    assert (tmp_path / "report.pdf").read_bytes().startswith(b"%PDF")


def test_the_same_again_is_one_study(fada, tmp_path):
    shutil.copy(SAMPLES / "femur-uncalibrated.dcm", tmp_path / "a.dcm")
    shutil.copy(SAMPLES / "femur-uncalibrated.dcm", tmp_path / "b.dcm")
    first = fada("send", tmp_path / "*.dcm")
    second = fada("send", tmp_path / "a.dcm")
    assert ids(first) == ids(second)
    assert "1 were there already" in second
    assert len(json.loads(fada("jobs", "list", "--study", ids(first)[0], "--json"))) == 1


def test_a_transfer_that_broke_goes_on_where_it_stood(fada, hub, tmp_path, monkeypatch):
    path = tmp_path / "large.dcm"
    path.write_bytes((SAMPLES / "nt-view.dcm").read_bytes() + os.urandom(0))
    sha256 = digest_of(path)
    half = path.stat().st_size // 2
    headers = {"Authorization": f"Bearer {hub.key}", "Tus-Resumable": "1.0.0"}
    with httpx.Client(base_url=hub.address, headers=headers) as client:
        made = client.post("/tus/", headers={"Upload-Length": str(path.stat().st_size)})
        location = made.headers["Location"]
        client.patch(
            location, content=path.read_bytes()[:half],
            headers={"Content-Type": "application/offset+octet-stream", "Upload-Offset": "0"},
        )  # fmt: skip
    kept = UnfinishedUploads(tmp_path / "config" / "uploads")
    kept.keep(hub.address, sha256, location)
    moved = []
    from cli.commands.studies import send

    real = send.upload

    def counted(hub_: Any, kept_: Any, path_: Any, metadata: Any, tell: Any) -> Any:
        def count(n: int) -> None:
            moved.append(n)
            tell(n)

        return real(hub_, kept_, path_, metadata, count)

    monkeypatch.setattr(
        send,
        "upload",
        counted,
    )
    assert "1 of 1 file sent" in fada("send", path)
    assert moved[0] == half
    assert sum(moved) == path.stat().st_size < PIECE
    assert kept.find(hub.address, sha256) == ""


def test_what_is_no_image_is_refused_with_a_reason(fada, tmp_path):
    path = tmp_path / "notes.txt"
    path.write_text("not an image")
    said = fada("send", path, rc=5)
    assert "refused" in said
    assert "unsupported_media" in said


def test_nothing_to_send(fada, tmp_path):
    assert "no file" in fada("send", tmp_path / "*.dcm", rc=5).lower()


def test_status_and_keys(fada):
    assert "inference" in fada("status")
    made = fada("keys", "create", "scanner in room 2", "--role", "device")
    key = next(word for word in made.split() if word.startswith("fada_"))
    listed = fada("keys", "list")
    assert "scanner in room 2" in listed
    assert key not in listed
    fada("status", "--key", key, rc=3)  # a device may send, not look around
    fada("keys", "revoke", key.split("_")[1])
    fada("send", SAMPLES / "nt-view.dcm", "--key", key, rc=3)


def test_a_study_that_is_not_there(fada):
    fada("report", "01a20fc4-984a-75a0-9f1f-5434e4d88604", rc=4)


def test_a_hub_that_is_not_there(fada):
    said = fada("status", "--hub", "http://127.0.0.1:1", rc=6)
    assert "fada up" in said
    assert "Traceback" not in said


def test_an_image_folder_becomes_studies(fada, tmp_path):
    (tmp_path / "pictures").mkdir()
    shutil.copy(SAMPLES / "head-27w.png", tmp_path / "pictures" / "head.png")
    table = tmp_path / "table.csv"
    table.write_text("file,pixel_mm,patient_id\nhead.png,0.2947,P-1\n")
    said = fada("import-images", tmp_path / "pictures", tmp_path / "dicom", "--csv", table)
    assert "1 object, 1 of them calibrated" in said
    said = fada("send", tmp_path / "dicom", "--watch")
    (frame,) = json.loads(fada("report", *ids(said), "--json"))["frames"]
    assert frame["measurements"][0]["mm"] is not None


def test_the_hub_changes_its_release_and_goes_back_without_losing_a_study(fada, hub, tmp_path):
    shelf = hub.home / "releases"
    before = next(line.split()[1] for line in fada("models", "list").splitlines() if "●" in line)
    other = _again(shelf / before, shelf, "9.9.9")
    said = fada("models", "activate", other)
    assert other in said
    try:
        shutil.copy(SAMPLES / "head-14w.dcm", tmp_path / "x.dcm")
        study = ids(fada("send", tmp_path / "x.dcm", "--watch"))[0]
        assert json.loads(fada("report", study, "--json"))["release"]["version"] == "9.9.9"
    finally:
        fada("models", "activate", "--back")
    shutil.copy(SAMPLES / "head-35w.dcm", tmp_path / "y.dcm")
    study = ids(fada("send", tmp_path / "y.dcm", "--watch"))[0]
    assert json.loads(fada("report", study, "--json"))["release"]["version"] in before
    assert hub.machine.processes["triton"].alive()


def _again(folder, shelf, version):
    """The same weights as another version, signed by a key of the test."""
    import releases

    from services.reading.releases.signature import add_trust, public_bytes, sign

    manifest = json.loads((folder / "manifest.json").read_text())
    target = shelf / f"{manifest['name']}-{version}"
    target.mkdir()
    for name in manifest["files"]:
        os.link((folder / name).resolve(), target / name)
    signed = sign({**manifest, "version": version}, releases.KEY)
    (target / "manifest.json").write_text(json.dumps(signed))
    add_trust(shelf / "trusted-keys.json", public_bytes(releases.KEY), "tests")
    return target.name


def test_a_model_server_that_was_killed_comes_back_by_itself(fada, hub, tmp_path):
    hub.machine.processes["triton"].kill()
    (tmp_path / "heads").mkdir()
    shutil.copy(SAMPLES / "head-27w.dcm", tmp_path / "heads" / "1.dcm")
    said = fada("send", tmp_path / "heads", "--watch")
    assert "report is ready" in said
    while not hub.machine.processes["triton"].ready():  # the test's own time limit ends it
        time.sleep(0.1)


@pytest.mark.parametrize(
    "words", [(), ("send",), ("jobs",), ("deliveries",), ("keys",), ("models", "import"), ("up",)]
)
def test_every_help_has_an_example(fada, words):
    said = fada(*words, "--help", rc=0)
    assert "fada " in said
