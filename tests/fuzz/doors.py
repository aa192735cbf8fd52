"""``python -m fuzz.doors NAME CORPUS... [libFuzzer's options]``: atheris on a door, until libFuzzer ends it.

Nothing of ours is imported before it is instrumented: what was would be fuzzed without its coverage.
"""

from __future__ import annotations

import os
import random
import sys

import atheris

from fuzz.json_mutator import mutated

_INSTRUMENTED = ["services", "gateway", "pydicom", "python_multipart"]


def main() -> None:
    """Never returns."""
    _forget_the_parents_peak()
    name = sys.argv.pop(1)
    early = sorted(m for m in sys.modules if m.split(".")[0] in _INSTRUMENTED)
    if early:
        raise SystemExit(f"imported before it was instrumented: {', '.join(early[:5])}")
    with atheris.instrument_imports(include=_INSTRUMENTED):
        from fuzz.targets import TARGETS
    target = TARGETS[name]
    given = {"custom_mutator": _document} if target.is_json else {}
    atheris.Setup(sys.argv, target.take, **given)
    atheris.Fuzz()


def _forget_the_parents_peak() -> None:
    """Go on in a fork of this process: libFuzzer's limit of memory is one on the peak, and Linux hands the peak of
    whoever started a program on to it (a large test process, say), but not to a fork."""
    child = os.fork()
    if child:
        _, status = os.waitpid(child, 0)
        os._exit(os.waitstatus_to_exitcode(status) & 0xFF)


def _document(data: bytes, most: int, seed: int) -> bytes:
    """Three times in four another document, else other bytes."""
    made = mutated(data, seed) if random.Random(seed).randrange(4) else None
    return atheris.Mutate(data, most) if made is None or len(made) > most else made


if __name__ == "__main__":
    main()
