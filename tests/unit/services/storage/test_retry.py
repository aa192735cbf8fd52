import pytest

from services.domain.errors import StoreUnavailable
from services.storage.s3_upload import again


def test_a_hiccup_is_tried_again():
    left = [StoreUnavailable(), StoreUnavailable()]

    def work():
        if left:
            raise left.pop()
        return "stored"

    assert again(work, pauses=(0, 0, 0)) == "stored"


def test_an_outage_is_handed_on():
    calls = []

    def work():
        calls.append(1)
        raise StoreUnavailable

    with pytest.raises(StoreUnavailable):
        again(work, pauses=(0, 0))
    assert len(calls) == 3
