"""TLS to database, broker and model server: with the right authority it connects, else nothing is sent."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import releases
import servers
from kombu.pools import reset
from pydantic import SecretStr

from bench import postgres
from services.domain.errors import BrokerUnavailable, IndexUnavailable, InferenceUnavailable
from services.domain.work import QUEUES
from services.index import open_index
from services.inference import connect as inference
from services.processes.process import ProcessSpec
from services.queue import broker
from services.reading.contract import ALL_PHASES
from services.settings import Settings
from services.standalone import ports, triton

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl")
_REDIS = shutil.which("redis-server") or shutil.which("valkey-server")


@dataclass(frozen=True)
class Certificate:
    """Of localhost, signed by itself; ``stranger`` is another one's."""

    file: Path
    key: Path
    stranger: Path


@pytest.fixture(scope="module")
def certificate() -> Iterator[Certificate]:
    """In a folder that PostgreSQL's own user can read."""
    folder = Path(tempfile.mkdtemp(prefix="fada-tls-", dir="/tmp"))
    folder.chmod(0o755)
    for name in ("own", "stranger"):
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
             "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
             "-keyout", f"{name}.key", "-out", f"{name}.pem"],
            cwd=folder, check=True, capture_output=True,
        )  # fmt: skip
    if os.geteuid() == 0:
        shutil.chown(folder / "own.key", "postgres")
    yield Certificate(folder / "own.pem", folder / "own.key", folder / "stranger.pem")
    shutil.rmtree(folder)


def test_database(certificate: Certificate) -> None:
    if postgres.programs() is None:
        pytest.skip("PostgreSQL is not installed: apt-get install postgresql")
    files = {"ssl": "on", "ssl_cert_file": certificate.file, "ssl_key_file": certificate.key}
    with postgres.postgres_server(**files) as url:
        address = url.replace("127.0.0.1", "localhost")
        index = open_index(f"{address}?sslmode=verify-full&sslrootcert={certificate.file}")
        index.migrate()
        with index.read() as tx:
            assert tx.keys.find(None) == []
        index.close()
        stranger = open_index(f"{address}?sslmode=verify-full&sslrootcert={certificate.stranger}")
        with pytest.raises(IndexUnavailable), stranger.read() as tx:
            tx.keys.find(None)
        stranger.close()


@pytest.mark.skipif(_REDIS is None, reason="needs redis-server or valkey-server with TLS")
def test_broker(certificate: Certificate, tmp_path: Path) -> None:
    (port,) = ports.free(1)
    command = (
        str(_REDIS), "--port", "0", "--tls-port", str(port), "--bind", "127.0.0.1",
        "--tls-cert-file", str(certificate.file), "--tls-key-file", str(certificate.key),
        "--tls-auth-clients", "no", "--requirepass", "a-password", "--save", "",
        "--dir", str(tmp_path),
    )  # fmt: skip
    spec = ProcessSpec(
        name="redis", command=command, log=tmp_path / "log", ready=lambda: _listens(port)
    )

    def queue(authority: Path) -> broker.CeleryQueue:
        query = f"ssl_cert_reqs=required&ssl_ca_certs={authority}"
        url = f"rediss://:a-password@localhost:{port}/0?{query}"
        return broker.connect(Settings(broker_url=SecretStr(url)))

    with servers.running(spec):
        stranger = queue(certificate.stranger)  # first: kombu's pools do not tell the two apart
        with pytest.raises(BrokerUnavailable):
            stranger.ping()
        stranger.close()
        reset()
        known = queue(certificate.file)
        known.ping()
        assert known.depth() == dict.fromkeys(QUEUES, 0)
        known.close()


@pytest.mark.skipif(bool(triton.missing()), reason=triton.missing())
def test_model_server(certificate: Certificate, tmp_path: Path) -> None:
    """The server asks for a certificate too."""
    store = tmp_path / "releases"
    releases.build(store)
    chosen = dict(zip(triton.PORTS, ports.free(len(triton.PORTS)), strict=True))
    plain = triton.spec(tmp_path, chosen, store, threads=1)
    own = (
        "--grpc-use-ssl-mutual=1",
        f"--grpc-server-cert={certificate.file}",
        f"--grpc-server-key={certificate.key}",
        f"--grpc-root-cert={certificate.file}",
    )
    settings = Settings(
        releases=store, triton_grpc=f"localhost:{chosen['triton_grpc']}", triton_tls=True,
        triton_tls_ca=str(certificate.file), triton_tls_certificate=str(certificate.file),
        triton_tls_key=str(certificate.key), inference_deadline=60.0,
    )  # fmt: skip
    image = np.zeros((releases.SIDE, releases.SIDE), np.uint8)
    with servers.running(replace(plain, command=plain.command + own)):
        known = inference.connect(settings)
        assert len(known.read([image], ALL_PHASES)) == 1
        known.close()
        for change in ({"triton_tls_ca": str(certificate.stranger)}, {"triton_tls": False}):
            stranger = inference.connect(settings.model_copy(update=change))
            with pytest.raises(InferenceUnavailable):
                stranger.read([image], ALL_PHASES)
            stranger.close()


def _listens(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False
