from services.inference.triton import Breaker


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


def test_it_opens_after_failures_in_a_row_only():
    breaker = Breaker(3, 10, clock=Clock())
    for _ in range(2):
        breaker.failed()
    breaker.succeeded()
    for _ in range(2):
        breaker.failed()
    assert breaker.admit() == 0
    breaker.failed()
    assert breaker.admit() == 10


def test_after_the_pause_one_may_try_and_its_outcome_decides():
    clock = Clock()
    breaker = Breaker(1, 10, clock=clock)
    breaker.failed()
    clock.now = 10.5
    assert breaker.admit() == 0
    assert breaker.admit() > 0  # the others wait for the one that tries
    breaker.failed()
    assert breaker.admit() == 10
    clock.now = 21
    assert breaker.admit() == 0
    breaker.succeeded()
    assert breaker.admit() == 0
    assert not breaker.is_open
