import shutil

import releases

from services.reading.releases.registry import activate, active_name, names, open_release, trust_of
from services.standalone.releases import gather


def test_bundled_releases_are_linked_and_trusted_and_imported_ones_stay(tmp_path):
    releases.build(tmp_path / "bundled", "1.0.0")
    own = gather(tmp_path / "bundled", tmp_path / "own")
    releases.build(own, "2.0.0")
    gather(tmp_path / "bundled", own)
    assert names(own) == ("fada-test-1.0.0", "fada-test-2.0.0")
    assert open_release(own, trust_of(own), "fada-test-1.0.0").manifest.version == "1.0.0"
    assert not (own / "fada-test-2.0.0").is_symlink()


def test_a_bundled_release_that_is_gone_goes(tmp_path):
    releases.build(tmp_path / "bundled", "1.0.0")
    own = gather(tmp_path / "bundled", tmp_path / "own")
    shutil.rmtree(tmp_path / "bundled" / "fada-test-1.0.0")
    gather(tmp_path / "bundled", own)
    assert names(own) == ()


def test_importing_one_changes_nothing_before_it_is_activated(tmp_path):
    releases.build(tmp_path / "bundled", "1.0.0")
    own = gather(tmp_path / "bundled", tmp_path / "own")
    releases.build(own, "2.0.0")
    gather(tmp_path / "bundled", own)
    assert active_name(own, trust_of(own)) == "fada-test-1.0.0"


def test_an_update_brings_its_newer_release_once(tmp_path):
    releases.build(tmp_path / "bundled", "1.0.0")
    own = gather(tmp_path / "bundled", tmp_path / "own")
    releases.build(tmp_path / "bundled", "1.1.0")
    gather(tmp_path / "bundled", own)
    assert active_name(own, trust_of(own)) == "fada-test-1.1.0"
    activate(own, "fada-test-1.0.0", trust_of(own), rollback=True)
    gather(tmp_path / "bundled", own)
    assert active_name(own, trust_of(own)) == "fada-test-1.0.0"


def test_an_update_does_not_replace_what_somebody_chose(tmp_path):
    releases.build(tmp_path / "bundled", "1.0.0")
    own = gather(tmp_path / "bundled", tmp_path / "own")
    releases.build(own, "3.0.0", name="fada-own")
    activate(own, "fada-own-3.0.0", trust_of(own))
    releases.build(tmp_path / "bundled", "1.1.0")
    gather(tmp_path / "bundled", own)
    assert active_name(own, trust_of(own)) == "fada-own-3.0.0"
