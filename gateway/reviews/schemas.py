"""Schemas of a review as it is sent, and their conversion to the domain's edits."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import date
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from gateway.http.params import Language
from services.domain.errors import InvalidInput
from services.domain.fetal_sex_filter import tells_sex
from services.reading.images.drawn_mask import DrawnMask
from services.reading.review_edits import Caliper, DrawnStructure, FrameEdit

MASK_BYTES = 4 * 2**20
_LABEL = r"^[A-Za-z][A-Za-z0-9_]{0,47}$"
_PLAIN = r"^[^\x00-\x08\x0b-\x1f\x7f]*$"


def _finite(value: float) -> float:
    if not math.isfinite(value):
        raise ValueError("not a number")
    return value


Number = Annotated[float, AfterValidator(_finite)]
Point = tuple[Number, Number]
DecodeMask = Callable[[str], DrawnMask]  # of the base64 of a PNG


class TextWithheld(InvalidInput):
    """A text names the fetal sex."""

    code, title = "text_withheld", "The text names the fetal sex"


class StrictModel(BaseModel):
    """A schema without unknown fields."""

    model_config = ConfigDict(extra="forbid")


class StructureIn(StrictModel):
    """A structure in pixels of the frame; a mask goes before a polygon, a polygon before a box."""

    label: str = Field(pattern=_LABEL)
    polygon: list[Point] | None = Field(default=None, max_length=2000)
    box: tuple[Number, Number, Number, Number] | None = None
    mask_png: str | None = Field(
        default=None, max_length=MASK_BYTES * 4 // 3 + 4, description="base64"
    )


class CaliperIn(StrictModel):
    """Two points in pixels, or four for an ellipse (ends of the long, then of the short axis)."""

    name: Literal["HC", "BPD", "OFD", "AC", "FL", "CRL", "NT", "length"]
    points: list[Point] = Field(min_length=2, max_length=4)


class FrameIn(StrictModel):
    """Changes of one frame; what is left out stays as it was."""

    sop_uid: str = Field(max_length=64, pattern=r"^[0-9.]+$")
    frame: int = Field(default=1, ge=1, le=100_000)
    plane: str | None = Field(default=None, pattern=_LABEL)
    interpretation: dict[str, Annotated[str, Field(max_length=4000, pattern=_PLAIN)]] | None = (
        Field(default=None, max_length=16)
    )
    structures: list[StructureIn] | None = Field(default=None, max_length=64)
    calipers: list[CaliperIn] | None = Field(default=None, max_length=32)

    def edit(self, decode: DecodeMask) -> FrameEdit:
        """The domain's edit. Raises what ``decode`` raises."""
        structures = calipers = None
        if self.structures is not None:
            structures = tuple(_drawn(s, decode) for s in self.structures)
        if self.calipers is not None:
            calipers = tuple(Caliper(c.name, tuple(c.points)) for c in self.calipers)
        return FrameEdit(self.plane, self.interpretation, structures, calipers)


class ScoresIn(StrictModel):
    """FADA's scale: 1 acceptable, 2 minor faults, 3 major faults."""

    interpretation: int | None = Field(default=None, ge=1, le=3)
    annotation: int | None = Field(default=None, ge=1, le=3)

    def given(self) -> dict[str, int]:
        """The scores that were given, by name."""
        both = {"interpretation": self.interpretation, "annotation": self.annotation}
        return {name: value for name, value in both.items() if value is not None}


class ReviewIn(StrictModel):
    """A review: a further version on top of ``based_on``."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {
                "based_on": 1,
                "action": "accept",
                "comment": "Outline follows the skull.",
                "scores": {"interpretation": 1, "annotation": 1},
                "frames": [],
            }
        },
    )

    based_on: int = Field(ge=1, le=10**9)
    action: Literal["save", "accept", "sign"] = "save"
    comment: str = Field(default="", max_length=4000, pattern=_PLAIN)
    scores: ScoresIn = ScoresIn(interpretation=None, annotation=None)
    last_period: date | None = None
    language: Language = Field(
        default="en", description="of the printed page that a signature makes"
    )
    frames: list[FrameIn] = Field(default_factory=list, max_length=256)

    def check_words(self) -> None:
        """Raises TextWithheld when a text names the fetal sex."""
        texts = [t for f in self.frames for t in (f.interpretation or {}).values()]
        if any(tells_sex(text) for text in (self.comment, *texts)):
            raise TextWithheld("Leave the fetal sex out: it may not be disclosed.")


class MeasureIn(FrameIn):
    """An edit to measure; it is not stored."""

    study_id: str = Field(pattern=r"^[0-9a-f-]{36}$")
    version: int | None = Field(default=None, ge=1, le=10**9)
    last_period: date | None = None


def _drawn(given: StructureIn, decode: DecodeMask) -> DrawnStructure:
    mask = decode(given.mask_png) if given.mask_png is not None else None
    return DrawnStructure(given.label, given.box, tuple(given.polygon or ()), mask)
