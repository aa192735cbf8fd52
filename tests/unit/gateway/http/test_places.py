from __future__ import annotations

import pytest

from gateway.http.places import Places, TooManyAtOnce


def test_a_caller_has_its_places_and_no_more() -> None:
    places = Places(2, "Wait.", retry_after=3)
    with places.taken("a"), places.taken("a"):
        with pytest.raises(TooManyAtOnce) as refused, places.taken("a"):
            pass
        assert (refused.value.code, refused.value.status) == ("too_many_at_once", 429)
        assert refused.value.retry_after == 3
        with places.taken("b"):
            pass
    with pytest.raises(ZeroDivisionError), places.taken("a"):
        raise ZeroDivisionError
    with places.taken("a"), places.taken("a"):
        pass  # all were given back
