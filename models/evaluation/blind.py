"""Hides where an image came from: what is left is anatomy.

FETAL_PLANES_DB images were stretched to squares, others were not; scanners write in corners and
leave their own borders. A classifier that leans on such things falls here.
"""

import numpy as np
import numpy.typing as npt
from PIL import Image

Gray = npt.NDArray[np.uint8]


def hide_source(image: Gray, rng: np.random.Generator) -> Gray:
    """Cuts the border, squares, blanks where text stands, jitters the aspect; [H, W] to [512, 512].

    All images leave with the same size, the same black border and the same compression.
    """
    height, width = image.shape
    top, bottom, left, right = (rng.uniform(0.02, 0.09, 4) * [height, height, width, width]).astype(
        int
    )
    cut = image[top : height - bottom, left : width - right]
    pixels = np.asarray(Image.fromarray(cut).resize((512, 512), Image.Resampling.BILINEAR)).copy()
    for y in (slice(0, 40), slice(472, 512)):
        for x in (slice(0, 150), slice(362, 512)):
            pixels[y, x] = 0
    pixels[:, :14], pixels[:, -14:], pixels[:14], pixels[-14:] = 0, 0, 0, 0
    w, h = (512 * rng.uniform(0.72, 1.0, 2)).astype(int)
    small = Image.fromarray(pixels).resize((int(w), int(h)), Image.Resampling.BILINEAR)
    canvas = Image.new("L", (512, 512))
    canvas.paste(small, (int(rng.integers(0, 513 - w)), int(rng.integers(0, 513 - h))))
    return np.asarray(canvas)
