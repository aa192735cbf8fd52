"""Which images and which losses a run learns from: everything, or one task alone."""

from collections.abc import Mapping
from dataclasses import dataclass

from models.data.batches import NOT_FETAL, Mix
from models.data.samples import ABDOMEN, BRAIN, MEASURED
from models.fada.losses import WEIGHTS


@dataclass(frozen=True, slots=True)
class TrainingTask:
    """Shares of the data sets in a batch and the weights of the losses."""

    mix: Mix
    weights: Mapping[str, float]


def _only(names: str) -> dict[str, float]:
    return {name: WEIGHTS[name] for name in names.split()}


TASKS = {
    "all": TrainingTask(Mix(), WEIGHTS),
    # The last part of a run: nearer to what the hub sees, more weight on what is measured.
    "finish": TrainingTask(
        Mix(
            (
                ("HC18", 0.2),
                ("FETUS_FRAMEWORK", 0.22),
                ("FETAL_PLANES_DB", 0.08),
                (ABDOMEN, 0.13),
                (MEASURED, 0.13),
                (BRAIN, 0.06),
                ("PSFHS", 0.12),
                (NOT_FETAL, 0.03),
            ),
            plain=0.3,
            degraded=0.06,
        ),
        {**WEIGHTS, "box": 1.4, "moments": 0.6, "subplane": 0.8},
    ),
    # The second run, of a network that has learnt its masks: what it has not seen yet comes more often.
    "after_masks": TrainingTask(
        Mix(
            (
                ("HC18", 0.11),
                ("FETUS_FRAMEWORK", 0.32),
                ("FETAL_PLANES_DB", 0.10),
                (ABDOMEN, 0.10),
                (MEASURED, 0.11),
                (BRAIN, 0.08),
                ("PSFHS", 0.10),
                (NOT_FETAL, 0.04),
            ),
            plain=0.2,
            degraded=0.1,
        ),
        WEIGHTS,
    ),
    # A short run that compares ways of training: light augmentation, so that it learns fast, and
    # enough images made poor that what is distinguished by them can differ.
    "brief": TrainingTask(Mix(plain=0.6, degraded=0.2), WEIGHTS),
    "segment": TrainingTask(Mix((("HC18", 0.9), (BRAIN, 0.1))), _only("bce dice moments points")),
    # The mask head alone, with more weight on what the circumference depends on.
    "outline": TrainingTask(
        Mix(
            (("HC18", 0.42), (BRAIN, 0.03), (ABDOMEN, 0.22), (MEASURED, 0.13), ("PSFHS", 0.18)),
            plain=0.35,
            degraded=0.05,
        ),
        {"bce": 1.0, "dice": 1.0, "moments": 1.0},
    ),
    "detect": TrainingTask(Mix((("FETUS_FRAMEWORK", 1.0),)), _only("heat box coarse presence")),
    "classify": TrainingTask(
        Mix(
            (
                ("FETAL_PLANES_DB", 0.25),
                (ABDOMEN, 0.06),
                (MEASURED, 0.14),
                (BRAIN, 0.1),
                ("HC18", 0.1),
                ("FETUS_FRAMEWORK", 0.1),
                ("PSFHS", 0.1),
                (NOT_FETAL, 0.07),
            )
        ),
        _only("plane subplane scope quality"),
    ),
}
