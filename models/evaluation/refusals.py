"""Pictures that must be refused, by family, and how many are."""

from pathlib import Path

import numpy as np
import numpy.typing as npt

from models.data.manifest import Record
from models.data.negatives import HELD_OUT_FAMILIES, TRAIN_FAMILIES
from models.data.photographs import find_photographs, load_photographs
from models.evaluation.observe import load_gray

Gray = npt.NDArray[np.uint8]


def negatives(
    records: list[Record], each: int, seed: int, held_out: bool = True
) -> dict[str, list[Gray]]:
    """`each` pictures of every synthetic family (512 x 512), and the photographs that are installed.

    Scans lend their texture to some families. With `held_out`, families that training never saw
    are there too.
    """
    families = {**TRAIN_FAMILIES, **(HELD_OUT_FAMILIES if held_out else {})}
    rng = np.random.default_rng((seed, 77))
    scans = [load_gray(records[int(i)]) for i in rng.integers(0, len(records), 40)]
    made: dict[str, list[Gray]] = {}
    for name, family in families.items():
        made[name] = [family(rng, 512, _square(scans[i % len(scans)])) for i in range(each)]
    if held_out:
        made["photographs"] = load_photographs(find_photographs())
        made["other_planes"] = [load_gray(r) for r in records if r.plane is None]
    return {name: images for name, images in made.items() if images}


def from_folder(folder: Path) -> dict[str, list[Gray]]:
    """Pictures below a folder, one family for each sub-folder and one for those in the folder itself."""
    own = [p for p in find_photographs([folder]) if p.parent == folder]
    made = {f"folder:{folder.name}": load_photographs(own, least=32)}
    for inner in sorted(p for p in folder.iterdir() if p.is_dir()):
        made[f"folder:{inner.name}"] = load_photographs(find_photographs([inner]), least=32)
    return {name: images for name, images in made.items() if images}


def _square(image: Gray) -> Gray:
    side = min(image.shape)
    y, x = (image.shape[0] - side) // 2, (image.shape[1] - side) // 2
    return np.ascontiguousarray(image[y : y + side, x : x + side])
