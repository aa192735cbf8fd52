"""The reaper: ends what is left when the process that started it dies, even by SIGKILL.

It reads "add GROUP" and "drop GROUP" lines from standard input. When that closes, whoever held its
other end is gone, and all process groups that were not dropped are ended: SIGTERM, a grace, SIGKILL.
Standard library only, and run with ``-I -S``, so that it is there in milliseconds.
"""

from __future__ import annotations

import os
import signal
import sys
import time

GRACE = 8.0  # s between SIGTERM and SIGKILL


def main() -> None:
    """Wait for the end of standard input, then end the groups that are left."""
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        signal.signal(getattr(signal, name), signal.SIG_IGN)
    groups: set[int] = set()
    for line in sys.stdin:
        word, _, number = line.strip().partition(" ")
        if not number.isdigit():
            continue
        if word == "add":
            groups.add(int(number))
        else:
            groups.discard(int(number))
    _end(groups, GRACE)


def _end(groups: set[int], grace: float) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        for group in _existing(groups):
            try:
                os.killpg(group, number)
            except (ProcessLookupError, PermissionError):
                continue
        until = time.monotonic() + grace
        while _existing(groups) and time.monotonic() < until:
            time.sleep(0.05)


def _existing(groups: set[int]) -> set[int]:
    left = set()
    for group in groups:
        try:
            os.killpg(group, 0)
            left.add(group)
        except (ProcessLookupError, PermissionError):
            continue
    return left


if __name__ == "__main__":
    main()
