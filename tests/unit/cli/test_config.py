import stat

from pydantic import SecretStr

from cli.config import RememberedHub, read, target, write
from services.settings import Settings


def test_what_is_remembered_is_for_its_owner_alone(tmp_path):
    path = write(tmp_path / "config", RememberedHub("http://hub", "fada_x_y"))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert read(tmp_path / "config") == RememberedHub("http://hub", "fada_x_y")


def test_a_damaged_file_is_nothing(tmp_path):
    (tmp_path / "hub.json").write_text("[]")
    assert read(tmp_path) == RememberedHub()


def test_options_before_environment_before_memory(tmp_path):
    write(tmp_path, RememberedHub("http://kept", "kept"))
    bare = Settings(config=tmp_path)
    assert target(bare, "", "") == RememberedHub("http://kept", "kept")
    settings = Settings(config=tmp_path, hub_url="http://env/", hub_key=SecretStr("env"))
    assert target(settings, "", "") == RememberedHub("http://env", "env")
    assert target(settings, "http://given", "given") == RememberedHub("http://given", "given")


def test_a_remembered_key_goes_to_no_other_hub(tmp_path):
    write(tmp_path, RememberedHub("http://kept", "kept"))
    assert target(Settings(config=tmp_path), "http://other", "").key == ""
