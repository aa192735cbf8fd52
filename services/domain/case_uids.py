"""DICOM UIDs of a case from the field: one rule for the hub, the laptop's agent and the browser.

A case is named by a UUID that the device makes, and a picture by the SHA-256 of its bytes, so both sides
know every UID before they have talked to each other. ``web/phone`` has the same rule in TypeScript
(``src/case/ids.ts``); a test compares the two.

========  =====================================================================================
Study     ``2.25.`` and the case's UUID as a decimal number (PS3.5 annex B.2)
Series    ``picture_uid(case, "series")``: all pictures of a case are one series
Instance  ``2.25.`` and the first 128 bits of SHA-256 of ``"<case>:<sha256 of the picture>"``
========  =====================================================================================

A picture that is a DICOM file keeps the UIDs that it has.
"""

from __future__ import annotations

import hashlib


def study_uid(case_id: str) -> str:
    """The Study Instance UID of a case. ``case_id`` is a UUID with hyphens.

    Raises:
        ValueError: ``case_id`` is no UUID.
    """
    return f"2.25.{int(case_id.replace('-', ''), 16)}"


def series_uid(case_id: str) -> str:
    """The Series Instance UID of a case's pictures."""
    return picture_uid(case_id, "series")


def picture_uid(case_id: str, sha256: str) -> str:
    """The SOP Instance UID of a case's picture, from the SHA-256 of its bytes (64 hexadecimal digits)."""
    digest = hashlib.sha256(f"{case_id}:{sha256}".encode()).digest()
    return f"2.25.{int.from_bytes(digest[:16], 'big')}"
