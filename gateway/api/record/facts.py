"""What people enter about an examination: versioned, shown with who entered it and when."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from gateway.dependencies import ServicesDep
from gateway.http.params import Reader, Sonographer, StudyId
from gateway.representations import examinations as representations
from services.actors import names_of
from services.domain.errors import InvalidInput
from services.domain.fetal_sex_filter import tells_sex

router = APIRouter(prefix="/api/studies", tags=["Review"])

_PLAIN = r"^[^\x00-\x08\x0b-\x1f\x7f]*$"
Line = Annotated[str, Field(max_length=4000, pattern=_PLAIN)]
Seen = Literal["seen", "not_seen", "not_looked_at"]
Part = Literal[
    "head",
    "brain",
    "face",
    "spine",
    "chest",
    "heart",
    "abdomen",
    "kidneys",
    "bladder",
    "limbs",
    "cord",
]
SopUid = Annotated[str, Field(max_length=64, pattern=r"^[0-9.]+$")]
Fetus = Literal["A", "B", "C", "D", "E", "F", "G", "H", "I"]
Measure = Literal["BPD", "HC", "OFD", "AC", "FL", "CRL", "NT"]


class FactsTextWithheld(InvalidInput):
    """A text names the fetal sex."""

    code, title = "text_withheld", "The text names the fetal sex"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Parity(_Strict):
    """Pregnancies, this one among them, and births; each stands without the other."""

    gravida: int | None = Field(default=None, ge=0, le=40)
    para: int | None = Field(default=None, ge=0, le=40)


class Placenta(_Strict):
    """Where it lies. ``low``: near or over the inner os."""

    site: Literal["anterior", "posterior", "fundal", "left", "right"] | None = None
    low: bool | None = None


class Fluid(_Strict):
    """Deepest pocket or amniotic fluid index, in mm."""

    kind: Literal["deepest_pocket", "index"]
    mm: float = Field(gt=0, le=600)


class ChosenImage(_Strict):
    """The image that counts for a measure."""

    sop_uid: SopUid
    frame: int = Field(default=1, ge=1, le=100_000)


class FactsValues(_Strict):
    """All optional; what is left out nobody has assessed."""

    last_period: date | None = None
    indication: Line | None = None
    parity: Parity | None = None
    fetuses: int | None = Field(default=None, ge=1, le=9)
    presentation: Literal["cephalic", "breech", "transverse", "oblique"] | None = None
    heart_activity: Literal["present", "absent"] | None = None
    heart_rate: int | None = Field(default=None, ge=20, le=300, description="beats a minute")
    placenta: Placenta | None = None
    fluid: Fluid | None = None
    fluid_impression: Literal["normal", "reduced", "increased"] | None = None
    anatomy: dict[Part, Seen] | None = None
    impression: Line | None = None
    comment: Line | None = Field(default=None, description="to the field; the phone shows it first")
    chosen: dict[Measure, ChosenImage] | None = None
    fetus_images: dict[SopUid, Fetus] | None = Field(
        default=None, max_length=2000, description="of several fetuses, which one an image shows"
    )

    def stored(self) -> dict[str, Any]:
        """As JSON, without what is empty. Raises FactsTextWithheld."""
        values = self.model_dump(mode="json", exclude_none=True)
        texts = [values.get(name, "") for name in ("indication", "impression", "comment")]
        if any(tells_sex(text) for text in texts):
            raise FactsTextWithheld("Leave the fetal sex out: it may not be disclosed.")
        return {name: value for name, value in values.items() if value not in ("", {})}


class FactsIn(_Strict):
    """``values`` replace those of version ``based_on`` (0: the first)."""

    based_on: int = Field(ge=0, le=10**9)
    values: FactsValues

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {
                "based_on": 0,
                "values": {"last_period": "2025-08-03", "indication": "growth", "fetuses": 1},
            }
        },
    )


@router.get("/{study_id}/facts", summary="Get what people entered", operation_id="getFacts")
def versions(study_id: StudyId, who: Reader, services: ServicesDep) -> dict[str, Any]:
    """All versions, oldest first."""
    with services.index.read() as tx:
        saved = tx.facts.versions(who.site, study_id)
        names = names_of(tx, who.site)
    return {"items": [representations.facts(one, names) for one in saved]}


@router.put(
    "/{study_id}/facts",
    summary="Enter facts of an examination",
    operation_id="putFacts",
    responses={409: {"description": "Somebody else entered first (``stale_version``)."}},
)
def enter(
    study_id: StudyId, body: FactsIn, who: Sonographer, services: ServicesDep
) -> dict[str, Any]:
    """The next version of what people know: last period, indication, and what they saw. The summary of
    the examination, its dating and its report follow it.
    """
    values = body.values.stored()
    with services.index.begin() as tx:
        made = tx.facts.add(who, study_id, body.based_on, values)
        names = names_of(tx, who.site)
    return representations.facts(made, names)
