"""The label lists of the dense heads, in the order of their output channels.

The same lists are written into every release's manifest; a reader of the outputs takes them
from there, never from here.
"""

from typing import Final

PLANES: Final = ("head", "abdomen", "femur", "thorax", "nt_view")
MASKS: Final = ("fetal_head", "CSP", "lateral_ventricle")
BOXES: Final = (
    "NT",
    "nasal_bone",
    "nasal_tip",
    "nasal_skin",
    "palate",
    "thalami",
    "midbrain",
    "IT",
    "CM",
    "fetal_head",
    "CSP",
    "lateral_ventricle",
)
NT_STRUCTURES: Final = BOXES[:9]
KEYPOINTS: Final = ("long_axis_a", "long_axis_b", "short_axis_a", "short_axis_b")

# Median width and height on the square, from the training split: where the size regressor starts.
BOX_PRIORS: Final = (
    (0.393, 0.070),
    (0.055, 0.025),
    (0.042, 0.018),
    (0.039, 0.018),
    (0.147, 0.133),
    (0.133, 0.147),
    (0.099, 0.180),
    (0.090, 0.061),
    (0.138, 0.052),
    (0.579, 0.695),
    (0.076, 0.063),
    (0.090, 0.093),
)
