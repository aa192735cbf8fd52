"""A machine before it starts: its folder, its lock, its settings."""

import stat
import time
from concurrent.futures import Future
from contextlib import contextmanager

import pytest
import releases

from services.domain.errors import InvalidInput
from services.processes import start_grace
from services.processes.process import Process, ProcessFailed, ProcessSpec
from services.settings import Settings
from services.standalone import local_stack, ports, triton
from services.standalone.doctor import Doctor
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
        command_words = " ".join(w for p in made._servers() for w in p.command)
        assert "0.0.0.0" not in command_words
        assert made.settings.host == "127.0.0.1"
        assert "bind 127.0.0.1" in (made.home / "valkey" / "valkey.conf").read_text()


def test_every_program_is_asked_whether_it_answers(tmp_path, bundled, monkeypatch):
    """At the address where it listens, and only while it does not start."""
    asked = []
    monkeypatch.setattr(local_stack, "http_ok", lambda *about: asked.append(about))
    monkeypatch.setattr(local_stack, "listener_answers", lambda *about: asked.append(about))
    dimse, hl7 = ports.free(2)
    given = {"FADA_DIMSE_PEERS": "US1", "FADA_HL7_SENDERS": "HIS"}
    options = {"dimse_port": dimse, "hl7_port": hl7, "listen": "0.0.0.0", "environment": given}
    with machine(tmp_path / "home", bundled, runner="inprocess", **options) as made:
        parts = (*made._servers(), *made._programs())
        made.processes |= {part.name: Process(part) for part in parts}
        checks = made._checks()
        made.processes.clear()
        assert set(checks) == {part.name for part in parts}
        for name in ("worker", "sweeper", "dimse", "hl7"):
            checks[name]()
        worker, sweeper = (made.ports[f"{name}_metrics"] for name in ("worker", "sweeper"))
    assert [about[:2] for about in asked] == [
        (worker, "/metrics"), (sweeper, "/metrics"), ("0.0.0.0", dimse), ("0.0.0.0", hl7)
    ]  # fmt: skip


def asleep(ready=lambda: False, name="part"):
    process = Process(ProcessSpec(name, ("sleep", "1000"), ready=ready))
    process.start()
    return process


@pytest.mark.parametrize("starts", [True, False])
def test_what_hangs_is_ended_and_what_starts_is_not(tmp_path, bundled, monkeypatch, starts):
    monkeypatch.setattr(Process, "starting", lambda _: starts)
    with machine(tmp_path / "home", bundled) as made:
        made.processes["part"] = process = asleep()
        made._doctor = Doctor({"part": lambda: False}, every=0.01, most=1)
        while not made._doctor._failures["part"]:  # the test's own time limit ends it
            time.sleep(0.01)
        made.tend()
        assert process.alive() is starts


def test_a_start_is_waited_for_as_long_as_it_makes_progress(tmp_path, bundled, monkeypatch):
    answers, made_bucket = iter([False, False, True]), []
    pending: Future[None] = Future()
    pending.set_result(None)

    def bucket():
        made_bucket.append(next(answers, "after the store was ready"))
        return pending

    with machine(tmp_path / "home", bundled) as made:
        made.processes["object store"] = slow = asleep(lambda: next(answers), "object store")
        made._wait([slow], time.monotonic() - 100_000, None, bucket)
        assert made_bucket == ["after the store was ready"]
        made.processes["part"] = silent = asleep()
        monkeypatch.setattr(start_grace, "IDLE_SECONDS", 0.0)
        with pytest.raises(ProcessFailed, match="does not answer"):
            made._wait([silent], time.monotonic(), None, bucket)


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
