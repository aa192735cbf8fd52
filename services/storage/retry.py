"""Short retries for a store that hiccups. Longer outages are the job's business, not a call's."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import TypeVar

from services.domain.errors import StoreUnavailable

T = TypeVar("T")
PAUSES = (0.05, 0.2, 0.6)  # s, each with jitter


def again(work: Callable[[], T], pauses: tuple[float, ...] = PAUSES) -> T:
    """Call ``work`` until it succeeds or the pauses are used up. Raises what it raised last."""
    for pause in pauses:
        try:
            return work()
        except StoreUnavailable as error:
            if not error.retryable:
                raise
            time.sleep(pause * random.uniform(0.5, 1.5))  # noqa: S311 - spreads load, no secret
    return work()
