"""Rooms for ``bench.rooms``: a system's root in a folder, entered by chroot.

What a room gets of this machine is its way to the package registries: pip's and apt's settings, and
its own certificate authorities. Mounts and processes of a room live in namespaces of their own and end
with the command that runs in it. The network is shared: a hub takes free ports.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from ast import literal_eval
from dataclasses import dataclass
from pathlib import Path

PERSON = "anna"
_AUTHORITIES = Path("/usr/local/share/ca-certificates")
_KEYRINGS = Path("/usr/share/keyrings")
_SCRIPTS = Path("/usr/share/debootstrap/scripts")
# $1 root, $2 user, $3 home, $4 command, the rest are folders to show.
_ENTER = """
set -e
root=$1 user=$2 home=$3 command=$4; shift 4
mount -t proc proc "$root/proc"
mount --rbind /sys "$root/sys"
mount --rbind /dev "$root/dev"
mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
for folder in "$@"; do
  mkdir -p "$root$folder" && mount --bind "$folder" "$root$folder" && mount -o remount,bind,ro "$root$folder"
done
exec chroot --userspec="$user" "$root" env HOME="$home" USER="$user" sh -c "$command"
"""


@dataclass(frozen=True, slots=True)
class Base:
    """What debootstrap makes: a release by its name, and the archive's keys that it is checked by.

    ``like`` is an older release that is made in the same way, for a debootstrap that does not know it yet;
    ``mirror`` its archive.
    """

    suite: str
    keyring: str
    components: str = "main"
    mirror: str = "http://deb.debian.org/debian"
    like: str = "sid"


def why_not(base: Base) -> str:
    """Why the base cannot be made here; empty if it can be tried."""
    if not sys.platform.startswith("linux") or os.geteuid() != 0:
        return "roots are made and entered by root on Linux alone"
    if shutil.which("debootstrap") is None:
        return "debootstrap is not here (apt-get install debootstrap)"
    if not (keyring := _KEYRINGS / f"{base.keyring}.gpg").is_file():
        return f"the keys of its archive are not here ({keyring})"
    return ""


def build(base: Base, archive: Path) -> Path:
    """The base as an archive, made unless it is there.

    Raises:
        subprocess.CalledProcessError: debootstrap or apt-get failed; ``stderr`` has what it said.
    """
    if archive.is_file():
        return archive
    print(f"making {archive.stem.removesuffix('.tar')} by debootstrap", flush=True)
    room = Room(archive.parent / f"{base.suite}-new")
    shutil.rmtree(room.folder, ignore_errors=True)
    room.folder.mkdir(parents=True)
    try:
        _checked(
            "debootstrap", "--variant=minbase", f"--components={base.components}",
            f"--keyring={_KEYRINGS / base.keyring}.gpg", base.suite, str(room.folder), base.mirror,
            base.suite if (_SCRIPTS / base.suite).exists() else base.like,
        )  # fmt: skip
        room.connect()
        room.run("root", "apt-get update -q", 600).check_returncode()
        room.run(
            "root", "apt-get install -y -q --no-install-recommends make git", 1200
        ).check_returncode()
        room.run("root", f"useradd -m {PERSON} && apt-get clean", 60).check_returncode()
        unfinished = archive.with_suffix(".part")
        _checked("tar", "-czf", str(unfinished), "-C", str(room.folder), ".")
        unfinished.rename(archive)
    finally:
        shutil.rmtree(room.folder, ignore_errors=True)
    return archive


class Room:
    """A root in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._pip = pip_settings()

    def unpack(self, archive: Path) -> None:
        """Fill the room with a base."""
        self.folder.mkdir(parents=True)
        _checked("tar", "-xzf", str(archive), "-C", str(self.folder))
        self.connect()

    def connect(self) -> None:
        """Let it reach what this machine reaches: names, apt's settings, certificate authorities."""
        for name in ("resolv.conf", "hosts"):
            shutil.copy(f"/etc/{name}", self.folder / "etc" / name)
        settings = _checked("apt-config", "dump", "Acquire").splitlines()
        kept = [line for line in settings if re.match(r"Acquire::(http|https|Check-)", line)]
        (self.folder / "etc/apt/apt.conf.d/99machine").write_text("\n".join([*kept, ""]))
        if _AUTHORITIES.is_dir():
            shutil.copytree(_AUTHORITIES, self.folder / str(_AUTHORITIES)[1:], dirs_exist_ok=True)
        for value in self._pip.values():
            # A bundle of certificates: there before the room has its own, which then takes its place.
            source, copy = Path(value), self.folder / value[1:]
            if source.is_file() and not copy.exists():
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(source, copy)

    def project(self, who: str) -> str:
        """Where the project is cloned to, seen from inside."""
        return f"{_home(who)}/fada"

    def run(self, who: str, command: str, seconds: float) -> subprocess.CompletedProcess[str]:
        """Run a shell command; output and errors together in ``stdout``. After ``seconds`` it is ended."""
        folders = sorted({folder for value in self._pip.values() for folder in _folders(value)})
        environment = {
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "LANG": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive", **self._pip,
        }  # fmt: skip
        enter = [
            "setpriv", "--pdeathsig", "KILL",  # the room ends with this process
            "unshare", "--mount", "--pid", "--fork", "--kill-child", "--propagation", "private",
            "bash", "-c", _ENTER, "room", str(self.folder), who, _home(who), command, *folders,
        ]  # fmt: skip
        try:
            return subprocess.run(
                enter, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT, text=True, errors="replace", timeout=seconds, check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired as error:
            output = (
                error.stdout.decode(errors="replace") if isinstance(error.stdout, bytes) else ""
            )
            return subprocess.CompletedProcess(enter, 124, f"{output}\nended after {seconds:.0f} s")


def pip_settings() -> dict[str, str]:
    """What pip is told on this machine by files and environment, as PIP_… variables."""
    listed = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=False
    )
    settings = {}
    for line in listed.stdout.splitlines():
        name, _, value = line.partition("=")
        if value[:1] in "'\"":
            key = name.rpartition(".")[2].replace("-", "_").upper()
            # pip parts several values by lines in a file, by spaces in a variable.
            settings[f"PIP_{key}"] = " ".join(str(literal_eval(value)).split())
    return settings


def _folders(value: str) -> list[str]:
    """The folders of this machine that a setting names, by path or file URL: indexes, wheels, pins."""
    folders = []
    for word in value.split():
        path = Path(word.removeprefix("file://"))
        if path.is_absolute() and path.is_dir():
            # An index links to files beside it.
            folders.append(str(path.parent if word.startswith("file://") else path))
    return folders


def _home(who: str) -> str:
    return "/root" if who == "root" else f"/home/{who}"


def _checked(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout
