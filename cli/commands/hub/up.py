"""``fada up``: a whole hub on this machine, and with ``--demo`` one real study through all of it."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from cli import config, follow, report_text
from cli.commands.studies.report import page_of
from cli.commands.studies.send import Sent, send_one
from cli.errors import NotReady
from cli.hub import HubConnection
from cli.resume import UnfinishedUploads
from cli.startup_progress import Board
from services.domain.errors import FadaError
from services.settings import settings

if TYPE_CHECKING:  # it imports database and store: only a start needs them
    from services.standalone.local_stack import LocalStack

SAMPLE = Path(__file__).resolve().parents[3] / "samples" / "head-27w.dcm"


def up(
    demo: Annotated[
        bool, typer.Option(help="Send the sample study, print its report, end by itself.")
    ] = False,
    sample: Annotated[bool, typer.Option(help="Send the sample study, then go on.")] = False,
    home: Annotated[
        Path | None, typer.Option(help="Folder of all state; default: FADA_HOME.")
    ] = None,
    port: Annotated[int, typer.Option(help="The gateway's; 0: 8042, or a free one.")] = 0,
    dimse_port: Annotated[int, typer.Option(help="Take DICOM on this port; 0: not at all.")] = 0,
    hl7_port: Annotated[int, typer.Option(help="Take HL7 v2 on this port; 0: not at all.")] = 0,
    listen: Annotated[
        str,
        typer.Option(
            help="Let the network reach these two at this address of the machine (0.0.0.0: all); pages"
            " and the rest stay here. Says what it opens, and to whom."
        ),
    ] = "",
    releases: Annotated[
        Path | None, typer.Option(exists=True, file_okay=False, help="Folder of bundled releases.")
    ] = None,
    runner: Annotated[str, typer.Option(help="triton, or inprocess to do without it.")] = "triton",
    study: Annotated[
        Path, typer.Option(exists=True, dir_okay=False, help="Another file to send.")
    ] = SAMPLE,
) -> None:
    """Start Valkey, SeaweedFS, Triton, worker, sweeper and gateway here. Ctrl-C ends all of them.

    All state lies in one folder, and the next start uses it again. Ports that are taken are avoided.
    The first start prints an API key, once; 'fada' remembers it on this machine.

    Examples:

      fada up                    a hub until Ctrl-C

      fada up --sample           the same, and a real study to look at

      FADA_DIMSE_PEERS=US1 fada up --dimse-port 11112 --listen 192.168.1.5

      fada up --demo             start, read one real study, print the report, end
    """
    from services.standalone.local_stack import RELEASES, Interrupted, LocalStack, StackOptions

    console = report_text.console()
    options = StackOptions(
        home=home or settings().home, port=port, dimse_port=dimse_port, hl7_port=hl7_port,
        listen=listen, runner=runner, releases=releases or RELEASES,
    )  # fmt: skip
    with _signals() as stopping, Board(console) as board:
        machine = LocalStack(options, board.say)
        try:
            for note in machine.notes:
                board.note(note)
            machine.start(stopping)
            board.done(machine.seconds)
            key = introduce(machine, console)
            if demo or sample:
                _with_tending(machine, stopping, lambda: show_sample(machine, key, study, console))
            if not demo:
                console.print(f"[bold]{machine.address}[/]  Ctrl-C ends it")
                while not stopping.wait(0.5):
                    machine.tend()
        except Interrupted:
            pass
        finally:
            board.close()
            machine.stop()
    if demo and stopping.is_set():
        raise typer.Exit(130)


@contextmanager
def _signals() -> Iterator[threading.Event]:
    """Ctrl-C, SIGTERM and SIGHUP ask for the end; the children, in groups of their own, get none."""
    stopping = threading.Event()

    def stop(_number: int, _frame: FrameType | None) -> None:
        stopping.set()

    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, stop) for number in numbers}
    try:
        yield stopping
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def introduce(machine: LocalStack, console: Console) -> str:
    """The key of this machine's own command line: made and shown at the first start, kept after."""
    kept = config.read(machine.home)
    if not (kept.key and _works(machine.address, kept.key)):
        made = machine.new_key()
        console.print("\nAPI key of this hub, an administrator's. It is shown this once:")
        console.print(f"  [bold]{made}[/]\n", soft_wrap=True)
        kept = config.RememberedHub(machine.address, made)
    value = config.RememberedHub(machine.address, kept.key)
    config.write(machine.home, value)
    config.write(settings().config, value)
    return value.key


def _works(address: str, key: str) -> bool:
    try:
        with HubConnection(address, key) as hub:
            hub.get("/api/me")
        return True
    except FadaError:
        return False


def _with_tending(machine: LocalStack, stopping: threading.Event, work: Callable[[], None]) -> None:
    """Do ``work`` in a thread while the machine is tended; end early when asked to."""
    failed: list[BaseException] = []

    def run() -> None:
        try:
            work()
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=run, name="sample", daemon=True)
    thread.start()
    while thread.is_alive() and not stopping.is_set():
        machine.tend()
        thread.join(0.3)
    if failed and not stopping.is_set():
        raise failed[0]


def show_sample(machine: LocalStack, key: str, path: Path, console: Console) -> None:
    """Send one file, follow its job, print its report.

    Raises:
        NotReady: the study failed.
    """
    with HubConnection(machine.address, key) as hub:
        console.print(f"sending {path.name}")
        began = time.monotonic()
        kept = UnfinishedUploads(machine.home / "uploads")
        sent: Sent = send_one(hub, kept, path, {}, lambda count: None)
        if sent.error is not None:
            raise sent.error
        study = str(sent.items[0]["study_id"])
        if not sent.items[0].get("new", True):
            console.print("  it was here already, and is not read again")
        hub.post(f"/api/studies/{study}/complete")
        state = follow.until_done(
            hub, study, lambda event: console.print(f"  {_since(began)} {report_text.event(event)}")
        )
        if state == "failed":
            job = hub.get(f"/api/studies/{study}/status").get("job") or {}
            raise NotReady(f"The study failed: {job.get('error_code')} {job.get('error_detail')}")
        result = hub.get(f"/api/studies/{study}/results/latest")
        console.print(report_text.report(result, page_of(machine.address, study)))


def _since(began: float) -> str:
    return f"{time.monotonic() - began:5.1f} s"
