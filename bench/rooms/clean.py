"""README's commands on clean machines: ``python -m bench.rooms.clean`` (needs root and debootstrap).

Each base is the smallest system that debootstrap makes, with ``make`` and ``git`` added. In a fresh copy
of it the committed project is cloned and ``make demo`` is run: once as root, once as a person without
rights, whose first try must be refused with a line that names the packages; that very line is then run
as root. The bases are kept in a folder outside the repository, so that a second run is quicker; delete
them to have newer ones.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench.rooms.room import PERSON, Base, Room, build, why_not

BASES = {
    "debian-12": Base("bookworm", "debian-archive-keyring"),
    "debian-13": Base("trixie", "debian-archive-keyring"),
    "ubuntu-24.04": Base(
        "noble",
        "ubuntu-archive-keyring",
        "main,universe",
        "http://archive.ubuntu.com/ubuntu",
        "jammy",
    ),
}
ROOT = Path(__file__).parents[2]
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "fada" / "rooms"
DEMO_SECONDS, DEV_SECONDS = 3600, 7200
_NAMED = re.compile(r"sudo (apt-get install [a-z0-9.+ -]+)")
_REPORT = "AI result, not for diagnosis"
_NO_MODEL_SERVER = "the worker reads images itself"


@dataclass(slots=True)
class Outcome:
    """One run in one room; ``megabytes`` is the size of .venv, ``cuda`` how many CUDA wheels lie in it."""

    base: str
    who: str
    what: str
    python: str = ""
    seconds: float = 0.0
    inference: str = ""  # triton or worker
    megabytes: int = 0
    cuda: int = 0
    result: str = "passed"  # or what went wrong


def main() -> int:
    """Try every base that can be had here; the exit code is 1 where README's commands fail."""
    arguments = _arguments()
    outcomes: list[Outcome] = []
    skipped: dict[str, str] = {}
    for name in arguments.bases:
        if reason := why_not(BASES[name]):
            skipped[name] = reason
            print(f"{name} is skipped: {reason}", flush=True)
            continue
        try:
            archive = build(BASES[name], arguments.rooms / f"{name}.tar.gz")
        except subprocess.CalledProcessError as error:
            skipped[name] = f"debootstrap could not make it (exit code {error.returncode})"
            print(f"{name} is skipped: {skipped[name]}\n{error.stderr[-2000:]}", flush=True)
            continue
        for who in arguments.who:
            outcomes += _try(name, who, archive, arguments)
    _show(outcomes)
    passed = sum(outcome.result == "passed" for outcome in outcomes)
    rows = [asdict(outcome) for outcome in outcomes]
    print(json.dumps({"rooms": len(rows), "passed": passed, "skipped": skipped, "rows": rows}))
    must_all_run = os.environ.get("CI") == "true"
    return 1 if passed < len(rows) or (skipped and must_all_run) else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bases", nargs="+", choices=BASES, default=list(BASES))
    parser.add_argument("--rooms", type=Path, default=CACHE, help="where bases and rooms lie")
    parser.add_argument("--who", nargs="+", choices=("root", PERSON), default=("root", PERSON))
    parser.add_argument("--dev", action="store_true", help="make install-dev too, as root")
    return parser.parse_args()


def _try(name: str, who: str, archive: Path, arguments: argparse.Namespace) -> Iterator[Outcome]:
    """``make demo`` and, if wanted, ``make install-dev`` in one room."""
    with _room(arguments.rooms / f"{name}-{who}", archive) as room:
        outcome = Outcome(name, who, "make demo")
        began = time.monotonic()
        outcome.result = _demo(room, who, outcome)
        outcome.seconds = round(time.monotonic() - began, 1)
        _measure(room, outcome)
        print(f"{name}, {who}, {outcome.what}: {outcome.result}", flush=True)
        yield outcome
        if arguments.dev and who == "root" and outcome.result == "passed":
            yield _install_dev(room, name)


def _demo(room: Room, who: str, outcome: Outcome) -> str:
    """Clone and run as README says. "passed", or what went wrong."""
    clone = room.run(who, f"git clone -q /tmp/fada.bundle {room.project(who)}", 600)
    if clone.returncode:
        return f"git clone ended with {clone.returncode}: {clone.stdout[-2000:]}"
    command = f"cd {room.project(who)} && make demo"
    if who == PERSON:
        refused = room.run(who, command, 120)
        named = _NAMED.search(refused.stdout)
        if refused.returncode == 0 or named is None:
            return f"no line named the packages to install: {refused.stdout[-2000:]}"
        installed = room.run("root", f"{named[1].strip()} -y -q --no-install-recommends", 1200)
        if installed.returncode:
            return f"{named[1]} ended with {installed.returncode}: {installed.stdout[-2000:]}"
    ended = room.run(who, command, DEMO_SECONDS)
    outcome.inference = "worker" if _NO_MODEL_SERVER in ended.stdout else "triton"
    if ended.returncode or _REPORT not in ended.stdout:
        return f"make demo ended with {ended.returncode}: {ended.stdout[-4000:]}"
    return "passed"


def _install_dev(room: Room, name: str) -> Outcome:
    outcome = Outcome(name, "root", "make install-dev")
    began = time.monotonic()
    ended = room.run("root", f"cd {room.project('root')} && make install-dev", DEV_SECONDS)
    outcome.seconds = round(time.monotonic() - began, 1)
    _measure(room, outcome)
    if ended.returncode:
        outcome.result = f"make install-dev ended with {ended.returncode}: {ended.stdout[-4000:]}"
    print(f"{name}, root, {outcome.what}: {outcome.result}", flush=True)
    return outcome


def _measure(room: Room, outcome: Outcome) -> None:
    """Python, size and CUDA wheels of the environment that was made."""
    shell = f"""cd {room.project(outcome.who)}/.venv && bin/python -V && du -sm . && bin/python -m pip list |
        grep -E '^(nvidia-|triton )' | grep -c -v '^nvidia-pytriton ' """
    lines = room.run(outcome.who, shell, 120).stdout.split("\n")
    if len(lines) >= 3 and lines[0].startswith("Python "):
        outcome.python = lines[0].split()[1]
        outcome.megabytes = int(lines[1].split()[0])
        outcome.cuda = int(lines[2])


@contextmanager
def _room(folder: Path, archive: Path) -> Iterator[Room]:
    """A fresh room with the committed project in it, which goes when it is left."""
    shutil.rmtree(folder, ignore_errors=True)
    room = Room(folder)
    try:
        room.unpack(archive)
        bundle = folder / "tmp" / "fada.bundle"
        subprocess.run(["git", "-C", ROOT, "bundle", "create", "-q", bundle, "HEAD"], check=True)
        bundle.chmod(0o644)
        yield room
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _show(outcomes: list[Outcome]) -> None:
    table = Table(
        "base",
        "python",
        "who",
        "what",
        "s",
        "inference",
        ".venv",
        "CUDA wheels",
        "result",
        box=None,
    )
    for o in outcomes:
        size = f"{o.megabytes} MB"
        table.add_row(
            o.base,
            o.python,
            o.who,
            o.what,
            f"{o.seconds:.0f}",
            o.inference,
            size,
            str(o.cuda),
            o.result.partition("\n")[0][:80],
        )
    Console(width=200 if not sys.stdout.isatty() else None).print(table, markup=False)


if __name__ == "__main__":
    sys.exit(main())
