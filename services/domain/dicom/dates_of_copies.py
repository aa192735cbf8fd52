"""What becomes of dates in a copy that leaves the site without its patient."""

from __future__ import annotations

from typing import Literal

Dates = Literal["removed", "shifted"]  # shifted: all of a patient by the same days
