import socket

from services.standalone import ports


def test_ports_of_last_time_are_used_again(tmp_path):
    note = tmp_path / "ports.json"
    ports.keep(note, {"gateway": ports.free(1)[0]})
    first, _ = ports.choose(["gateway"], note)
    second, said = ports.choose(["gateway"], note)
    assert first == second
    assert said == []


def test_a_taken_port_is_avoided_and_said(tmp_path):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]
        chosen, said = ports.choose(["gateway"], tmp_path / "ports.json", {"gateway": taken})
    assert chosen["gateway"] != taken
    assert str(taken) in said[0]
    assert str(chosen["gateway"]) in said[0]


def test_free_ports_are_different():
    free_ports = ports.free(20)
    assert len(set(free_ports)) == 20
    assert all(ports.is_free(p) for p in free_ports)


def test_a_damaged_note_is_no_obstacle(tmp_path):
    note = tmp_path / "ports.json"
    note.write_text("{half")
    chosen, _ = ports.choose(["valkey"], note)
    assert chosen["valkey"] > 0


def test_free_ports_are_none_that_outgoing_connections_get(tmp_path, monkeypatch):
    said = tmp_path / "ip_local_port_range"
    said.write_text("30000\t60999\n")
    monkeypatch.setattr(ports, "_OUTGOING", said)
    assert all(port < 30000 for port in ports.free(20))
