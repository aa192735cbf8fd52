"""``python -m fuzz [--minutes 5] [--target NAME]``: a process for each target.

Doors that bytes come through: atheris (libFuzzer), with 2 GiB of memory and 25 s for one input. State machines
(``fuzz.machines``): Hypothesis. What ends a target is left in ``build/fuzz/NAME`` beside its corpus, and the
exit code is 1.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

from fuzz.machines import MACHINES

ROOT = Path(__file__).resolve().parents[2]
OUT = ROOT / "build" / "fuzz"


def run_all(names: list[str], minutes: float) -> int:
    """The number of targets that ended with a find."""
    seconds = max(1, round(60 * minutes / len(names)))
    faults = 0
    for name in names:
        (OUT / name).mkdir(parents=True, exist_ok=True)
        program = _machine(name, seconds) if name in MACHINES else _bytes(name, seconds)
        code = subprocess.run(program, cwd=ROOT / "tests", check=False).returncode
        print(f"{name}: {'a find' if code else 'no find'} in {seconds} s", flush=True)
        faults += code != 0
    return faults


def _machine(name: str, seconds: int) -> list[str]:
    return [sys.executable, "-m", "fuzz.machines", name, str(seconds), str(OUT / name)]


def _bytes(name: str, seconds: int) -> list[str]:
    return [*command(name, OUT / name), f"-max_total_time={seconds}", "-verbosity=0"]


def command(name: str, folder: Path) -> list[str]:
    """libFuzzer on a door; its corpus begins with the door's seeds in ``folder``, which holds its finds, too."""
    from fuzz.targets import TARGETS

    corpus = folder / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(TARGETS[name].seeds()):
        (corpus / f"seed-{number}").write_bytes(seed)
    return [sys.executable, "-W", "ignore", "-m", "fuzz.doors", name, str(corpus), "-max_len=65536",
            "-rss_limit_mb=2048", "-timeout=25", f"-artifact_prefix={folder}/"]  # fmt: skip


def main() -> int:
    """0: no find; 1: some; 2: no atheris here."""
    from fuzz.targets import TARGETS

    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--minutes", type=float, default=5.0)
    options.add_argument("--target", choices=sorted([*TARGETS, *MACHINES]), action="append")
    given = options.parse_args()
    names = given.target or [*TARGETS, *MACHINES]
    if find_spec("atheris") is None and not set(names) <= set(MACHINES):
        print("!! atheris has no wheel for this machine: only state machines can be fuzzed here")
        return 2
    return min(1, run_all(names, given.minutes))


if __name__ == "__main__":
    sys.exit(main())
