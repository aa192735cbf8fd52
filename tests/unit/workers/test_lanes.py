"""One receiver at a time, and a slow one rests."""

from __future__ import annotations

from workers.lanes import BUSY_SECONDS, Lanes


def test_a_receiver_is_spoken_to_by_one_at_a_time_and_others_are_free() -> None:
    lanes = Lanes(lambda: 0.0)
    assert lanes.enter("slow") == 0.0
    assert lanes.enter("slow") == BUSY_SECONDS
    assert lanes.enter("other") == 0.0
    lanes.leave("slow", failed=False, seconds=100.0)
    assert lanes.enter("slow") == 0.0


def test_one_that_let_us_wait_for_nothing_rests_longer_each_time() -> None:
    now = [0.0]
    lanes = Lanes(lambda: now[0])
    rests = []
    for _ in range(8):
        assert lanes.enter("slow") == 0.0
        lanes.leave("slow", failed=True, seconds=15.0)
        rests.append(lanes.enter("slow"))
        now[0] += rests[-1]
    assert rests == [15.0, 30.0, 60.0, 120.0, 240.0, 480.0, 600.0, 600.0]
    assert lanes.enter("slow") == 0.0
    lanes.leave("slow", failed=False, seconds=1.0)
    assert lanes.enter("slow") == 0.0
    lanes.leave("slow", failed=True, seconds=0.1)
    assert lanes.enter("slow") == 0.0, "one that refuses at once holds up nobody"
