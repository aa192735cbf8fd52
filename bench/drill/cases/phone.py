"""The phone and the edge agent: killed, full, with a wrong clock, with a model that is not to be trusted."""

from __future__ import annotations

from bench.drill.case import case
from bench.drill.hub import DrillHub

MODULES = "tests/e2e/phone/test_phone_modules.py"
SYNC = "tests/integration/gateway/sync/test_sync.py"
AGENT = "tests/unit/edge/agent"
UPDATE = "tests/integration/edge/test_update.py"
RELEASES = "tests/unit/services/reading/releases"


@case(
    15,
    "410; the phone starts again and keeps its file",
    "tests/integration/gateway/ingest/test_tus.py::test_an_expired_upload_is_gone",
    f"{MODULES}::test_an_upload_that_expired_begins_again",
    "tests/integration/cli/test_resume.py::test_an_upload_that_expired_begins_anew",
)
def upload_expired(hub: DrillHub) -> None:
    """15: a resumable upload has expired"""


@case(
    16,
    "no study lost or doubled",
    f"{MODULES}::test_killed_at_every_step_nothing_is_lost_or_doubled",
    f"{AGENT}/test_kill_points.py::test_a_kill_at_any_step_loses_nothing_and_doubles_nothing",
)
def killed_at_every_step(hub: DrillHub) -> None:
    """16: the phone, and the agent of a laptop, are killed at every step"""


@case(
    17,
    "order by server receipt; sync works",
    f"{MODULES}::test_a_clock_two_years_off_changes_nothing",
    f"{SYNC}::test_the_phones_clock_orders_nothing",
)
def wrong_clock(hub: DrillHub) -> None:
    """17: the phone's clock is two years off"""


@case(
    18,
    "new captures are refused; the queue is kept",
    f"{MODULES}::test_storage_that_is_full_refuses_new_captures_and_keeps_the_queue",
    f"{AGENT}/storage/test_outbox.py::test_a_full_device_refuses_new_captures_and_keeps_the_queue",
)
def storage_full(hub: DrillHub) -> None:
    """18: the phone's storage is full"""


@case(
    20,
    "both shown with their model hashes",
    f"{SYNC}::test_disagreement_is_shown_with_both_hashes",
)
def disagreement(hub: DrillHub) -> None:
    """20: the phone's and the hub's results disagree"""


@case(
    39,
    "never parsed",
    f"{RELEASES}/test_weight_validation.py::test_impossible_headers_are_refused",
    f"{RELEASES}/test_weight_validation.py::test_every_cut_of_a_header_is_refused",
    f"{RELEASES}/test_release.py::test_the_signature_is_checked_before_the_files",
    f"{RELEASES}/test_release.py::test_nothing_is_loaded_without_trust",
    f"{MODULES}::test_a_wrong_signature_is_never_parsed",
    f"{MODULES}::test_a_damaged_weight_file_is_never_loaded",
    f"{UPDATE}::test_a_strangers_signature_is_refused_and_nothing_stays",
)
def hostile_model(hub: DrillHub) -> None:
    """39: a malformed GGUF, a wrong signature"""


@case(
    40,
    "the old model runs; an older one is refused",
    f"{MODULES}::test_an_older_model_is_refused",
    f"{MODULES}::test_a_download_cut_near_its_end_goes_on",
    f"{UPDATE}::test_a_newer_one_takes_its_place_and_an_older_one_does_not",
    f"{UPDATE}::test_a_cut_download_goes_on_and_a_damaged_one_is_fetched_anew",
    "tests/integration/gateway/test_operations.py::"
    "test_releases_are_activated_and_an_older_one_only_on_purpose",
)
def rolled_back_model(hub: DrillHub) -> None:
    """40: a model rolled back, or a download cut at 99 %"""


@case(
    "F4",
    "404 or refused; a signed version stays the one that is shown",
    f"{SYNC}::test_a_phone_reaches_its_own_cases_studies_alone",
    f"{SYNC}::test_a_phone_sees_its_own_cases_only",
    f"{SYNC}::test_a_phones_version_after_a_signature_is_shown_as_new",
    f"{SYNC}::test_a_phone_cannot_say_that_it_was_reviewed",
    "tests/contract/test_index.py::test_a_machines_version_does_not_displace_a_signed_one",
)
def token_of_a_phone(hub: DrillHub) -> None:
    """F4: a phone's token reads and writes others' studies, or displaces a signed version"""


@case(
    "F18",
    "refused before anything is drawn",
    f"{SYNC}::test_a_frame_that_no_image_has_is_refused_before_anything_is_drawn",
    f"{SYNC}::test_malformed_cases_are_refused",
)
def absurd_frames(hub: DrillHub) -> None:
    """F18: a phone's report with absurd frame sizes, or with an outline of 65,536 points"""
