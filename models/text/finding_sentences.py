"""What a decoder learns to say of findings: a release's words, and the closed set of its sentences.

The words are those of models.text.sentences wherever a label tells them, so that both kinds of text
model are measured against the same labels; what is unclear, cut off or missing comes from the findings.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import numpy as np

from models.fada.labels import NT_STRUCTURES, PLANES
from models.text.sentences import NO_PLANE, NT_NAMES, Seen, answer, classified, write
from services.reading.text.finding_words import FindingWords
from services.reading.text.findings import LEFT, RIGHT, Findings

TEMPLATE: Final = "<|im_start|>user\n{findings}\n{prompt}<|im_end|>\n<|im_start|>assistant\n"
INTERPRET: Final = "Interpret."
CLASSIFY: Final = "Classify."
# What the heads of a release of today look for in each plane, in the order of a findings' line.
LOOKED_FOR: Final[Mapping[str, tuple[str, ...]]] = {
    "head": ("fetal_head", "CSP", "lateral_ventricle"),
    "abdomen": ("abdomen",),
    "femur": ("femur",),
    "thorax": (),
    "nt_view": NT_STRUCTURES,
    "intrapartum": ("fetal_head", "pubic_symphysis"),
}
_NAMES: Final = {
    **NT_NAMES,
    "fetal_head": "fetal head",
    "CSP": "cavum septi pellucidi",
    "lateral_ventricle": "lateral ventricle",
    "abdomen": "fetal abdomen",
    "femur": "fetal femur",
    "pubic_symphysis": "pubic symphysis",
}
_LEVELS: Final = ((7, "good"), (4, "reduced"), (0, "poor"))
_UNCLEAR: Final = 7
_MORE: Final[Mapping[str, Mapping[str, Any]]] = {
    "head": {
        "main": "fetal_head",
        "expected": ["fetal_head"],
        "listed": {"fetal_head": "fetal head, skull outline"},
        "axis": ["long_axis_a", "long_axis_b"],
    },
    "abdomen": {"main": "abdomen", "expected": ["abdomen"]},
    "femur": {"main": "femur", "expected": ["femur"]},
    "thorax": {"shown": "Fetal thorax."},
    "nt_view": {
        "main": "NT",
        "expected": list(NT_STRUCTURES),
        "front": ["nasal_tip", "nasal_bone", "nasal_skin"],
        "back": ["thalami", "midbrain", "CM", "IT", "NT"],
    },
    "intrapartum": {"main": "fetal_head", "expected": ["fetal_head", "pubic_symphysis"]},
}


def tables() -> dict[str, Any]:
    """``text_model.words`` of a release's manifest (services.reading.text.finding_words)."""
    planes = {}
    for plane in PLANES:
        fields = write(Seen(plane))
        looked_at = str(fields["normality_assessment"]).removeprefix("Not assessed. Looked at: ")
        planes[plane] = {
            "plane": fields["imaging_plane"],
            "measurable": fields["biometric_measurements"],
            "looked_at": looked_at.removesuffix("."),
            "advice": str(fields["clinical_recommendations"]).removesuffix(
                " Review by a trained person."
            ),
            **_MORE[plane],
        }
    return {"names": _NAMES, "levels": _LEVELS, "unclear": _UNCLEAR, "planes": planes}


WORDS: Final = FindingWords.from_json(tables())


def allowed(plane: str) -> dict[str, dict[str, object]]:
    """What each field may say about a plane, as JSON Schema: a release's closed set of sentences."""
    about = WORDS.planes[plane]
    labels = LOOKED_FOR[plane]
    listed = [(about.listed or {}).get(label, _NAMES[label]) for label in labels]
    none = about.shown or "No structure found."
    options: dict[str, list[str]] = {}
    for findings in extremes(plane):
        for field, text in WORDS.words(findings).items():
            if text not in options.setdefault(field, []):
                options[field].append(text)
    forms: dict[str, dict[str, object]] = {
        field: {"enum": texts} for field, texts in options.items()
    }
    if labels:
        first = "|".join(f"{name[0].upper()}{name[1:]}" for name in listed)
        more = f"(, ({'|'.join(listed)})){{0,{len(labels) - 1}}}" if len(labels) > 1 else ""
        forms["anatomical_structures"] = _pattern(f"(({first}){more}\\.|{_literal(none)})")
    forms["image_quality"] = _pattern(_remarks(labels))
    return forms


