"""``fada serve``: one program in the foreground, configured by FADA_… alone. For containers."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import typer

from services.settings import settings

app = typer.Typer(
    no_args_is_help=True,
    help="""Run one program in the foreground, as containers do. 'fada up' runs all of them.

    Everything is set by environment variables with the prefix FADA_; see docs/deploy.md.
    """,
)


@app.command()
def gateway() -> None:
    """HTTP in, job out: DICOMweb, uploads, pages, phones.

    FADA_GATEWAY_PROCESSES says how many processes share the port; one that ends is replaced.

    Example:  FADA_INDEX_URL=postgresql://… FADA_HOST=0.0.0.0 fada serve gateway
    """
    from gateway import processes
    from services.telemetry import logs, multiprocess

    given = settings()
    logs.setup(given.log_level)
    # Not in FADA_HOME: gateways on several machines may share that.
    with tempfile.TemporaryDirectory(prefix="fada-gateway-") as figures:
        if given.gateway_processes > 1:
            multiprocess.prepare(Path(figures))
        processes.serve(given)


@app.command()
def worker() -> None:
    """Job in, report out: reads studies and delivers results.

    Example:  FADA_TRITON_GRPC=triton:8001 fada serve worker
    """
    from workers.supervisor import main

    main(settings())


@app.command()
def sweeper() -> None:
    """Mends what was interrupted: sends the outbox, takes back lost jobs, removes orphans."""
    from workers.sweeper import main

    main(settings())


@app.command()
def dimse() -> None:
    """A C-STORE receiver for ultrasound machines: the same way in as by HTTP.

    Example:  FADA_DIMSE_PORT=11112 FADA_DIMSE_AET=FADA fada serve dimse
    """
    from gateway.bootstrap import serve_dimse

    serve_dimse(settings())


@app.command()
def hl7() -> None:
    """A listener for HL7 v2 by MLLP: orders and news of patients from a hospital's systems.

    Example:  FADA_HL7_PORT=2575 FADA_HL7_SENDERS=HIS fada serve hl7
    """
    from gateway.bootstrap import serve_hl7

    serve_hl7(settings())


@app.command()
def triton() -> None:
    """NVIDIA Triton from its wheel with FADA's model, on the ports after FADA_TRITON_GRPC.

    Example:  FADA_TRITON_GRPC=127.0.0.1:8001 fada serve triton
    """
    from services.standalone import triton as server

    given = settings()
    grpc = int(given.triton_grpc.rpartition(":")[2])
    ports = {"triton_grpc": grpc, "triton_http": grpc - 1, "triton_metrics": grpc + 1}
    home = given.home.expanduser()
    part = server.spec(home, ports, given.releases, release=given.release, host=given.host)
    os.chdir(part.cwd or home)
    os.execve(part.command[0], part.command, {**os.environ, **part.env})  # noqa: S606


@app.command()
def prepare() -> None:
    """Once before a hub's first start and after an update: database tables, the store's bucket, and the
    image's releases in FADA_RELEASES where that is a volume.

    Calling it again does no harm. 'fada up' does it by itself.
    """
    from services.index import open_index
    from services.storage import connect as storage

    given = settings()
    index = open_index(given.index_url)
    index.migrate()
    index.close()
    store = storage.connect(given)
    store.prepare()
    store.close()
    _gather(given.releases)
    typer.echo("The index and the store are ready.")


@app.command()
def releases() -> None:
    """Link the releases that came with this program into FADA_RELEASES, where that is a volume.

    What was imported there, and which release is in use, stay. 'fada serve prepare' does it too.
    """
    _gather(settings().releases)
    typer.echo("The releases are in place.")


def _gather(own: Path) -> None:
    from services.standalone.local_stack import RELEASES
    from services.standalone.releases import gather

    if own.resolve() != RELEASES.resolve():
        gather(RELEASES, own)


@app.command()
def first_key(
    site: str = typer.Option("default", help="The site that it is for."),
    name: str = typer.Option("first administrator", help="Who will use it."),
) -> None:
    """Make an administrator's key straight in the index, and print it, once.

    For a hub that has no key yet; all others come from 'fada keys create'.
    """
    from services.domain.study import Role
    from services.index import open_index

    index = open_index(settings().index_url)
    with index.begin() as tx:
        _key, secret = tx.keys.create(site, Role.ADMIN, name)
    index.close()
    typer.echo(secret)
    typer.echo("It is not shown again.", err=True)
