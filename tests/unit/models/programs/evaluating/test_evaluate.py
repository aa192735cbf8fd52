import hashlib
import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
import torch
from PIL import Image
from unit.models.folder import TINY

import models
from models.data.manifest import read_manifest
from models.evaluation.observe import Observation, add_truth
from models.evaluation.plots import draw_plots
from models.evaluation.sizes import size_figures, size_scores
from models.evaluation.textual import complies, rouge_l, text_figures
from models.fada.graph import Graph
from models.fada.labels import MASKS
from models.fada.network import DenseNetwork
from models.programs.evaluating.compare import table
from models.programs.evaluating.evaluate import EvaluationRequest, evaluate, plain, spread, worded
from models.programs.releasing.calibrate import calibrate, conformal, fit_intervals, fit_subplanes
from models.programs.releasing.card import card, head_bias, unmeasured
from models.programs.releasing.export import describe, export_graph
from models.programs.releasing.quantise import halve
from services.reading.confidence import Thresholds
from services.reading.contract import RawReading
from services.reading.images.picture import Square
from services.reading.releases.release import load
from services.reading.releases.signature import Trust, generate_key, key_id, public_bytes, sign
from services.reading.vision import Vision

SIDE = 64
ZEROS = np.zeros(1, np.float32)
WANTED = (
    "dice iou hc_mae_mm ap50 ap75 ap50_mean ap75_mean plane_accuracy plane_balanced_accuracy "
    "plane_accuracy_blind ece out_of_scope_recall n dice_fada keypoint_error_mm hc_mape "
    "abstention_curve plane_confusion seconds_per_image peak_memory_mib false_refusals"
)


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    return DenseNetwork(TINY).eval()


@pytest.fixture(scope="module")
def folder(network, tmp_path_factory):
    folder = tmp_path_factory.mktemp("store") / "tiny-0.0.1"
    folder.mkdir()
    export_graph(Graph(network), folder / "vision.onnx", SIDE)
    return folder


@pytest.fixture(scope="module")
def release(network, folder, data):
    graph = (folder / "vision.onnx").read_bytes()
    about = describe(SIDE, Graph(network))
    records = [r for r in read_manifest(data) if r.split == "val"]
    document = {
        "format": 1,
        "name": "tiny",
        "version": "0.0.1",
        "architecture": "test",
        "licence": "CC BY 4.0",
        "preprocessing": {"side": SIDE, "text_side": 32},
        "labels": {
            k: about[k] for k in ("planes", "masks", "boxes", "keypoints", "structures_by_plane")
        }
        | {"classes": about["planes"]},
        "prompts": {"version": "1"},
        "calibration": calibrate(Vision(graph, SIDE), records),
        "files": {"vision.onnx": {"size": len(graph), "sha256": hashlib.sha256(graph).hexdigest()}},
    }
    key = generate_key(folder.parent / "key" / "key.pem")
    signed = json.loads(json.dumps(sign(document, key)))
    (folder / "manifest.json").write_text(json.dumps(signed))
    public = public_bytes(key)
    return load(folder, Trust({key_id(public): public}))


def test_a_release_is_calibrated_and_evaluated_on_a_folder(release, data, tmp_path):
    result, observations = evaluate(release, EvaluationRequest(data, splits=("val",), each=1))
    assert not set(WANTED.split()) - set(result)
    assert result["n"] == 5
    assert result["plane_n"] == 4
    assert result["box_n"]["fetal_head"] == 2
    assert 0 <= result["dice"]["fetal_head"] <= 1
    assert result["reported"]["hc_wanted"] == 2
    json.dumps(result, allow_nan=False)
    for path in draw_plots(tmp_path / "plots", result, observations, release.manifest):
        assert path.stat().st_size > 1000
    text = table({"tiny": [result, result]})
    assert "Head Dice" in text
    assert "tiny (n=2)" in text


def test_figures_do_not_depend_on_the_order_of_rows(release, data):
    first, _ = evaluate(release, EvaluationRequest(data, splits=("val",), each=1))
    lines = (data / "manifest.csv").read_text().splitlines()
    (data / "turned.csv").write_text("\n".join([lines[0], *reversed(lines[1:])]))
    again, _ = evaluate(release, EvaluationRequest(data, data / "turned.csv", ("val",), each=1))
    for name in ("dice", "hc_mae_mm", "ap50", "plane_accuracy"):
        assert first[name] == again[name]


