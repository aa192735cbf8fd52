import csv

from models.data.manifest import read_manifest
from models.data.samples import PLANE_UNKNOWN, load_sample
from models.fada.labels import BOXES, MASKS, PLANES


def test_rows_become_records(data):
    records = {r.path.stem: r for r in read_manifest(data)}
    head = records["head_train"]
    assert (head.plane, head.split, head.pixel_mm, head.hc_mm) == ("head", "train", 0.5, 79.3)
    assert head.mask_labels == {1: "fetal_head"}
    boxes = records["nt_val"].boxes
    assert boxes is not None
    assert boxes["nasal_bone"] == (20.0, 20.0, 12.0, 4.0)
    assert records["femur_val"].boxes is None
    assert records["cervix"].plane is None


def test_unlabelled_is_unknown_not_absent(data):
    records = {r.path.stem: r for r in read_manifest(data)}
    head, nt = load_sample(records["head_val"], 64), load_sample(records["nt_val"], 64)
    femur, cervix = load_sample(records["femur_val"], 64), load_sample(records["cervix"], 64)
    assert head.present[BOXES.index("thalami")] == -1
    assert head.present[BOXES.index("NT")] == 0
    assert head.present[BOXES.index("fetal_head")] == 1
    assert nt.present[BOXES.index("palate")] == 0
    assert nt.present[BOXES.index("fetal_head")] == -1
    assert nt.mask_known[: MASKS.index("femur")].sum() == 0
    absent = [i for i, name in enumerate(BOXES) if name != "femur"]
    assert (femur.present[absent] == 0).all()
    assert femur.present[BOXES.index("femur")] == -1
    assert femur.mask_known.sum() == len(MASKS) - 1
    assert femur.mask_known[MASKS.index("femur")] == 0
    assert cervix.plane == PLANE_UNKNOWN
    assert femur.plane == PLANES.index("femur")


def test_keypoints_are_the_ends_of_the_true_axes(data):
    record = next(r for r in read_manifest(data) if r.path.stem == "head_val")
    sample = load_sample(record, 64)
    points = sample.keypoints[:4] * [120, 80]
    assert sample.keypoints_known.tolist() == [1, 1, 1, 1] + [0] * 6
    assert abs(points - [[30, 40], [90, 40], [60, 20], [60, 60]]).max() < 1.0


def test_labels_known_to_be_wrong_are_corrected_unless_wanted_as_published(tmp_path):
    name = "fhb_Patient00769_Plane3_3_of_3.jpg"
    box = '[{"label": "fetal_head", "x": 1, "y": 1, "w": 2, "h": 2}]'
    with (tmp_path / "manifest.csv").open("w", newline="", encoding="utf-8") as lines:
        rows = csv.writer(lines)
        rows.writerow(["file", "plane_group", "mask_path", "mask_classes", "boxes"])
        rows.writerow(
            [f"images/{name}", "head", "masks/a.png", "1=fetal_head,3=lateral_ventricle", box]
        )
    (corrected,), (published,) = read_manifest(tmp_path), read_manifest(tmp_path, published=True)
    assert corrected.mask_labels == {1: "CSP", 3: "lateral_ventricle"}
    assert corrected.boxes is None
    assert published.mask_labels[1] == "fetal_head"
    assert published.boxes == {"fetal_head": (1, 1, 2, 2)}
