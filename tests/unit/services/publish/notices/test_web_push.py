"""Encryption as RFC 8291's own example has it, and words that say nothing of anybody."""

from __future__ import annotations

import json

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from push_service import Receiver, b64, unb64

from services.domain.errors import InvalidInput
from services.domain.language.languages import LANGUAGES
from services.publish.notices.notice import KINDS, Notice, notice_of
from services.publish.notices.web_push import Browser, PushSender, encrypt, fresh_key

# RFC 8291, appendix A.
PLAIN = b"When I grow up, I want to be a watermelon"
SENDER = unb64("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw")
RECEIVER = unb64("q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94")
SECRET, SALT = unb64("BTBZMqHH6r4Tts7J_aSIgg"), unb64("DGv6ra1nlYgDCS1FRnbzlw")
SEALED = (
    "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8w"
    "EqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
)


def test_the_example_of_the_rfc() -> None:
    receiver = Receiver(RECEIVER, SECRET)
    browser = Browser("1", "", receiver.point, SECRET, "en")
    own = ec.derive_private_key(int.from_bytes(SENDER), ec.SECP256R1())
    assert b64(encrypt(PLAIN, browser, own, SALT)) == SEALED
    assert receiver.open(unb64(SEALED)) == PLAIN


def test_each_message_has_a_key_of_its_own() -> None:
    receiver = Receiver()
    browser = Browser("1", "", receiver.point, receiver.secret, "en")
    first, second = encrypt(PLAIN, browser), encrypt(PLAIN, browser)
    assert first[:86] != second[:86]
    assert receiver.open(first) == receiver.open(second) == PLAIN


def test_words_are_there_in_five_languages_and_fit_a_push() -> None:
    for kind in KINDS:
        said = {language: Notice("id", kind).words(language) for language in LANGUAGES}
        assert len(set(said.values())) == len(LANGUAGES) == 5
        assert all(len(json.dumps(words)) < 1000 for words in said.values())


def test_what_counts_of_a_result() -> None:
    link = notice_of("d", ("final", "urgent"), "https://hub.example/", "s-1")
    assert (link.kind, link.link) == ("urgent", "https://hub.example/study/s-1")
    assert notice_of("d", ("finding", "preliminary"), "", "s-1") == Notice("d", "preliminary")
    assert notice_of("d", ("failed",), "", "s-1").kind == "failed"


@pytest.mark.parametrize(
    ("contact", "key"), [("x", fresh_key()), ("mailto:it@c.example", "no key")]
)
def test_what_makes_no_sender(contact: str, key: str) -> None:
    with pytest.raises(InvalidInput):
        PushSender(contact, key, False)
