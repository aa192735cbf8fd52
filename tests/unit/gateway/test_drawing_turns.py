from __future__ import annotations

from contextlib import ExitStack

import pytest

from gateway.representations import drawing_turns
from gateway.representations.drawing_turns import drawing_turn
from services.domain.errors import Unavailable


def test_who_would_wait_behind_many_holds_no_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    with drawing_turn(), ExitStack() as waiting:
        for _ in range(drawing_turns._WAITING + drawing_turns._AT_ONCE - 1):
            assert drawing_turns._places.acquire(blocking=False)
            waiting.callback(drawing_turns._places.release)
        monkeypatch.setattr(drawing_turns, "_SECONDS", 1e6)
        with pytest.raises(Unavailable), drawing_turn():
            pass
    with drawing_turn():
        pass  # all were given back
