"""What a hub needs of its machine, each looked at by itself, with what to do where it is missing."""

from __future__ import annotations

import ctypes
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from services.domain.errors import FadaError, NotFound, ReleaseRefused
from services.processes.sandbox import Sandbox, available
from services.reading.releases import registry
from services.reading.releases.release import load
from services.settings import Settings

PYTHONS = ((3, 11), (3, 12), (3, 13))  # as pyproject.toml's requires-python
_LEAST_FREE, _ENOUGH_FREE = 2 * 2**30, 10 * 2**30  # bytes at FADA_HOME


class Grade(StrEnum):
    """How a check came out; a warning keeps no hub from running."""

    GOOD = "good"
    WARNING = "warning"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class CheckFinding:
    """``advice`` is empty where nothing is to be done."""

    name: str
    grade: Grade
    detail: str
    advice: str = ""


def python(version: tuple[int, int] | None = None) -> CheckFinding:
    """The Python that runs this."""
    version = version or sys.version_info[:2]
    text = ".".join(map(str, version))
    if version in PYTHONS:
        return CheckFinding("Python", Grade.GOOD, text)
    names = " or ".join(f"{major}.{minor}" for major, minor in PYTHONS)
    return CheckFinding("Python", Grade.BAD, text, f"Install Python {names}, then 'make install'.")


def libgomp(name: str = "libgomp.so.1") -> CheckFinding:
    """The OpenMP library that the model's runtimes are linked to (Linux)."""
    if not sys.platform.startswith("linux"):
        return CheckFinding("libgomp", Grade.GOOD, f"not needed on {sys.platform}")
    try:
        ctypes.CDLL(name)
    except OSError:
        return CheckFinding("libgomp", Grade.BAD, "missing", "sudo apt-get install libgomp1")
    return CheckFinding("libgomp", Grade.GOOD, "can be loaded")


def disk(home: Path) -> CheckFinding:
    """Room where the hub keeps its state."""
    place = home.expanduser()
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free
    detail = f"{free / 2**30:.1f} GiB free at {home}"
    if free < _LEAST_FREE:
        advice = "Free some space, or name another folder with FADA_HOME or --home."
        return CheckFinding("disk", Grade.BAD, detail, advice)
    if free < _ENOUGH_FREE:
        return CheckFinding(
            "disk", Grade.WARNING, detail, "Enough to try it; examinations need more."
        )
    return CheckFinding("disk", Grade.GOOD, detail)


def ports(running: bool) -> CheckFinding:
    """The usual ports; taken ones are avoided, so they are no fault. ``running``: a hub runs here."""
    from services.standalone.ports import USUAL, is_free

    if running:
        return CheckFinding("ports", Grade.GOOD, "used by the hub that runs here")
    taken = [f"{name} {port}" for name, port in USUAL.items() if not is_free(port)]
    if not taken:
        return CheckFinding("ports", Grade.GOOD, "all free")
    advice = "'fada up' takes others; 'fada up --port N' chooses the gateway's."
    return CheckFinding("ports", Grade.WARNING, f"in use: {', '.join(taken)}", advice)


def programs() -> Iterator[CheckFinding]:
    """The servers that 'fada up' starts beside FADA's own programs."""
    from services.processes.process import ProcessFailed
    from services.standalone import seaweed, triton, valkey

    for name, program in (("Valkey", valkey.program), ("SeaweedFS", seaweed.program)):
        try:
            yield CheckFinding(name, Grade.GOOD, str(program()))
        except ProcessFailed as error:
            yield CheckFinding(name, Grade.BAD, error.detail, "make install")
    if reason := triton.missing():
        advice = "The worker reads images itself meanwhile; for Triton: make install."
        yield CheckFinding("Triton", Grade.WARNING, reason, advice)
    else:
        yield CheckFinding("Triton", Grade.GOOD, "ready to start")


def sandbox(held: Sandbox | None = None) -> CheckFinding:
    """Whether the children that open bytes from outside can shut themselves in here."""
    held = held or available()
    if held.landlock and held.seccomp:
        detail = f"Landlock {held.landlock}, system calls filtered"
        return CheckFinding("sandbox of parsers", Grade.GOOD, detail)
    missing = []
    if not held.landlock:
        missing.append("no Landlock: such a child could read and write the hub's other files")
    if not held.seccomp:
        missing.append("no filter of system calls: it could open sockets and start programs")
    advice = (
        "A file that breaks a parser is then held by memory, time and its own process alone. Linux 5.13 or"
        " newer has both (Landlock named in /sys/kernel/security/lsm); a container must let them through."
    )
    return CheckFinding("sandbox of parsers", Grade.WARNING, "; ".join(missing), advice)


def release(folder: Path) -> CheckFinding:
    """The active release: signature, sizes, hashes and forms of its files."""
    try:
        trust = registry.trust_of(folder)
        manifest = load(folder / registry.active_name(folder, trust), trust).manifest
    except (ReleaseRefused, NotFound) as error:
        advice = "'fada models list' shows what is there; 'fada models activate --back' goes back."
        return CheckFinding("release", Grade.BAD, error.detail, advice)
    return CheckFinding("release", Grade.GOOD, f"{manifest.id}, signed by {manifest.signed_by}")


def parts(health: Callable[[], dict[str, object]] | None) -> Iterator[CheckFinding]:
    """Each part of the hub that runs, as it says itself; None: no hub is known."""
    if health is None:
        yield CheckFinding(
            "hub", Grade.WARNING, "none is known here", "Start one: fada up --sample"
        )
        return
    try:
        readiness = health()
        listed = readiness.get("parts", {})
    except FadaError as error:
        yield CheckFinding("hub", Grade.WARNING, error.detail, "Start it: fada up")
        return
    assert isinstance(listed, dict)
    for name, part in listed.items():
        good = part["state"] in ("ok", "busy")
        advice = (
            "" if good else "Its log is in the folder logs of FADA_HOME; 'fada up' restarts it."
        )
        detail = f"{part['state']} {part.get('error') or ''}".strip()
        yield CheckFinding(f"hub: {name}", Grade.GOOD if good else Grade.BAD, detail, advice)
    if isinstance(held := readiness.get("sandbox"), dict):  # hubs of before do not say
        of_hub = sandbox(Sandbox(int(held["landlock"]), bool(held["seccomp"])))
        yield replace(of_hub, name=f"hub: {of_hub.name}")


def all_checks(
    settings: Settings, releases: Path, health: Callable[[], dict[str, object]] | None
) -> Iterator[CheckFinding]:
    """Every check, in the order in which a start would meet them."""
    yield python()
    yield libgomp()
    yield disk(settings.home)
    of_hub = list(parts(health))
    yield ports(running=any(finding.name.startswith("hub: ") for finding in of_hub))
    yield from programs()
    yield sandbox()
    yield release(releases)
    yield from of_hub
