"""Writes ``basic_profile.json`` from the table that dicom-anonymizer (BSD-3-Clause) transcribes.

Run by hand when the standard's table changes, with that package installed beside FADA:

    pip install --no-deps dicom-anonymizer==2.1.0
    python -m services.dicom.deidentification.make_profile
"""

from __future__ import annotations

import importlib
import json
from pathlib import Path
from typing import Any

EDITION = "2026c"
_ACTIONS = {
    "D_TAGS": "D", "Z_TAGS": "Z", "X_TAGS": "X", "U_TAGS": "U", "Z_D_TAGS": "Z/D",
    "X_Z_TAGS": "X/Z", "X_D_TAGS": "X/D", "X_Z_D_TAGS": "X/Z/D", "X_Z_U_STAR_TAGS": "X/Z/U*",
}  # fmt: skip


def table() -> dict[str, Any]:
    """PS3.15 table E.1-1: ``{"edition": …, "actions": {"00100010": "Z", …}}``.

    Rows of whole groups (curves, overlays, private attributes) are left out: ``profile`` removes those
    groups in all.
    """
    fields = importlib.import_module(
        f"dicomanonymizer.dicom_anonymization_databases.dicomfields_{EDITION}"
    )
    actions = {
        f"{tag[0]:04X}{tag[1]:04X}": action
        for name, action in _ACTIONS.items()
        for tag in getattr(fields, name)
        if len(tag) == 2
    }
    return {"edition": EDITION, "actions": dict(sorted(actions.items()))}


def main() -> None:
    """Write the file beside this module."""
    path = Path(__file__).with_name("basic_profile.json")
    path.write_text(json.dumps(table(), indent=0) + "\n")


if __name__ == "__main__":
    main()
