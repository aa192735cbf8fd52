"""The Dockerfiles step by step in a root of their base: ``python -m bench.rooms.images``.

For where no container engine can be had. A stage begins as what debootstrap makes of the base image's
Debian, with Debian's own Python in the place of the image's; its RUN, COPY, ENV, WORKDIR and USER steps
are then done as a builder does them. In the last stage the entry point is started and must become healthy
by the image's own HEALTHCHECK. What is not tried is said: layers, the registry's base image, its Python.
"""

from __future__ import annotations

import argparse
import json
import shlex
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path

from dockerfile_parse import DockerfileParser
from rich.console import Console
from rich.table import Table

from bench.rooms.clean import BASES, CACHE, ROOT
from bench.rooms.room import Room, build, why_not

BASE = "debian-12"  # what python:…-slim-bookworm is made of
FILES = ("hub", "triton", "triton-gpu")
HEALTHY_SECONDS = 900
# What the gateway's image asks of its settings; the model server's takes no notice.
SETTINGS = {"FADA_INDEX_URL": "sqlite:////var/lib/fada/index.db"}


class StepFailed(Exception):
    """A step of a Dockerfile did not end well; the text has the end of what it printed."""


@dataclass(slots=True)
class Stage:
    """One FROM with the steps after it, each an instruction and its value."""

    name: str
    base: str
    steps: list[tuple[str, str]] = field(default_factory=list)


@dataclass(slots=True)
class State:
    """What the steps so far have set for those that follow and for the start."""

    environment: dict[str, str]
    folder: str = "/"
    user: str = "root"
    entry: list[str] = field(default_factory=list)
    arguments: list[str] = field(default_factory=list)
    health: list[str] = field(default_factory=list)


def stages(text: str) -> list[Stage]:
    """The stages of a Dockerfile's text, in its order.

    Raises:
        StepFailed: it begins with another instruction than FROM.
    """
    parser = DockerfileParser(fileobj=BytesIO(text.encode()))
    parsed: list[Stage] = []
    for step in parser.structure:
        instruction, value = step["instruction"], step["value"]
        if instruction == "FROM":
            base, _, name = value.partition(" AS ")
            parsed.append(Stage(name.strip() or str(len(parsed)), base.strip()))
        elif instruction != "COMMENT":
            if not parsed:
                raise StepFailed(f"{instruction} stands before FROM")
            parsed[-1].steps.append((instruction, value))
    return parsed


def main() -> int:
    """Do every step of every Dockerfile that can be had here; the exit code is 1 where one fails."""
    arguments = _arguments()
    if reason := why_not(BASES[BASE]):
        raise SystemExit(f"No root can be made here: {reason}.")
    archive = build(BASES[BASE], arguments.rooms / f"{BASE}.tar.gz")
    rows: list[dict[str, object]] = []
    for name in arguments.files:
        began = time.monotonic()
        result = _image(name, archive, arguments.rooms)
        seconds = round(time.monotonic() - began, 1)
        rows.append({"image": name, "seconds": seconds, "result": result})
        print(f"{name}: {result}", flush=True)
    table = Table("image", "s", "result", box=None)
    for row in rows:
        table.add_row(*(str(value).partition("\n")[0][:100] for value in row.values()))
    Console().print(table, markup=False)
    healthy = sum(row["result"] == "healthy" for row in rows)
    skipped = sum(str(row["result"]).startswith("skipped") for row in rows)
    print(json.dumps({"images": len(rows), "healthy": healthy, "skipped": skipped, "rows": rows}))
    return 1 if healthy + skipped < len(rows) else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", nargs="+", choices=FILES, default=list(FILES))
    parser.add_argument("--rooms", type=Path, default=CACHE, help="where bases and rooms lie")
    return parser.parse_args()


def _image(name: str, archive: Path, folder: Path) -> str:
    """Every stage of one Dockerfile, then its start: "healthy", or what went wrong, or why it was skipped."""
    parts = stages((ROOT / "docker" / f"{name}.Dockerfile").read_text())
    foreign = [stage.base for stage in parts if "bookworm" not in stage.base]
    if foreign:
        return f"skipped: {foreign[0]} is not made of Debian's packages"
    rooms: dict[str, Room] = {}
    try:
        state = State({})
        for stage in parts:
            room = rooms[stage.name] = _base(folder / f"image-{name}-{stage.name}", archive)
            state = State({"PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"})
            for instruction, value in stage.steps:
                _step(room, state, instruction, value, rooms)
        return _start(rooms[parts[-1].name], state)
    except StepFailed as error:
        return str(error)
    finally:
        for room in rooms.values():
            shutil.rmtree(room.folder, ignore_errors=True)


