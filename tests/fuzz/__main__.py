"""``python -m fuzz [--minutes 5] [--target NAME]``: a process for each target.

Doors that bytes come through: atheris (libFuzzer), with 2 GiB of memory and 25 s for one input. State machines
(``fuzz.machines``): Hypothesis. What ends a target is left in ``build/fuzz/NAME`` beside its corpus, and the
exit code is 1.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

from fuzz.machines import MACHINES

ROOT = Path(__file__).resolve().parents[2]
OUT = ROOT / "build" / "fuzz"


def run_one(name: str) -> None:
    """In this process, for ever: atheris ends it."""
    import atheris

    with atheris.instrument_imports(include=["services", "gateway", "pydicom", "python_multipart"]):
        from fuzz.targets import TARGETS
    atheris.Setup(sys.argv, TARGETS[name].take)
    atheris.Fuzz()


def run_all(names: list[str], minutes: float) -> int:
    """The number of targets that ended with a find."""
    seconds = max(1, round(60 * minutes / len(names)))
    faults = 0
    for name in names:
        (OUT / name).mkdir(parents=True, exist_ok=True)
        command = _machine(name, seconds) if name in MACHINES else _bytes(name, seconds)
        code = subprocess.run(command, cwd=ROOT / "tests", check=False).returncode
        print(f"{name}: {'a find' if code else 'no find'} in {seconds} s", flush=True)
        faults += code != 0
    return faults


def _machine(name: str, seconds: int) -> list[str]:
    return [sys.executable, "-m", "fuzz.machines", name, str(seconds), str(OUT / name)]


def _bytes(name: str, seconds: int) -> list[str]:
    from fuzz.targets import TARGETS

    corpus = OUT / name / "corpus"
    corpus.mkdir(exist_ok=True)
    for number, seed in enumerate(TARGETS[name].seeds()):
        (corpus / f"seed-{number}").write_bytes(seed)
    return [sys.executable, "-W", "ignore", "-m", "fuzz", "--one", name, str(corpus), "-max_len=65536",
            f"-max_total_time={seconds}", "-rss_limit_mb=2048", "-timeout=25", "-verbosity=0",
            f"-artifact_prefix={corpus.parent}/"]  # fmt: skip


def main() -> int:
    """0: no find; 1: some; 2: no atheris here."""
    if sys.argv[1:2] == ["--one"]:
        name = sys.argv[2]
        del sys.argv[1:3]
        run_one(name)
        return 0
    try:
        import atheris  # noqa: F401
    except ImportError:
        print("!! atheris is not installed here: nothing was fuzzed (make install-dev)")
        return 2
    from fuzz.targets import TARGETS

    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--minutes", type=float, default=5.0)
    options.add_argument("--target", choices=sorted([*TARGETS, *MACHINES]), action="append")
    given = options.parse_args()
    return min(1, run_all(given.target or [*TARGETS, *MACHINES], given.minutes))


if __name__ == "__main__":
    sys.exit(main())