def test_calibration_is_what_the_manifest_takes(release):
    rules = release.manifest.thresholds
    assert isinstance(rules, Thresholds)
    # The tiny network outlines no head where there is one: no interval is better than one of nothing.
    assert rules.hc_interval is None
    assert set(rules.mask_level) == {"fetal_head", "abdomen", "femur"}
    assert rules.plane_temperature > 0
    assert set(rules.structure_platt) == set(release.manifest.boxes)


def test_half_weights_give_nearly_the_same(folder):
    import onnx

    half = halve(onnx.load(folder / "vision.onnx")).SerializeToString()
    whole = (folder / "vision.onnx").read_bytes()
    assert len(half) < 0.8 * len(whole)
    image = np.random.default_rng(0).integers(0, 255, (SIDE, SIDE), dtype=np.uint8)
    one, two = Vision(whole, SIDE).run([image]), Vision(half, SIDE).run([image])
    assert np.abs(one["BOXES"][..., :4] - two["BOXES"][..., :4]).max() < 0.01


def test_plain_values_are_json():
    assert plain({"a": float("nan"), "b": (1, 2.0)}) == {"a": None, "b": [1, 2.0]}
    assert len(spread(cast(Any, list(range(10))), 3)) == 3


def test_words_are_measured_where_somebody_reads_them(release):
    manifest = release.manifest
    planes = ["head", None, "abdomen"]
    seen = cast(Any, [SimpleNamespace(record=SimpleNamespace(plane=p)) for p in planes])
    assert [o.record.plane for o in worded(seen, manifest)] == ["head", "abdomen"]
    words_alone = cast(Any, SimpleNamespace(has_heads=False))
    assert len(worded(seen, words_alone)) == 3


def test_text_is_held_against_what_labels_say(release, data):
    from models.evaluation.observe import observe
    from models.evaluation.textual import seen_of
    from models.text.sentences import answer, classified, write

    vision = Vision(release.graph, SIDE)
    records = [r for r in read_manifest(data) if r.split == "val" and r.plane]
    outputs = []
    for o in observe(vision, records):
        fields = {k: v or "Not determined." for k, v in write(seen_of(o.record)).items()}
        raw = replace(
            o.raw, interpretation=answer(fields), classification=classified(o.record.plane)
        )
        outputs.append(replace(o, raw=raw))
    result = text_figures(outputs)
    assert result["json_compliance"] == 1.0
    assert result["field_accuracy_mean"] == 1.0
    assert result["rouge_l"] == 1.0
    assert result["classify_accuracy"] == 1.0
    wrong = replace(outputs[0].raw, interpretation="{}", classification='{"label":"thorax"}')
    worse = text_figures([replace(outputs[0], raw=wrong)])
    assert worse["json_compliance"] == 0.0
    assert worse["classify_accuracy"] == 0.0


def test_compliance_and_rouge_by_hand():
    assert not complies("[]")
    assert not complies("{")
    assert rouge_l("a b c d", "a c d e") == pytest.approx(0.75)
    assert rouge_l("", "a") == 0.0


def test_the_card_holds_measured_numbers_and_no_gap(release, network, data):
    result, _ = evaluate(release, EvaluationRequest(data, splits=("val",), each=1))
    template = Path(models.__file__).with_name("releases") / "card-template.md"
    names = ("specialists", "quantised", "words", "distillation")
    tables = {name: f"| {name} |" for name in names}
    text = card(describe(SIDE, Graph(network)), {"val": result}, tables, template.read_text())
    assert "{{" not in text
    assert f"{result['dice']['fetal_head']:.4f}" in text
    assert "Multicentre-Fetal-Biometry" in text
    about = describe(SIDE, Graph(network)) | {"left_out": ["fp-biometry"]}
    without = card(about, {"val": result}, tables, template.read_text())
    assert "{{" not in without
    assert "Multicentre-Fetal-Biometry" not in without
    assert "a bar for the femur" not in without
    assert "**missed**" in text  # an untrained network meets no bar, and the card says so


def test_the_card_says_what_was_not_measured_and_how_other_heads_differ():
    sizes = {
        "AC": {"A": {"n": 18, "missing": 2}},
        "HC": {"FETAL_PLANES_DB": {"n": 12, "missing": 0, "bias": 4.56}},
    }
    evaluations = {"val": {"sizes": sizes}, "test": {}}
    assert unmeasured(evaluations) == "AC 2 of 18 on val"
    assert unmeasured({"test": {}}) == "none"
    assert head_bias(evaluations) == "+4.6 mm, not measured, not measured"