def _base(folder: Path, archive: Path) -> Room:
    """A fresh root with Debian's Python under the names that the Python image has."""
    shutil.rmtree(folder, ignore_errors=True)
    room = Room(folder)
    room.unpack(archive)
    # The Python image has the shared library too, which Triton's stub is linked with.
    packages = "python3 python3-venv libpython3.11"
    install = f"apt-get update -q && apt-get install -y -q --no-install-recommends {packages}"
    done = room.run("root", f"{install} && ln -s /usr/bin/python3 /usr/local/bin/python", 1200)
    if done.returncode:
        raise StepFailed(f"Debian's Python could not be installed: {done.stdout[-1000:]}")
    return room


def _step(room: Room, state: State, instruction: str, value: str, rooms: dict[str, Room]) -> None:
    """Do one instruction."""
    if instruction == "ENV":
        for pair in shlex.split(value):
            key, _, given = pair.partition("=")
            state.environment[key] = given.replace("$PATH", state.environment["PATH"])
    elif instruction == "WORKDIR":
        state.folder = value
        (room.folder / value[1:]).mkdir(parents=True, exist_ok=True)
    elif instruction == "USER":
        state.user = value
    elif instruction == "RUN":
        done = room.run("root", _in_place(state, value), 3600)
        if done.returncode:
            raise StepFailed(
                f"RUN {value[:60]}… ended with {done.returncode}: {done.stdout[-3000:]}"
            )
    elif instruction == "COPY":
        _copy(room, state, shlex.split(value), rooms)
    elif instruction == "ENTRYPOINT":
        state.entry = json.loads(value)
    elif instruction == "CMD":
        state.arguments = json.loads(value)
    elif instruction == "HEALTHCHECK":
        state.health = json.loads(value[value.index("CMD") + 3 :])
    elif instruction not in ("EXPOSE", "VOLUME", "ARG"):
        raise StepFailed(f"{instruction} is not known here")


def _in_place(state: State, command: str) -> str:
    given = " ".join(f"{key}={shlex.quote(value)}" for key, value in state.environment.items())
    return f"cd {shlex.quote(state.folder)} && env {given} sh -c {shlex.quote(command)}"


def _copy(room: Room, state: State, words: list[str], rooms: dict[str, Room]) -> None:
    """From an earlier stage, or the committed files that ``.dockerignore`` lets into the context."""
    if words[0].startswith("--from="):
        source = rooms[words[0].removeprefix("--from=")].folder / words[1][1:]
        target = room.folder / words[2][1:]
        target.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run(
            ["cp", "-a", f"{source}/.", f"{target}/"], check=True
        ) if target.is_dir() else (subprocess.run(["cp", "-a", source, target], check=True))
        return
    if words != [".", "."]:
        raise StepFailed(f"COPY {' '.join(words)} is not known here")
    lines = (ROOT / ".dockerignore").read_text().split()
    paths = [line[1:] for line in lines if line.startswith("!")]
    archive = subprocess.run(
        ["git", "-C", ROOT, "archive", "HEAD", "--", *paths], check=True, capture_output=True
    )
    subprocess.run(
        ["tar", "-x", "-C", room.folder / state.folder[1:]], input=archive.stdout, check=True
    )


def _start(room: Room, state: State) -> str:
    """Start the entry point as the image's user until its health check passes."""
    state.environment |= SETTINGS
    start, check = shlex.join([*state.entry, *state.arguments]), shlex.join(state.health)
    script = f"""{start} > /tmp/start.log 2>&1 & started=$!
        end=$(($(date +%s) + {HEALTHY_SECONDS}))
        while [ "$(date +%s)" -lt "$end" ]; do
            if {check} > /dev/null 2>&1; then kill $started; exit 0; fi
            kill -0 $started 2> /dev/null || break
            sleep 1
        done
        tail -c 3000 /tmp/start.log; exit 1"""
    done = room.run(state.user, _in_place(state, script), HEALTHY_SECONDS + 60)
    return "healthy" if done.returncode == 0 else f"not healthy: {done.stdout[-3000:]}"


if __name__ == "__main__":
    sys.exit(main())
