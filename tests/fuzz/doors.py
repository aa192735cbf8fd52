"""``python -m fuzz.doors NAME CORPUS... [libFuzzer's options]``: atheris on a door, until libFuzzer ends it.

Nothing of ours is imported before it is instrumented: what was would be fuzzed without its coverage.
"""

from __future__ import annotations

import random
import sys

import atheris

from fuzz.json_mutator import mutated

_INSTRUMENTED = ["services", "gateway", "pydicom", "python_multipart"]


def main() -> None:
    """Never returns."""
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


def _document(data: bytes, most: int, seed: int) -> bytes:
    """Three times in four another document, else other bytes."""
    made = mutated(data, seed) if random.Random(seed).randrange(4) else None
    return atheris.Mutate(data, most) if made is None or len(made) > most else made


if __name__ == "__main__":
    main()