def outlined(masks):
    """A reading of masks alone."""
    boxes, keypoints = np.zeros((1, 5), np.float32), np.zeros((1, 3), np.float32)
    return RawReading(ZEROS, 0.0, 0.0, masks, boxes, keypoints, "", "", "", {})


def test_sizes_are_measured_in_the_true_scale_of_a_stretched_picture(data):
    record = replace(
        next(r for r in read_manifest(data) if r.path.stem == "femur_val"),
        pixel_xy=(0.4, 0.2),
        sizes={"FL": 30.0},
        landmarks={"femur_a": (30.0, 60.0), "femur_b": (90.0, 60.0)},
    )
    masks = np.full((1, 60, 60), -6, np.float32)
    masks[0, 28:32, 15:45] = 6
    raw = outlined(masks)
    observation = Observation(record, Square(np.zeros((120, 120), np.uint8), 120, 120), raw)
    rules = Thresholds(intervals={"FL": (1.0, 0.0)})
    score, lies = size_scores([observation], ("femur",), rules)
    assert (lies.name, lies.measured, lies.truth) == ("FemurAngle", 0.0, 0.0)
    assert "mape" not in size_figures([lies], rules)["sizes"]["FemurAngle"]["FETAL_PLANES_DB"]
    steep = replace(record, landmarks={**record.landmarks, "femur_b": (60.0, 120.0)})
    _, slope = size_scores([replace(observation, record=steep)], ("femur",), rules)
    assert slope.truth == pytest.approx(45.0)  # 30 pixels of 0.4 mm along, 60 of 0.2 mm down
    assert score.measured == pytest.approx(24.0, abs=0.6)  # 60 pixels of 0.4 mm
    assert score.error == pytest.approx(-6.0, abs=0.6)
    figures = size_figures([score, score], rules)["sizes"]["FL"]["FETAL_PLANES_DB"]
    assert figures["n"] == 2
    assert figures["missing"] == 0
    assert figures["interval_coverage"] == 0.0
    assert size_scores([observation], ("fetal_head",), rules) == []


def test_intervals_come_from_what_was_found(data):
    record = next(r for r in read_manifest(data) if r.path.stem == "head_val")
    mask = np.asarray(Image.open(cast(Path, record.mask_path)))
    logits = np.full((len(MASKS), *mask.shape), -6, np.float32)
    logits[0][mask > 0] = 6
    raw = outlined(logits)
    observation = Observation(record, Square(np.zeros((80, 120), np.uint8), 120, 80), raw)
    add_truth(observation)
    intervals = fit_intervals([observation], Thresholds())
    assert set(intervals) == {"HC"}  # one head alone gives its axes no interval
    assert intervals["HC"][0] < 2


def test_few_images_give_a_wider_interval():
    errors = np.random.default_rng(4).normal(0, 3, 4000)
    held = {}
    for count in (18, 200):
        wide = [
            conformal(errors[at : at + count], np.full(count, 200.0)) for at in range(0, 3600, 200)
        ]
        held[count] = [float(np.mean(np.abs(errors) <= a + b * 200)) for a, b in wide]
    assert min(held[18]) > 0.95
    assert np.mean(held[200]) == pytest.approx(0.95, abs=0.01)


def test_sub_planes_are_named_from_where_nine_in_ten_are_right(data):
    head = next(r for r in read_manifest(data) if r.plane == "head")

    def seen(level, right):
        logits = np.zeros(3, np.float32)
        logits[0 if right else 1] = level
        reading = RawReading(ZEROS, 0, 0, ZEROS, ZEROS, ZEROS, "", "", "", {}, logits)
        record = replace(head, subplane="trans-thalamic")
        return Observation(record, Square(np.zeros((4, 4), np.uint8), 4, 4), reading)

    sure = [seen(6, True)] * 30
    fitted = fit_subplanes([*sure, *([seen(1.5, False)] * 10)])
    assert 0.5 < fitted["subplane"] < 1
    assert fit_subplanes([seen(1, False)] * 20)["subplane"] > 1
    assert fit_subplanes(sure[:5]) == {}
