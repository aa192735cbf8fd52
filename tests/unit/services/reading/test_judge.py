"""The words never contradict the figures beside them."""

from __future__ import annotations

from services.domain.biometry import hadlock_hc
from services.reading.judge import with_measured_age

SAID = {
    "gestational_age": "Not stated: needs a calibrated measurement.",
    "clinical_recommendations": "Measure HC on a calibrated image. Review by a trained person.",
}


def test_a_measured_age_replaces_the_missing_one() -> None:
    dating = hadlock_hc(300.0)
    assert dating is not None
    words = with_measured_age(SAID, (dating,))
    assert words["gestational_age"] == "33w 2d by Hadlock 1984 (HC)."
    assert words["clinical_recommendations"] == "Review by a trained person."


def test_without_a_measurement_the_words_stay() -> None:
    assert with_measured_age(SAID, ()) == SAID
