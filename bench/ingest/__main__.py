"""How fast objects come in: the same files by STOW-RS to this gateway and to Debian's Orthanc.

Run: python -m bench.ingest [--rounds 8]. Rounds alternate between the two. Each file is a study of its
own. Both write to the same disk. The gateway runs as `fada up` runs it: the file and its name are flushed
(fsync), then the index's commit, then it answers. Orthanc is as Debian ships it: it flushes the file
(SyncStorageArea, one fdatasync each), not its name and not its index (SQLite, synchronous = NORMAL), and
it parses but queues nothing. The processor time of both, with their children, is told too: on a machine
that does other work it is worth more than the rates. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import random
import shutil
import statistics
import tempfile
import time
from pathlib import Path

from bench.ingest.report import Figures, report
from bench.ingest.sending import SIZES, files, send, send_and_count
from bench.ingest.servers import hub, orthanc
from gateway.dependencies import Services
from services.domain.study import IngestSource, Principal, Role
from services.index.port import NewInstance

COUNTS = {"small": 60, "large": 16}


def breakdown(services: Services, size: str, seed: int) -> dict[str, float]:
    """Milliseconds of each step for one object, one after another, in this process."""
    who, spent = Principal("bench", "bench", Role.SONOGRAPHER), {}
    steps: dict[str, list[float]] = {"spool and hash": [], "parse": [], "object": [], "index": []}
    for data in files(size, 12, seed):
        with services.spool.request_files() as request_files:
            t0 = time.perf_counter()
            with services.spool.writer(1 << 30) as out:
                out.write(data)
                spooled = out.finish()
            request_files.append(spooled)
            t1 = time.perf_counter()
            parsed = services.parser.parse(spooled.path)
            t2 = time.perf_counter()
            services.store.put_file("bench", spooled.path, spooled.sha256, "application/dicom")
            t3 = time.perf_counter()
            instance = NewInstance(
                parsed.series_uid, parsed.sop_uid, parsed.sop_class, parsed.transfer_syntax,
                parsed.modality, spooled.sha256, spooled.size, parsed.rows, parsed.columns,
                parsed.frames, parsed.attributes,
            )  # fmt: skip
            with services.index.begin() as tx:
                tx.studies.receive(
                    who, parsed.study_uid, parsed.study_attributes, [instance], source=IngestSource.STOW,
                    urgent=False, request_id="bench",
                )  # fmt: skip
            t4 = time.perf_counter()
            for name, value in zip(steps, (t1 - t0, t2 - t1, t3 - t2, t4 - t3), strict=True):
                steps[name].append(value * 1000)
    for name, values in steps.items():
        spent[name] = statistics.median(values)
    return spent


def main() -> None:
    """Measure hub and Orthanc in turns and print objects per second."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=8)
    given = parser.parse_args()
    home = Path(tempfile.mkdtemp(prefix="fada-bench-ingest-"))
    draw = random.Random(7)
    figures: Figures = {}
    used: Figures = {}
    try:
        with hub(home) as (ours, services), orthanc(home) as theirs:
            for target in (ours, theirs):
                send(target, files("small", 60, seed=1) + files("large", 4, seed=2), 4)  # warm
            seed = 10
            for _ in range(given.rounds):
                for size in SIZES:
                    for clients in (1, 4):
                        seed += 1
                        objects = files(size, COUNTS[size], seed)
                        pair = [ours, theirs]
                        draw.shuffle(pair)
                        for target in pair:
                            key = (size, clients, target.name)
                            spent, seconds = send_and_count(target, objects, clients)
                            figures.setdefault(key, []).append(len(objects) / spent)
                            used.setdefault(key, []).append(1000 * seconds / len(objects))
            steps = {size: breakdown(services, size, 900 + n) for n, size in enumerate(SIZES)}
        report(figures, used, steps, given.rounds)
    finally:
        shutil.rmtree(home, ignore_errors=True)


if __name__ == "__main__":
    main()
