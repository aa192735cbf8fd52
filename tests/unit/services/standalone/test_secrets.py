import stat

from services.standalone import secrets


def test_made_once_kept_and_for_the_owner_alone(tmp_path):
    path = tmp_path / "secrets.json"
    first = secrets.load(path)
    assert secrets.load(path) == first
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert len({first.broker_password, first.s3_secret_key, first.s3_kek, first.page_key}) == 4
    assert all(len(v) == 64 for v in (first.broker_password, first.s3_kek))


def test_two_machines_have_different_ones(tmp_path):
    assert secrets.load(tmp_path / "a.json") != secrets.load(tmp_path / "b.json")
