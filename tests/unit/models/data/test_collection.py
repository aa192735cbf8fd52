import csv
import json

import numpy as np
import pytest
from PIL import Image
from unit.models.folder import draw_folder

from models.data.batches import NOT_FETAL, Batch, Batches, Mix
from models.data.collection import read_collection
from models.data.samples import MEASURED, load_sample, load_samples
from models.fada.labels import BOXES, KEYPOINTS, MASKS, SUBPLANES
from services.reading.images import geometry

ENDS = [f"{n}_{i}_{c}" for n in ("tad", "apad", "fl", "bpd", "ofd") for i in (1, 2) for c in "xy"]
SIZES = ["tad_mm", "apad_mm", "fl_mm", "bpd_mm", "ofd_mm", "ac_mm", "hc_mm"]


def table(path, rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    fields = list(dict.fromkeys(name for row in rows for name in row))
    with path.open("w", newline="", encoding="utf-8") as lines:
        writer = csv.DictWriter(lines, fields, restval="")
        writer.writeheader()
        writer.writerows(rows)


@pytest.fixture(scope="module")
def collection(tmp_path_factory):
    """fetal-us with a measured femur, sub-planes, an intrapartum picture and one of another organ."""
    root = tmp_path_factory.mktemp("collection")
    draw_folder(root / "fetal-us")
    femur = "images/femur_train.png"
    row = dict.fromkeys([*ENDS, *SIZES], "") | {
        "file": femur, "px_mm_x": "0.4", "px_mm_y": "0.2",
        "fl_1_x": "90", "fl_1_y": "60", "fl_2_x": "30", "fl_2_y": "60", "fl_mm": "24",
    }  # fmt: skip
    table(root / "fp-biometry" / "landmarks.csv", [row])
    box = json.dumps([{"label": "femur", "x": 30, "y": 55, "w": 60, "h": 10}])
    table(
        root / "fp-biometry" / "manifest.csv",
        [{"file": femur, "plane_group": "femur", "boxes": box}],
    )
    table(
        root / "fp-metadata" / "fp_metadata.csv",
        [{"file": "images/head_val.png", "brain_plane": "Trans-cerebellum", "us_machine": "Aloka"}],
    )
    for name, group in (("psfhs", "pelvimetry"), ("nonfetal-us", "nonfetal")):
        (root / name / "images").mkdir(parents=True)
        (root / name / "masks").mkdir()
        Image.new("L", (64, 64), 90).save(root / name / "images" / "a.png")
        rows = [{"file": "images/a.png", "dataset": name, "split": "train", "plane_group": group}]
        if group == "pelvimetry":
            classes = np.zeros((64, 64), np.uint8)
            classes[10:20, 5:25], classes[30:60, 20:60] = 1, 2
            Image.fromarray(classes).save(root / name / "masks" / "a.png")
            rows[0] |= {
                "mask_path": "masks/a.png",
                "mask_classes": "1=pubic_symphysis,2=fetal_head",
            }
            table(root / name / "aop.csv", [{"file": "images/a.png", "aop_deg": "120.5"}])
        table(root / name / "manifest.csv", rows)
    return root


def test_a_measured_picture_knows_its_true_scale_and_its_ends(collection):
    records = {r.path.stem: r for r in read_collection(collection)}
    femur = records["femur_train"]
    assert femur.pixel_xy == (0.4, 0.2)
    assert femur.sizes == {"FL": 24.0}
    sample = load_sample(femur, 120)
    at = KEYPOINTS.index("femur_a")
    assert np.allclose(sample.keypoints[at : at + 2] * 120, [[90, 60], [30, 60]])
    assert sample.keypoints_known.sum() == 2
    assert sample.pool == MEASURED
    assert sample.present[BOXES.index("femur")] == 1
    mask = sample.masks[MASKS.index("femur")]
    outline = geometry.outline(np.where(mask > 127, np.float32(4), np.float32(-4)))
    assert outline is not None
    shape = geometry.ellipse(outline * 120)
    assert shape is not None
    assert abs(shape.a * 3**0.5 - 60) < 1.5


def test_sub_planes_and_machines_come_from_the_metadata(collection):
    records = {r.path.stem: r for r in read_collection(collection)}
    assert records["head_val"].machine == "Aloka"
    assert load_sample(records["head_val"], 64).subplane == SUBPLANES.index("trans-cerebellar")
    assert load_sample(records["head_train"], 64).subplane == -1


def test_labour_and_other_organs_are_read(collection):
    records = {(r.dataset, r.path.stem): r for r in read_collection(collection)}
    labour = load_sample(records["psfhs", "a"], 64)
    assert records["psfhs", "a"].sizes == {"AoP": 120.5}
    assert {MASKS[i] for i in labour.masks} == {"fetal_head", "pubic_symphysis"}
    assert labour.keypoints_known.sum() == 0
    head = labour.masks[MASKS.index("fetal_head")]
    assert abs((head > 127).sum() - 30 * 40) < 60
    stranger = load_sample(records["nonfetal-us", "a"], 64)
    assert stranger.plane == -1
    assert stranger.mask_known.all()
    assert not stranger.present.any()


def test_a_data_set_can_be_left_out(collection):
    femur = {r.path.stem: r for r in read_collection(collection, ["fp-biometry"])}["femur_train"]
    assert not femur.landmarks
    assert femur.pixel_xy is None
    assert all(r.dataset != "psfhs" for r in read_collection(collection, ["psfhs"]))
    with pytest.raises(ValueError, match="no such"):
        read_collection(collection, ["other"])


def test_batches_draw_other_organs_as_out_of_scope(collection):
    samples = load_samples([r for r in read_collection(collection) if r.split == "train"], 72)
    batch = Batch(*Batches(samples, 64, 8, 1, Mix(((NOT_FETAL, 1.0),), plain=1.0, degraded=0.0))[0])
    assert (batch.scope == 0).all()
    assert (batch.index >= 0).all()
    assert batch.keypoints.shape == (8, len(KEYPOINTS), 2)
