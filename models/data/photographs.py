"""Real pictures that are no fetal ultrasound, found in installed Python packages.

Sample pictures that libraries ship (scikit-image, scikit-learn, matplotlib) under their licences;
only whatever is installed is used, and none of it is copied into the repository.
"""

import importlib.util
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

_PLACES = (
    ("matplotlib", "mpl-data/sample_data"),
    ("skimage", "data"),
    ("sklearn", "datasets/images"),
    ("scipy", "datasets"),
)
_SUFFIXES = {".png", ".jpg", ".jpeg", ".tif", ".gif"}


def find_photographs(folders: list[Path] | None = None) -> list[Path]:
    """Picture files of installed packages, or below `folders`, sorted by name."""
    roots = list(folders or [])
    for package, inner in _PLACES if folders is None else ():
        spec = importlib.util.find_spec(package)
        for place in (spec.submodule_search_locations or []) if spec else []:
            roots.append(Path(place) / inner)
    files = {p for root in roots if root.is_dir() for p in root.rglob("*")}
    return sorted(p for p in files if p.suffix.lower() in _SUFFIXES)


def load_photographs(paths: list[Path], least: int = 64) -> list[npt.NDArray[np.uint8]]:
    """Decoded to grey; pictures with a side below `least` pixels, or unreadable, are left out."""
    images = []
    for path in paths:
        try:
            with Image.open(path) as opened:
                image = np.asarray(opened.convert("L"))
        except (OSError, ValueError):
            continue
        if min(image.shape) >= least and image.std() > 3:
            images.append(image)
    return images
