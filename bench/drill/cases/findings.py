"""What a result may say: nothing blank, nothing guessed, nothing that a stranger wrote into it."""

from __future__ import annotations

from bench.drill.case import case
from bench.drill.hub import DrillHub

ATTEMPTS = "tests/integration/workers/test_attempts.py"
FRAMES = "tests/unit/services/dicom/parser/test_frames.py::TestCalibration"
BURNED = "tests/unit/services/reading/images/test_burned_in_text.py"
SEX = "tests/unit/services/domain/test_fetal_sex_filter.py"


@case(
    19,
    "both versions kept, none overwritten",
    "tests/integration/gateway/record/test_reviews.py::test_two_readers_at_once_lose_nothing",
    "tests/integration/services/test_index_races.py::test_versions_written_at_once_are_all_kept",
    "tests/e2e/hub_pages/test_pages.py::test_two_readers_at_once_lose_nothing",
)
def two_edits(hub: DrillHub) -> None:
    """19: two edits of one result"""


@case(
    25,
    '"failed", never a blank report',
    f"{ATTEMPTS}::test_output_that_is_not_a_number_fails_visibly",
    f"{ATTEMPTS}::test_answer_that_cannot_be_used_is_never_a_blank_report",
    "tests/contract/test_inference.py::test_numbers_that_are_none_fail_visibly",
)
def unusable_output(hub: DrillHub) -> None:
    """25: NaN, a wrong shape or an empty model output"""


@case(
    43,
    "structured results unchanged; text flagged",
    f"{BURNED}::test_words_are_seen",
    f"{BURNED}::test_the_words_change_nothing_that_is_said",
)
def burned_in(hub: DrillHub) -> None:
    """43: "report normal" burned into the image"""


@case(
    44,
    "tags never reach the prompt",
    f"{ATTEMPTS}::test_instructions_in_the_tags_change_nothing_that_the_model_is_asked",
)
def instructions(hub: DrillHub) -> None:
    """44: instructions in StudyDescription and other tags"""


@case(
    49,
    "pixels only, or per-axis mm; never guessed",
    f"{FRAMES}::test_none",
    f"{FRAMES}::test_an_unusable_region_is_no_calibration_and_spacing_does_not_replace_it",
    f"{FRAMES}::test_two_regions_hold_for_what_lies_in_one",
    f"{FRAMES}::test_pixel_spacing_is_row_then_column",
    "tests/unit/services/reading/test_review_edits.py::test_no_millimetre_without_calibration",
    "tests/unit/services/reading/test_measures.py::test_an_angle_is_measured_in_square_pixels",
)
def regions(hub: DrillHub) -> None:
    """49: no, several or anisotropic ultrasound regions"""


@case(
    50,
    "withheld",
    f"{SEX}::test_what_tells",
    f"{SEX}::test_pronouns_tell_where_only_the_fetus_is_spoken_of",
    "tests/integration/gateway/sync/test_sync.py::test_a_phones_words_about_the_sex_are_withheld",
    "tests/integration/gateway/record/test_reviews.py::test_the_fetal_sex_is_not_written_down",
    "tests/e2e/hub_pages/test_pages.py::test_the_sex_is_never_shown",
)
def fetal_sex(hub: DrillHub) -> None:
    """50: text that tells the fetal sex, from a phone, a model or a reader"""
