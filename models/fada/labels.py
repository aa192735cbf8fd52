"""The label lists of the dense heads, in the order of their output channels.

The same lists are written into every release's manifest; a reader of the outputs takes them
from there, never from here.
"""

from typing import Final

PLANES: Final = ("head", "abdomen", "femur", "thorax", "nt_view", "intrapartum")
# What an axial plane of the head is cut through; read beside the plane, for heads alone.
SUBPLANES: Final = ("trans-thalamic", "trans-ventricular", "trans-cerebellar")
MASKS: Final = (
    "fetal_head",
    "CSP",
    "lateral_ventricle",
    "abdomen",
    "femur",
    "pubic_symphysis",
)
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
    "abdomen",
    "femur",
    "pubic_symphysis",
)
NT_STRUCTURES: Final = BOXES[:9]
# Pairs of ends. Those of lines that lie level run from left to right, the others from top to bottom.
KEYPOINTS: Final = (
    "long_axis_a",
    "long_axis_b",
    "short_axis_a",
    "short_axis_b",
    "femur_a",
    "femur_b",
    "apad_a",
    "apad_b",
    "tad_a",
    "tad_b",
)
UPRIGHT: Final = frozenset({"short_axis_a", "tad_a"})  # pairs that run from top to bottom
# The structure that each keypoint belongs to: where it is absent, so is the keypoint.
KEYPOINT_OF: Final = (
    *("fetal_head",) * 4,
    *("femur",) * 2,
    *("abdomen",) * 4,
)

# Masks and boxes that an image of a plane can show; what is not named is known to be absent.
MASKS_OF_PLANE: Final = {
    "head": ("fetal_head", "CSP", "lateral_ventricle"),
    "abdomen": ("abdomen",),
    "femur": ("femur",),
    "thorax": (),
    "nt_view": ("fetal_head", "CSP", "lateral_ventricle", "abdomen"),
    "intrapartum": ("fetal_head", "pubic_symphysis"),
}
BOXES_OF_PLANE: Final = {
    "head": ("thalami", "midbrain", "IT", "CM", "fetal_head", "CSP", "lateral_ventricle"),
    "abdomen": ("abdomen",),
    "femur": ("femur",),
    "thorax": (),
    "nt_view": (*NT_STRUCTURES, "fetal_head", "CSP", "lateral_ventricle", "abdomen"),
    "intrapartum": ("fetal_head", "pubic_symphysis"),
}

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
    (0.495, 0.716),
    (0.412, 0.100),
    (0.246, 0.148),
)