def _remarks(labels: tuple[str, ...]) -> str:
    levels = "|".join(word.capitalize() for _, word in _LEVELS)
    if not labels:
        return f"({levels})\\."
    name = f"({'|'.join(_NAMES[label] for label in labels)})"
    names = f"{name}(, {name}){{0,{len(labels) - 1}}}" if len(labels) > 1 else name
    said = "".join(f"( {word}: {names}\\.)?" for word in ("Unclear", "Cut off", "Not found"))
    return f"({levels})\\.{said}"


def _pattern(expression: str) -> dict[str, object]:
    return {"type": "string", "pattern": f"^{expression}$"}


def _literal(text: str) -> str:
    return text.replace(".", "\\.")


def extremes(plane: str) -> Iterator[Findings]:
    """Findings that between them lead to every option of the fields that are lists of options."""
    labels, expected = LOOKED_FOR[plane], WORDS.planes[plane].expected
    findings = tuple((label, 9) for label in labels)
    axes = (0, 40, 80, None) if plane == "head" else (None,)
    faces = (LEFT, RIGHT, None) if plane == "nt_view" else (None,)
    for axis in axes:
        for face in faces:
            yield Findings(plane, 9, "good", 9, findings, axis=axis, face=face)
            yield Findings(plane, 9, "good", 9, findings, cut=labels, axis=axis, face=face)
            yield Findings(plane, 9, "good", 9, missing=expected, axis=axis, face=face)


def invented(rng: np.random.Generator) -> Findings:
    """Findings that no image gave: every combination is met, also those that images seldom show."""
    plane = PLANES[int(rng.integers(0, len(PLANES)))]
    if rng.random() < 0.5:  # the planes with the most to say
        plane = ("nt_view", "head", "intrapartum")[int(rng.integers(0, 3))]
    lost, poor, cut_share = rng.random() * 0.6, rng.random() * 0.7, rng.random() ** 2 * 0.5
    words: dict[str, int] = {}
    cut = []
    for label in LOOKED_FOR[plane]:
        if rng.random() < lost:
            continue
        is_poor = rng.random() < poor
        words[label] = int(rng.integers(2, _UNCLEAR) if is_poor else rng.integers(_UNCLEAR, 10))
        if rng.random() < cut_share:
            cut.append(label)
    image = int(rng.integers(2, 10))
    return Findings(
        plane,
        int(rng.integers(4, 10)),
        WORDS.level(image),
        image,
        tuple(words.items()),
        tuple(k for k, sure in words.items() if sure < _UNCLEAR and k not in cut),
        tuple(cut),
        tuple(label for label in WORDS.planes[plane].expected if label not in words),
        int(rng.integers(0, 10)) * 10 if plane == "head" and rng.random() < 0.9 else None,
        (LEFT, RIGHT, None)[int(rng.integers(0, 3))] if plane == "nt_view" else None,
    )


def spoken(findings: Findings) -> str:
    """The answer of the interpret phase."""
    return answer(WORDS.words(findings))


def corpus(count: int = 3000, seed: int = 0) -> Iterator[str]:
    """Texts that hold every word the decoder reads or writes: what its tokenizer is trained on."""
    rng = np.random.default_rng(seed)
    for plane in PLANES:
        for findings in extremes(plane):
            yield from (findings.line(), spoken(findings))
    for _ in range(count):
        findings = invented(rng)
        yield from (findings.line(), spoken(findings))
    for name in (*PLANES, NO_PLANE):
        yield classified(None if name == NO_PLANE else name)
    yield from (INTERPRET, CLASSIFY)
