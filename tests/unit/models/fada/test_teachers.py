from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import nn

from models.fada import teachers
from models.fada.teachers import KINDS, TeacherRefused, open_teacher, translate
from models.fada.vit import Vit, VitConfig
from models.training.checkpoint import Average, TrainingProgress, save_checkpoint

WIDTH, HEADS, DEPTH = 16, 2, 3
PUBLISHED_TO_OURS = {"fc1": "mlp.fc1", "fc2": "mlp.fc2"}


def tiny(name):
    kind = KINDS[name]
    small = replace(kind.config, width=WIDTH, depth=DEPTH, heads=HEADS, hidden=32, patch=4, grid=4)
    if small.window:
        small = replace(small, window=3, global_layers=(2,))
    return replace(kind, config=small, layers=(0, 1, 2))


def published(layout, vit):
    """The same weights under the names that the publishers use, with parts that are not ours."""
    state = {}
    for name, value in vit.state_dict().items():
        number, _, rest = name.removeprefix("blocks.").partition(".")
        inside = name.startswith("blocks.")
        if layout == "mae":
            new = {"position": "pos_embed", "token": "cls_token"}.get(name, name)
            new = new.replace("patch.", "patch_embed.proj.")
            new = new.replace(".fc", ".mlp.fc") if inside else new
        elif layout == "sam":
            new = {"position": "backbone.pos_embed"}.get(name, name)
            new = new.replace("patch.", "backbone.patch_embed.projection.")
            if inside:
                rest = rest.replace("norm", "ln").replace("fc1.", "ffn.layers.0.0.")
                new = f"backbone.layers.{number}.{rest.replace('fc2.', 'ffn.layers.1.')}"
            value = value.reshape(1, 4, 4, WIDTH) if name == "position" else value
        else:
            new = {
                "position": "visual.positional_embedding",
                "token": "visual.class_embedding",
                "patch.weight": "visual.conv1.weight",
                "patch.bias": None,
            }.get(name, name)
            if new is None:
                continue
            new = new.replace("before.", "visual.ln_pre.")
            if inside:
                rest = rest.replace("norm", "ln_").replace("attn.qkv.", "attn.in_proj_")
                rest = rest.replace("attn.proj.", "attn.out_proj.")
                rest = rest.replace("fc1.", "mlp.c_fc.").replace("fc2.", "mlp.c_proj.")
                new = f"visual.transformer.resblocks.{number}.{rest}"
            value = value.reshape(value.shape[1:]) if name == "position" else value
            value = value.reshape(-1) if name == "token" else value
        state[new] = value
    state["decoder_embed.weight"] = torch.zeros(2, 2)
    state["logit_scale"] = torch.zeros(())
    return state


def random_vit(config):
    torch.manual_seed(3)
    vit = Vit(config).eval()
    for parameter in vit.parameters():
        nn.init.normal_(parameter, std=0.1)
    if config.norm_before:
        assert vit.patch.bias is not None
        nn.init.zeros_(vit.patch.bias)
    return vit


def open_vit(teacher: Any) -> Vit:
    """The transformer in a teacher."""
    vit: Vit = teacher.vit
    return vit


@pytest.mark.parametrize("name", list(KINDS))
def test_a_checkpoint_in_the_published_layout_becomes_the_teacher(name, tmp_path, monkeypatch):
    kind = tiny(name)
    monkeypatch.setitem(teachers.KINDS, name, kind)
    vit = random_vit(kind.config)
    state = published(kind.layout, vit)
    key = {"mae": "model", "sam": "state_dict", "clip": None}[kind.layout]
    path = tmp_path / "teacher.pth"
    torch.save({key: state} if key else state, path)
    teacher, weight, licence = open_teacher(name, path, non_commercial=True)
    assert (weight, licence) == (kind.weight, kind.licence)
    image = torch.randint(0, 255, (2, 24, 24), dtype=torch.uint8)
    features = teacher.features(image)
    assert [tuple(f.shape) for f in features] == [(2, WIDTH)] * 3
    for parameter, other in zip(vit.parameters(), open_vit(teacher).parameters(), strict=True):
        assert torch.equal(parameter, other)


@pytest.mark.parametrize("name", ["fetalclip", "ultrasam"])
def test_non_commercial_teachers_need_a_flag(name, tmp_path):
    with pytest.raises(TeacherRefused, match="NC"):
        open_teacher(name, tmp_path / "x.pth")


def test_another_layout_is_refused(tmp_path, monkeypatch):
    monkeypatch.setitem(teachers.KINDS, "usf-mae", tiny("usf-mae"))
    path = tmp_path / "x.pth"
    torch.save({"model": {"blocks.0.norm1.weight": torch.ones(3)}}, path)
    with pytest.raises(TeacherRefused):
        open_teacher("usf-mae", path)
    path.write_bytes(b"no checkpoint")
    with pytest.raises(TeacherRefused):
        open_teacher("usf-mae", path)


def test_blocks_agree_with_torchs_own_transformer():
    config = VitConfig(WIDTH, DEPTH, HEADS, 32, 4, 4, eps=1e-5)
    vit = random_vit(config)
    x = torch.randn(2, 7, WIDTH)
    reference = nn.TransformerEncoderLayer(
        WIDTH, HEADS, 32, 0.0, "gelu", 1e-5, batch_first=True, norm_first=True
    ).eval()
    block = vit.blocks[0]
    reference.self_attn.in_proj_weight.data = block.attn.qkv.weight.data
    reference.self_attn.in_proj_bias.data = block.attn.qkv.bias.data
    reference.self_attn.out_proj.load_state_dict(block.attn.proj.state_dict())
    for ours, theirs in (
        ("fc1", "linear1"),
        ("fc2", "linear2"),
        ("norm1", "norm1"),
        ("norm2", "norm2"),
    ):
        getattr(reference, theirs).load_state_dict(getattr(block, ours).state_dict())
    assert torch.allclose(block(x), reference(x), atol=1e-5)


def test_windows_see_only_themselves():
    kind = tiny("ultrasam")
    vit = random_vit(kind.config)
    x = torch.randn(1, 16, WIDTH)
    changed = x.clone()
    changed[0, 15, 0] += 5.0
    local, everywhere = vit.blocks[0], vit.blocks[2]
    assert torch.allclose(local(x)[0, 0], local(changed)[0, 0])
    assert not torch.allclose(everywhere(x)[0, 0], everywhere(changed)[0, 0])


def test_published_real_shapes_are_what_fada_names():
    widths = {n: k.config.width for n, k in KINDS.items()}
    assert widths == {"fetalclip": 1024, "ultrasam": 768, "usf-mae": 768, "ultrafedfm": 768}
    assert sum(k.weight for k in KINDS.values()) == pytest.approx(1.0)
    assert KINDS["fetalclip"].layers == (7, 15, 23)


def test_names_that_are_not_the_towers_are_left():
    assert translate({"decoder_blocks.0.norm1.weight": torch.ones(1)}, "mae") == {}


def test_our_specialists_are_teachers_too(network, tmp_path):
    path = tmp_path / "checkpoint.pt"
    optimiser = torch.optim.AdamW(network.parameters())
    save_checkpoint(path, network, Average(network), optimiser, TrainingProgress(), 1)
    teacher, _, _ = open_teacher("specialist-segment", path)
    features = teacher.features(torch.zeros(2, 64, 64, dtype=torch.uint8))
    assert [f.shape[1] for f in features] == list(network.config.widths[-3:])
