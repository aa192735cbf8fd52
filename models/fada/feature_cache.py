"""Teachers' features, computed once and kept in one HDF5 file.

/files [n] names; /teachers/<name>/<0|1|2> [n, D] float16 with attributes weight, licence, sha256
(of the checkpoint). A run that was stopped goes on where it was: `done` counts the finished rows.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
import torch
from torch import Tensor

from models.data.samples import Sample
from models.fada.teachers import Teacher


@dataclass(slots=True)
class Features:
    """All teachers' features in memory: by teacher, three tensors [n, D], L2-normalised."""

    weights: dict[str, float]
    licences: dict[str, str]
    layers: dict[str, list[Tensor]]

    def to(self, device: torch.device) -> "Features":
        """The same features in the memory of `device`."""
        moved = {name: [t.to(device) for t in tables] for name, tables in self.layers.items()}
        return Features(self.weights, self.licences, moved)


def write_features(
    path: Path,
    name: str,
    teacher: Teacher,
    weight: float,
    licence: str,
    checkpoint: Path,
    samples: list[Sample],
    batch: int = 16,
) -> int:
    """Adds one teacher's features of all samples; returns how many images were computed now.

    Raises:
        ValueError: the file holds features of another checkpoint or other images under this name.
    """
    digest = hashlib.sha256(checkpoint.read_bytes()).hexdigest()
    computed = 0
    with h5py.File(path, "a") as store:
        group = store.require_group(f"teachers/{name}")
        if group.attrs.get("sha256", digest) != digest or group.attrs.get("n", len(samples)) != len(
            samples
        ):
            raise ValueError(f"{path} holds other features of {name}; remove it first.")
        group.attrs.update(sha256=digest, weight=weight, licence=licence, n=len(samples))
        for start in range(int(group.attrs.get("done", 0)), len(samples), batch):
            part = samples[start : start + batch]
            image = torch.from_numpy(np.stack([s.image for s in part]))
            for layer, values in enumerate(teacher.features(image)):
                table = group.require_dataset(
                    str(layer), (len(samples), values.shape[1]), "float16"
                )
                table[start : start + len(part)] = values.numpy().astype(np.float16)
            group.attrs["done"] = start + len(part)
            computed += len(part)
            store.flush()
    return computed


def read_features(path: Path) -> Features:
    """Everything in the file.

    Raises:
        ValueError: a teacher's features are not complete.
    """
    features = Features({}, {}, {})
    with h5py.File(path, "r") as store:
        for name, group in store["teachers"].items():
            if int(group.attrs["done"]) != int(group.attrs["n"]):
                raise ValueError(f"The features of {name} are not complete: run the cache again.")
            features.weights[name] = float(group.attrs["weight"])
            features.licences[name] = str(group.attrs["licence"])
            tables = [torch.from_numpy(group[str(i)][:].astype(np.float32)) for i in range(3)]
            features.layers[name] = [torch.nn.functional.normalize(t, dim=1) for t in tables]
    return features
