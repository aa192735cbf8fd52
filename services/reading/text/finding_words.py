"""The words for findings: eight fields from the heads' findings alone, by tables that a release holds.

A decoder that reads findings writes such words. Each of its fields is checked against them: what the
findings do not bear out is left out (``borne_out``), so that nothing is said beyond what the heads found.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from services.reading.text.findings import Findings

_NO_MEASUREMENT: Final = "No measurement in this plane."


@dataclass(frozen=True, slots=True)
class PlaneWords:
    """A plane's words. ``expected``: structures whose absence is said; ``main``: the one to be whole;
    ``listed``: names that differ in the list of structures; ``shown``: what stands there where the
    heads look for nothing; ``axis``: two keypoints; ``front`` and ``back``: structures of a face."""

    plane: str
    measurable: str
    looked_at: str
    advice: str
    shown: str = ""
    main: str = ""
    expected: tuple[str, ...] = ()
    listed: Mapping[str, str] | None = None
    axis: tuple[str, ...] = ()
    front: tuple[str, ...] = ()
    back: tuple[str, ...] = ()

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> PlaneWords:
        """Raises TypeError: a member is missing or unknown."""
        lists = ("expected", "axis", "front", "back")
        members: dict[str, Any] = {k: tuple(v) if k in lists else v for k, v in data.items()}
        return cls(**members)


@dataclass(frozen=True, slots=True)
class FindingWords:
    """``names`` by label; ``levels``: (tenths of quality from which, word), the best first; a structure
    is unclear below ``unclear`` tenths."""

    names: Mapping[str, str]
    levels: tuple[tuple[int, str], ...]
    unclear: int
    planes: Mapping[str, PlaneWords]

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> FindingWords:
        """The manifest's ``text_model.words``.

        Raises:
            KeyError, TypeError, ValueError: a member is missing or not what it should be.
        """
        return cls(
            {str(k): str(v) for k, v in data["names"].items()},
            tuple((int(least), str(word)) for least, word in data["levels"]),
            int(data["unclear"]),
            {str(k): PlaneWords.from_json(v) for k, v in data["planes"].items()},
        )

    def level(self, tenths: int) -> str:
        """The word for an image's quality."""
        return next((word for least, word in self.levels if tenths >= least), self.levels[-1][1])

    def words(self, findings: Findings) -> dict[str, str]:
        """The eight fields; of a main structure that the release does not look for nothing is said.

        Raises:
            KeyError: a plane or label that the release has no words for.
        """
        about = self.planes[findings.plane]
        is_known = not about.main or findings.looks_for(about.main)
        is_measurable = is_known and about.main not in findings.missing
        is_whole = about.main not in (*findings.missing, *findings.cut)
        advice = about.advice if is_known else _NO_MEASUREMENT
        whole = f"Repeat with the whole {self.names.get(about.main, '')} in view."
        return {
            "anatomical_structures": self._structures(about, findings),
            "fetal_orientation": _orientation(findings),
            "imaging_plane": about.plane,
            "biometric_measurements": about.measurable if is_measurable else "None.",
            "gestational_age": "Not stated: needs a calibrated measurement.",
            "image_quality": self._quality(findings),
            "normality_assessment": f"Not assessed. Looked at: {about.looked_at}.",
            "clinical_recommendations": (
                f"{advice if is_whole else whole} Review by a trained person."
            ),
        }

    def _structures(self, about: PlaneWords, findings: Findings) -> str:
        listed = about.listed or {}
        names = [listed.get(label, self.names[label]) for label, _ in findings.found]
        if not names and about.main and not findings.looks_for(about.main):
            return ""
        return _sentence(", ".join(names)) if names else about.shown or "No structure found."

    def _quality(self, findings: Findings) -> str:
        """The image's sharpness, then what hinders."""
        remarks = (
            ("Unclear", findings.unclear),
            ("Cut off", findings.cut),
            ("Not found", findings.missing),
        )
        said = [
            f"{word}: {', '.join(self.names[label] for label in some)}."
            for word, some in remarks
            if some
        ]
        return " ".join([_sentence(findings.level), *said])


def borne_out(said: Mapping[str, str], findings: Findings, words: FindingWords) -> dict[str, str]:
    """The fields of ``told`` that say what the findings say; the others are left out."""
    own = words.words(findings)
    return {name: text for name, text in said.items() if own.get(name) == text}


def _orientation(findings: Findings) -> str:
    if findings.axis is not None:
        return f"Long axis of the head {findings.axis_word} in the image."
    if findings.face is not None:
        return f"Face towards the {findings.face} of the image."
    return "Not determined."


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."
