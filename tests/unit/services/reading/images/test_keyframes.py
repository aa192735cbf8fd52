"""Key frames: the good ones that differ."""

import numpy as np

from services.reading.images.keyframes import (
    MAX_LOOKED_AT,
    candidates,
    choose,
    key_frames,
    look,
    quality,
)


def speckle(seed: int, size: int = 120) -> np.ndarray:
    """A sharp, well-exposed frame with a structure that depends on ``seed``."""
    noise = np.random.default_rng(seed)
    blocks = noise.integers(20, 220, (8, 8))
    frame = np.kron(blocks, np.ones((size // 8, size // 8))) + noise.normal(0, 10, (size, size))
    return np.clip(frame, 2, 250).astype(np.uint8)


def blurred(frame: np.ndarray) -> np.ndarray:
    soft = frame.astype(float)
    for _ in range(20):
        soft = (soft + np.roll(soft, 1, 0) + np.roll(soft, 1, 1) + np.roll(soft, -1, 0)) / 4
    return soft.astype(np.uint8)


def test_frozen_clip_gives_one_frame():
    frame = speckle(1)
    assert len(key_frames(((n, frame) for n in range(1, 40)), 8)) == 1


def test_sharp_frames_come_before_blurred_ones_of_the_same():
    frames = [(n, speckle(n) if n % 2 else blurred(speckle(n - 1))) for n in range(1, 17)]
    assert all(number % 2 for number in key_frames(iter(frames), 8))


def test_frames_that_differ_are_spread_and_ascending():
    frames = [(n, speckle((n - 1) // 10)) for n in range(1, 41)]
    chosen = key_frames(iter(frames), 4)
    assert chosen == sorted(chosen)
    assert {(n - 1) // 10 for n in chosen} == {0, 1, 2, 3}


def test_dark_and_overexposed_frames_are_of_no_quality():
    good = quality(speckle(3))
    assert quality(np.zeros((80, 80), np.uint8)) < 0.05 * good
    assert quality(np.full((80, 80), 255, np.uint8)) < 0.05 * good


def test_never_more_than_asked_and_none_of_nothing():
    looks = [look(n, speckle(n)) for n in range(1, 30)]
    assert len(choose(looks, 5)) == 5
    assert choose(looks, 0) == []
    assert choose([], 5) == []


def test_long_clip_is_looked_at_here_and_there():
    numbers = candidates(3000)
    assert len(numbers) <= MAX_LOOKED_AT
    assert (numbers[0], numbers[-1]) == (1, 3000)
    assert candidates(3) == [1, 2, 3]
