from services.reading.store import names, open_release, trust_of
from services.standalone.releases import gather


def test_bundled_releases_are_linked_and_trusted_and_imported_ones_stay(tmp_path):
    import releases

    releases.build(tmp_path / "bundled", "1.0.0")
    own = gather(tmp_path / "bundled", tmp_path / "own")
    releases.build(own, "2.0.0")
    gather(tmp_path / "bundled", own)
    assert names(own) == ("fada-test-1.0.0", "fada-test-2.0.0")
    assert open_release(own, trust_of(own), "fada-test-1.0.0").manifest.version == "1.0.0"
    assert not (own / "fada-test-2.0.0").is_symlink()


def test_a_bundled_release_that_is_gone_goes(tmp_path):
    import shutil

    import releases

    releases.build(tmp_path / "bundled", "1.0.0")
    own = gather(tmp_path / "bundled", tmp_path / "own")
    shutil.rmtree(tmp_path / "bundled" / "fada-test-1.0.0")
    gather(tmp_path / "bundled", own)
    assert names(own) == ()
