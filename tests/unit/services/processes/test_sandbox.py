"""A shut-in child: what it may no longer do, and that it reads images as before."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from services.processes.sandbox import available

ROOT = Path(__file__).resolve().parents[4]
HERE = available()
PROGRAM = """
import ctypes, json, os, socket, subprocess, sys, threading
from pathlib import Path
from services.processes.sandbox import confine
folder, secret = map(Path, sys.argv[1:])
held = confine([Path(sys.prefix), Path(sys.base_prefix)], [folder])
def tried(work):
    try:
        work()
    except OSError as error:
        return type(error).__name__
    except RuntimeError:
        return "RuntimeError"
    return "done"
thread = threading.Thread(target=lambda: None)
print(json.dumps({
    "held": [held.landlock > 0, held.seccomp],
    "socket": tried(socket.socket),
    "pair": tried(socket.socketpair),
    "exec": tried(lambda: subprocess.run(["/bin/true"])),
    "fork": tried(os.fork),
    "kill": tried(lambda: os.kill(os.getppid(), 0)),
    "write": tried(lambda: (folder.parent / "elsewhere").write_bytes(b"x")),
    "read": tried(secret.read_bytes),
    "thread": tried(thread.start),
    "own": tried(lambda: (folder / "out").write_bytes(b"x")),
    "own read": tried((folder / "out").read_bytes),
    "own end": tried((folder / "out").unlink),
}))
"""


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    outside = tmp_path_factory.mktemp("outside")
    folder, secret = outside / "own", outside / "secret.key"
    folder.mkdir()
    secret.write_text("secret")
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(folder), str(secret)],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    answer: dict[str, object] = json.loads(done.stdout)
    return answer


@pytest.mark.skipif(not HERE.seccomp, reason="this kernel filters no system calls")
@pytest.mark.parametrize("what", ["socket", "pair", "exec", "fork", "kill"])
def test_no_network_and_no_program(outcomes: dict[str, object], what: str) -> None:
    assert outcomes[what] == "PermissionError"


@pytest.mark.skipif(not HERE.landlock, reason="this kernel has no Landlock")
@pytest.mark.parametrize("what", ["write", "read"])
def test_no_other_file(outcomes: dict[str, object], what: str) -> None:
    assert outcomes[what] == "PermissionError"


@pytest.mark.parametrize("what", ["thread", "own", "own read", "own end"])
def test_its_own_work_goes_on(outcomes: dict[str, object], what: str) -> None:
    assert outcomes[what] == "done"
    assert outcomes["held"] == [HERE.landlock > 0, HERE.seccomp]
