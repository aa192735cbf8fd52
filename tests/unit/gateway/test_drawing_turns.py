from __future__ import annotations

from contextlib import ExitStack

import pytest

from gateway.http.places import TooManyAtOnce
from gateway.representations import drawing_turns
from gateway.representations.drawing_turns import drawing_turn
from services.domain.errors import Unavailable
from services.domain.study import Principal, Role

WHO, OTHER = Principal("key:a", "site", Role.READER), Principal("key:b", "site", Role.READER)


def test_who_would_wait_behind_many_holds_no_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    with drawing_turn(WHO), ExitStack() as waiting:
        for _ in range(drawing_turns._WAITING + drawing_turns._AT_ONCE - 1):
            assert drawing_turns._places.acquire(blocking=False)
            waiting.callback(drawing_turns._places.release)
        monkeypatch.setattr(drawing_turns, "_SECONDS", 1e6)
        with pytest.raises(Unavailable), drawing_turn(WHO):
            pass
    with drawing_turn(WHO):
        pass  # all were given back


def test_one_caller_does_not_take_the_places_of_all() -> None:
    with ExitStack() as held:
        held.enter_context(drawing_turn(WHO))
        for _ in range(drawing_turns._OF_ONE - 1):
            held.enter_context(drawing_turns._of_one.taken(WHO.counted_as))
        with pytest.raises(TooManyAtOnce), drawing_turn(WHO):
            pass
        with drawing_turn(OTHER):
            pass
