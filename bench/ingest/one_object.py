"""One large object by STOW-RS against writing, flushing and hashing alone (``bench.ingest.one_object``).

Both write 256 MB to the same disk; rounds alternate. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np

from bench.ingest.sending import send
from bench.ingest.servers import hub
from services.dicom.objects.ultrasound import PictureFrames, Subject, ultrasound_object

FRAMES, ROWS, COLUMNS = 256, 1024, 1024
_CHUNK = 1 << 20


def object_of(number: int) -> bytes:
    """A clip of noise, 256 MB."""
    noise = np.random.default_rng(number)
    pixels = noise.integers(0, 256, (FRAMES, ROWS, COLUMNS), dtype=np.uint8)
    return ultrasound_object(
        PictureFrames(pixels), Subject(f"bench one object {number}"), (0.2, 0.2)
    )


def alone(data: bytes, folder: Path) -> float:
    """Seconds to write, hash and flush the same bytes in pieces, as a program with nothing else to do."""
    began, digest, view = time.perf_counter(), hashlib.sha256(), memoryview(data)
    with (folder / "alone").open("wb") as out:
        for start in range(0, len(data), _CHUNK):
            piece = view[start : start + _CHUNK]
            digest.update(piece)
            out.write(piece)
        out.flush()
        os.fsync(out.fileno())
    seconds = time.perf_counter() - began
    (folder / "alone").unlink()
    return seconds


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    home = Path(tempfile.mkdtemp(prefix="fada-bench-one-"))
    ours, bare = [], []
    try:
        with hub(home) as (target, services):
            services.parser.close()
            for number in range(given.rounds + 1):  # the first warms up
                data = object_of(number)
                ours.append(send(target, [data], 1))
                bare.append(alone(data, home))
    finally:
        shutil.rmtree(home, ignore_errors=True)
    stow, write = statistics.median(ours[1:]), statistics.median(bare[1:])
    figures = {
        "megabytes": FRAMES * ROWS * COLUMNS // 10**6,
        "stow_seconds": round(stow, 3),
        "write_flush_hash_seconds": round(write, 3),
        "one_object_ratio": round(stow / write, 3),
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
