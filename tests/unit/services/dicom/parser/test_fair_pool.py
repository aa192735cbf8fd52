"""What callers take in turns: none has all of it, and none is passed over."""

from __future__ import annotations

import threading
import time

import pytest

from services.dicom.parser.fair_pool import FairPool


def waiting(pool: FairPool[int], count: int) -> None:
    """Until so many stand in line."""
    while len(pool._waiting) < count:
        time.sleep(0.001)


def test_the_last_given_back_is_taken_first() -> None:
    pool = FairPool([1, 2], of_one=2)
    pool.give_back("a", pool.take("a", 1))
    assert (pool.take("a", 1), pool.take("a", 1)) == (2, 1)
    with pytest.raises(TimeoutError):
        pool.take("b", 0.01)
    pool.give_back("a", 1)
    assert pool.take("b", 1) == 1


def test_who_has_its_share_lets_others_pass() -> None:
    pool = FairPool([1, 2, 3], of_one=2)
    mine = [pool.take("many", 1), pool.take("many", 1)]
    with pytest.raises(TimeoutError):
        pool.take("many", 0.01)
    assert pool.take("few", 1) == 1
    served: list[str] = []

    def ask(caller: str) -> None:
        taken = pool.take(caller, 60)
        served.append(caller)
        pool.give_back(caller, taken)

    threads = []
    for number, caller in enumerate(("many", "second", "third"), 1):
        threads.append(threading.Thread(target=ask, args=(caller,)))
        threads[-1].start()
        waiting(pool, number)
    pool.give_back("few", 1)
    threads[1].join(60)
    threads[2].join(60)
    assert served == ["second", "third"]
    pool.give_back("many", mine.pop())
    threads[0].join(60)
    assert served[2:] == ["many"]
    assert dict(pool._held) == {"many": 1}
