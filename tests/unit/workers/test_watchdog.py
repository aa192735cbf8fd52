"""A process that hangs ends itself."""

from __future__ import annotations

import subprocess
import sys

from workers.watchdog import STATUS

HANGS = "import time; from workers.watchdog import Watchdog; Watchdog(0.2); time.sleep(60)"
LIVES = """
import time
from workers.watchdog import Watchdog
dog = Watchdog(5.0)
for _ in range(10):
    time.sleep(0.02)
    dog.touch()
"""


def test_process_that_hangs_is_ended() -> None:
    assert (
        subprocess.run([sys.executable, "-c", HANGS], timeout=50, check=False).returncode == STATUS
    )


def test_process_that_lives_is_left_alone() -> None:
    assert subprocess.run([sys.executable, "-c", LIVES], timeout=50, check=False).returncode == 0
