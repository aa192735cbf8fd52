"""Gateway, worker and model server have different releases for a while: one version apart, in both ways."""

from __future__ import annotations

from pathlib import Path

import pytest
from small_releases import write

from services.domain.errors import ReleaseUnknown
from services.reading.releases.manifest import Manifest
from services.reading.releases.registry import Manifests
from workers.analysis.study_reader import ReleaseChanged, release_for


@pytest.fixture
def store(tmp_path: Path) -> Path:
    folder = tmp_path / "store"
    write(folder, "1.0.0")
    write(folder, "1.1.0")
    return folder


def signed(one: Manifest) -> str:
    return f"{one.name} {one.version} {one.sha256}"


@pytest.mark.parametrize(("here", "there"), [("1.0.0", "1.1.0"), ("1.1.0", "1.0.0")])
def test_a_study_is_judged_by_the_release_that_answered(store: Path, here: str, there: str) -> None:
    manifests = Manifests(store, f"small-{here}")
    present, other = manifests.active(), Manifests(store, f"small-{there}").active()
    assert release_for({signed(present)}, present, manifests, begun=True) is present
    assert release_for({signed(other)}, present, manifests, begun=False).version == there
    with pytest.raises(ReleaseChanged):  # half of a study by each
        release_for({signed(other)}, present, manifests, begun=True)
    with pytest.raises(ReleaseChanged):
        release_for({signed(other), signed(present)}, present, manifests, begun=False)


def test_one_that_is_not_here_yet_is_waited_for(store: Path) -> None:
    manifests = Manifests(store)
    present = manifests.active()
    for answer in (f"small 1.2.0 {'0' * 64}", f"small 1.1.0 {'0' * 64}", "nonsense"):
        with pytest.raises(ReleaseUnknown) as error:
            release_for({answer}, present, manifests, begun=False)
        assert error.value.retryable
    write(store, "1.2.0")
    newest = Manifests(store).active()
    assert release_for({signed(newest)}, present, manifests, begun=False).version == "1.2.0"
