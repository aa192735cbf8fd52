"""Which release speaks: changed whole or not at all, and never by accident to an older one."""

import json
from pathlib import Path

import pytest
from small_releases import write

from services.domain.errors import InferenceUnavailable, NotFound, ReleaseOlder, ReleaseRefused
from services.reading.releases.registry import (
    POINTER,
    Manifests,
    activate,
    active_name,
    go_back,
    names,
    open_release,
    pointer,
    trust_of,
)
from services.reading.releases.release import TRUSTED_KEYS


@pytest.fixture
def store(tmp_path: Path) -> Path:
    folder = tmp_path / "store"
    write(folder, "1.0.0")
    write(folder, "1.2.0")
    write(folder, "1.10.0")
    return folder


def test_without_a_choice_the_newest_speaks(store: Path) -> None:
    assert active_name(store, trust_of(store)) == "small-1.10.0"
    assert names(store) == ("small-1.0.0", "small-1.10.0", "small-1.2.0")


def test_an_unreadable_one_is_passed_over(store: Path) -> None:
    (store / "small-1.10.0" / "manifest.json").write_text("{}")
    assert active_name(store, trust_of(store)) == "small-1.2.0"


def test_older_needs_a_rollback(store: Path) -> None:
    trust = trust_of(store)
    with pytest.raises(ReleaseOlder):
        activate(store, "small-1.2.0", trust)
    assert pointer(store) is None
    assert activate(store, "small-1.2.0", trust, rollback=True).version == "1.2.0"
    assert open_release(store, trust).manifest.version == "1.2.0"


def test_forward_and_back(store: Path) -> None:
    trust = trust_of(store)
    activate(store, "small-1.0.0", trust, rollback=True)
    activate(store, "small-1.2.0", trust)
    assert go_back(store, trust).version == "1.0.0"
    assert go_back(store, trust).version == "1.2.0"


def test_there_is_no_way_back_from_the_first(tmp_path: Path) -> None:
    store = tmp_path / "store"
    write(store)
    with pytest.raises(NotFound):
        go_back(store, trust_of(store))


def test_a_refused_release_leaves_the_present_one(store: Path) -> None:
    trust = trust_of(store)
    activate(store, "small-1.2.0", trust, rollback=True)
    before = (store / POINTER).read_bytes()
    (store / "small-1.10.0" / "text.gguf").write_bytes(b"GGUF")
    with pytest.raises(ReleaseRefused):
        activate(store, "small-1.10.0", trust)
    assert (store / POINTER).read_bytes() == before
    assert open_release(store, trust).manifest.version == "1.2.0"


def test_activating_twice_keeps_the_way_back(store: Path) -> None:
    trust = trust_of(store)
    activate(store, "small-1.0.0", trust, rollback=True)
    activate(store, "small-1.2.0", trust)
    activate(store, "small-1.2.0", trust)
    assert go_back(store, trust).version == "1.0.0"


@pytest.mark.parametrize("text", ["", "{", "[]", '{"active": "gone-1.0.0"}'])
def test_a_broken_note_falls_back_to_the_newest(store: Path, text: str) -> None:
    (store / POINTER).write_text(text)
    assert active_name(store, trust_of(store)) == "small-1.10.0"


@pytest.mark.parametrize("name", ["", "../store/small-1.0.0", "small-9.9.9", "/etc"])
def test_only_what_is_here_can_be_activated(store: Path, name: str) -> None:
    with pytest.raises(NotFound):
        activate(store, name, trust_of(store))


def test_an_empty_store_says_so(store: Path, tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        active_name(tmp_path / "nowhere", trust_of(store))


def test_another_name_is_never_older(store: Path) -> None:
    write(store, "0.1.0", name="other")
    trust = trust_of(store)
    activate(store, "small-1.10.0", trust)
    assert activate(store, "other-0.1.0", trust).name == "other"
    assert json.loads((store / POINTER).read_text())["previous"] == "small-1.10.0"


def test_keys_are_read_when_a_manifest_is(store: Path) -> None:
    activate(store, "small-1.0.0", trust_of(store), rollback=True)
    manifests = Manifests(store)
    assert manifests.active().version == "1.0.0"
    (store / TRUSTED_KEYS).unlink()
    known = manifests.active()
    assert known.version == "1.0.0"
    assert manifests.of_answer(f"{known.name} {known.version} {known.sha256}") is known
    (store / POINTER).write_text(json.dumps({"active": "small-1.2.0"}))
    with pytest.raises(InferenceUnavailable):
        manifests.active()


def test_another_active_release_is_followed(store: Path) -> None:
    activate(store, "small-1.0.0", trust_of(store), rollback=True)
    manifests = Manifests(store)
    assert manifests.active().version == "1.0.0"
    activate(store, "small-1.2.0", trust_of(store))
    assert manifests.active().version == "1.2.0"
