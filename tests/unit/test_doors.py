"""Every door takes its own seeds and a few thousand damaged ones: refused or taken, never another error."""

from __future__ import annotations

import random
import resource
import subprocess
from pathlib import Path

import pytest
from fuzz.__main__ import command
from fuzz.targets import TARGETS

TESTS = Path(__file__).parents[1]

_ROUNDS = {"dicom": 400, "carried": 300, "multipart": 400}  # of each; the others are quicker


def damaged(seed: bytes, rnd: random.Random) -> bytes:
    """Bytes changed, cut, doubled and swapped, as on bad lines and by bad hands."""
    data = bytearray(seed)
    for _ in range(rnd.randint(1, 6)):
        at = rnd.randrange(len(data) or 1)
        kind = rnd.randrange(5)
        if kind == 0:
            data[at : at + 1] = bytes([rnd.randrange(256)])
        elif kind == 1:
            del data[at : at + rnd.randint(1, 40)]
        elif kind == 2:
            data[at:at] = data[at : at + rnd.randint(1, 40)]
        elif kind == 3:
            data[at : at + 4] = rnd.choice((b"\xff" * 4, b"\0" * 4, b"\x00\x00\x00\x80"))
        else:
            data[at:at] = rnd.choice((b"-1", b"1e999", b"null", b"[[[[", b"\\", b"\xed\xa0\x80"))
    return bytes(data)


@pytest.mark.parametrize("name", sorted(TARGETS))
def test_damaged_bytes_are_refused_in_words(name: str) -> None:
    target, rnd = TARGETS[name], random.Random(f"door {name}")
    seeds = target.seeds()
    for seed in seeds:
        target.take(seed)
    for _ in range(_ROUNDS.get(name, 1500)):
        target.take(damaged(rnd.choice(seeds), rnd))


@pytest.mark.parametrize("name", ["dicom", "case"])
def test_what_coverage_leads_to_is_refused_in_words(name: str, tmp_path: Path) -> None:
    """libFuzzer, some thousand inputs from the door's seeds; those that reach new code stay in the corpus."""
    pytest.importorskip("atheris", reason="atheris has no wheel for this machine")
    program = command(name, tmp_path)
    _grow_to(700)  # MB: as a process is that has run other tests
    corpus = tmp_path / "corpus"
    seeds = len(list(corpus.iterdir()))

    ran = subprocess.run(
        [*program, "-rss_limit_mb=600", "-runs=3000", "-seed=1"],
        cwd=TESTS,
        capture_output=True,
        text=True,
        check=False,
    )

    assert ran.returncode == 0, ran.stderr[-3000:]
    assert len(list(corpus.iterdir())) > seeds, "no input reached new code: nothing is instrumented"


def _grow_to(megabytes: int) -> None:
    """Let this process' peak of memory be at least so much."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    if peak < megabytes:
        b"\1" * ((megabytes - peak) << 20)
