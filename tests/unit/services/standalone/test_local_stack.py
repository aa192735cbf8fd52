"""A machine before it starts: its folder, its lock, its settings."""

import stat
from contextlib import contextmanager

import pytest
import releases

from services.domain.errors import InvalidInput
from services.processes.process import Process
from services.settings import Settings
from services.standalone import local_stack, ports, triton
from services.standalone.local_stack import LocalStack, StackOptions
from services.standalone.lock import AlreadyRunning


@pytest.fixture
def bundled(tmp_path):
    releases.build(tmp_path / "bundled")
    return tmp_path / "bundled"


@contextmanager
def machine(home, bundled, **more):
    made = LocalStack(StackOptions(home=home, releases=bundled, **more))
    try:
        yield made
    finally:
        made.stop()


def test_where_triton_cannot_run_the_worker_reads_itself_and_that_is_said(
    tmp_path, bundled, monkeypatch
):
    monkeypatch.setattr(triton, "missing", lambda: "there is no Triton for darwin")
    with machine(tmp_path / "home", bundled) as made:
        assert made.settings.runner == "inprocess"
        assert any("no Triton for darwin" in note and "worker" in note for note in made.notes)
        assert "triton" not in [part.name for part in made._servers()]


def test_one_machine_to_a_folder(tmp_path, bundled):
    with machine(tmp_path / "home", bundled), pytest.raises(AlreadyRunning, match="--home"):
        LocalStack(StackOptions(home=tmp_path / "home", releases=bundled))
    with machine(tmp_path / "home", bundled):
        pass  # it was given back


def test_its_folder_is_for_its_owner_and_no_secret_is_in_a_command(tmp_path, bundled):
    with machine(tmp_path / "home", bundled, runner="inprocess") as made:
        assert stat.S_IMODE(made.home.stat().st_mode) == 0o700
        own = made._secrets
        words = [w for p in (*made._servers(), *made._programs()) for w in p.command]
        for secret in (own.broker_password, own.s3_secret_key, own.s3_kek, own.page_key):
            assert not any(secret in word for word in words)
        assert stat.S_IMODE((made.home / "valkey" / "valkey.conf").stat().st_mode) == 0o600
        assert stat.S_IMODE((made.home / "seaweed" / "s3.json").stat().st_mode) == 0o600


def test_programs_get_the_settings_of_the_machine(tmp_path, bundled, monkeypatch):
    with machine(tmp_path / "home", bundled) as made:
        for name, value in made._environment().items():
            monkeypatch.setenv(name, value)
        seen = Settings()
    for name in made.settings.model_fields_set:
        assert getattr(seen, name) == getattr(made.settings, name), name


def test_all_listen_on_loopback_alone(tmp_path, bundled):
    with machine(tmp_path / "home", bundled) as made:
        told = " ".join(w for p in made._servers() for w in p.command)
        assert "0.0.0.0" not in told
        assert made.settings.host == "127.0.0.1"
        assert "bind 127.0.0.1" in (made.home / "valkey" / "valkey.conf").read_text()


def test_who_answered_once_and_then_stands_still_is_ill(tmp_path, bundled, monkeypatch):
    answers, asked = [False, True, False], []

    def answer(port, path, _seconds=1.0):
        asked.append((port, path))
        return answers[(len(asked) - 1) % 3]

    monkeypatch.setattr(local_stack, "http_ok", answer)
    with machine(tmp_path / "home", bundled, runner="inprocess") as made:
        made.processes |= {
            part.name: Process(part) for part in (*made._servers(), *made._programs())
        }
        checks = made._checks()
        monkeypatch.setattr(Process, "running_seconds", 1.0)
        for name in ("worker", "sweeper"):
            starting, answering, still = (checks[name]() for _ in range(3))
            assert (starting, answering, still) == (True, True, False)
            assert asked[-1] == (made.ports[f"{name}_metrics"], "/metrics")
            monkeypatch.setattr(Process, "running_seconds", 1000.0)
            assert not made._checks()[name](), "a start that never came to an answer"
            monkeypatch.setattr(Process, "running_seconds", 1.0)
            asked.clear()
        made.processes.clear()


def test_another_index_and_another_broker(tmp_path, bundled):
    given = {"index_url": "postgresql://u:p@127.0.0.1:1/x", "broker": tmp_path / "redis-server"}
    with machine(tmp_path / "home", bundled, runner="inprocess", **given) as made:
        assert made._environment()["FADA_INDEX_URL"] == given["index_url"]
        assert made._servers()[0].command[0] == str(given["broker"])


def test_the_network_reaches_the_listeners_that_are_named(tmp_path, bundled):
    (port,) = ports.free(1)
    given = {"FADA_DIMSE_PEERS": "US1", "FADA_DIMSE_NETWORKS": "10.1.0.0/16"}
    options = {"dimse_port": port, "listen": "0.0.0.0", "environment": given}
    with machine(tmp_path / "home", bundled, **options) as made:
        hosts = {one.name: one.env["FADA_HOST"] for one in made._programs()}
        assert hosts.pop("dimse") == "0.0.0.0"
        assert set(hosts.values()) == {"127.0.0.1"}
        assert made.address.startswith("http://127.0.0.1:")
        (opened,) = [note for note in made.notes if note.startswith("open to the network")]
        for word in (f"0.0.0.0:{port}", "US1", "10.1.0.0/16", "without TLS"):
            assert word in opened
        assert any("this machine alone" in note for note in made.notes)


@pytest.mark.parametrize(
    ("listen", "ports_of", "peers", "minded"),
    [
        ("0.0.0.0", {"dimse_port": 11112}, "", "FADA_DIMSE_PEERS"),
        ("0.0.0.0", {"hl7_port": 2575}, "US1", "FADA_HL7_SENDERS"),
        ("0.0.0.0", {}, "US1", "--dimse-port"),
        ("127.0.0.1", {"dimse_port": 11112}, "US1", "address that the network reaches"),
        ("everywhere", {"dimse_port": 11112}, "US1", "address of this machine"),
        ("192.0.2.7", {"dimse_port": 11112}, "US1", "192.0.2.7:11112"),
    ],
)
def test_nothing_is_opened_to_nobody_in_particular(
    tmp_path, bundled, listen, ports_of, peers, minded
):
    options = {**ports_of, "listen": listen, "environment": {"FADA_DIMSE_PEERS": peers}}
    with (
        pytest.raises(InvalidInput) as error,
        machine(tmp_path / "home", bundled, **options),
    ):
        pass
    assert minded.replace(" ", "") in error.value.detail.replace(" ", "")
    with machine(tmp_path / "home", bundled):
        pass  # its folder is not held
