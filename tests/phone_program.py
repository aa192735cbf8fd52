"""fada-read under QEMU, and what it prints compared with the hub's own answers."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from services.domain.report import FrameReading
from services.reading.contract import RawReading

QEMU = shutil.which("qemu-aarch64-static") or shutil.which("qemu-aarch64") or ""
MARKS = [
    pytest.mark.slow,
    pytest.mark.timeout(1800),  # the first build of llama.cpp takes minutes
    pytest.mark.skipif(not QEMU, reason="needs qemu-user-static"),
]


def run(program: Path, folder: Path, image: Path, *more: str) -> dict[str, Any]:
    """What the program reads of an image, with one thread where nothing else is said."""
    words = more if "--threads" in more else ("--threads", "1", *more)
    output: dict[str, Any] = json.loads(said(program, folder, image, *words))
    return output


def said(program: Path, *words: object, cpu: str = "max") -> str:
    """What the program prints on a processor of that name."""
    done = subprocess.run(
        [QEMU, "-cpu", cpu, program, *map(str, words)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def agree(
    phone: dict[str, Any],
    hub: FrameReading,
    *,
    pixels: float = 0.0,
    mm: float = 0.0,
    days: float = 1e-9,
) -> None:
    """Every field is the hub's; numbers may be off by what is given, confidences by a step."""
    wanted = json.loads(json.dumps(asdict(hub)))
    for name in ("series_uid", "sop_uid", "frame"):  # a picture is no DICOM object
        del wanted[name]
    assert phone.keys() == wanted.keys()
    bounds = {"mm": mm, "mm_low": mm, "mm_high": mm, "degrees": mm, "low": mm, "high": mm}
    bounds |= {"days": days, "low_days": days, "high_days": days, "area_px": 400 * pixels}
    bounds |= {
        "confidence": pixels / 100,
        "scope_confidence": pixels / 100,
        "quality": pixels / 100,
    }
    near(phone, wanted, bounds, pixels, "")


def near(one: Any, other: Any, bounds: dict[str, float], bound: float, where: str) -> None:
    """Equal, but for numbers within the bound of their name; raises AssertionError with the place."""
    if isinstance(other, dict):
        assert one.keys() == other.keys(), where
        for name, value in other.items():
            near(one[name], value, bounds, bounds.get(name, bound), f"{where}.{name}")
    elif isinstance(other, list):
        assert len(one) == len(other), where
        for number, value in enumerate(other):
            near(one[number], value, bounds, bound, f"{where}[{number}]")
    elif isinstance(other, float):
        assert one == pytest.approx(other, abs=bound + 1e-9), where
    else:
        assert one == other, where


def tensors(raw: RawReading) -> dict[str, list[float]]:
    """A reading's tensors as the program takes them with ``--judge``."""
    named: dict[str, NDArray[Any]] = {
        "PLANE": raw.plane, "SCOPE": np.array([raw.scope], np.float32), "QUALITY": np.array([raw.quality], np.float32),
        "MASKS": raw.masks, "BOXES": raw.boxes, "KEYPOINTS": raw.keypoints,
        **({} if raw.subplane is None else {"SUBPLANE": raw.subplane}),
    }  # fmt: skip
    return {name: value.reshape(-1).tolist() for name, value in named.items()}
