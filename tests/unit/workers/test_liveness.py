"""When a worker is deaf: messages wait, nothing is held, nothing is taken."""

from workers.liveness import Watch


def test_deaf_only_after_patience():
    watch = Watch(patience=10)
    assert [watch.deaf(t, waiting=3, held=0, taken=5) for t in (0, 1, 5, 10)] == [False] * 4
    assert watch.deaf(11, waiting=3, held=0, taken=5)


def test_work_in_hand_or_taken_or_an_empty_queue_is_no_deafness():
    watch = Watch(patience=10)
    watch.deaf(0, waiting=3, held=0, taken=5)
    watch.deaf(1, waiting=3, held=0, taken=5)
    assert not watch.deaf(50, waiting=3, held=1, taken=5)
    watch.deaf(51, waiting=3, held=0, taken=5)
    assert not watch.deaf(70, waiting=3, held=0, taken=6)
    assert not watch.deaf(100, waiting=0, held=0, taken=6)
    assert not watch.deaf(101, waiting=1, held=0, taken=6)
    assert watch.deaf(111, waiting=1, held=0, taken=6)
