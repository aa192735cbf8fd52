"""Merging gives what PEFT itself gives, and refuses what it does not understand."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn

from models.packaging.merging import is_adapter, merge, read_adapter
from services.domain.errors import ReleaseMalformed, ReleaseMissingFile


def base(folder: Path) -> dict[str, torch.Tensor]:
    torch.manual_seed(0)
    weights = {
        "model.language_model.layers.0.self_attn.q_proj.weight": torch.randn(6, 4),
        "model.visual.blocks.0.attn.qkv.weight": torch.randn(9, 4).to(torch.bfloat16),
        "model.norm.weight": torch.randn(4),
    }
    folder.mkdir()
    save_file(weights, folder / "model.safetensors", {"format": "pt"})
    (folder / "config.json").write_text("{}")
    return weights


def adapter(folder: Path, **config: Any) -> dict[str, torch.Tensor]:
    tensors = {
        "base_model.model.model.language_model.layers.0.self_attn.q_proj.lora_A.weight": torch.randn(
            2, 4
        ),
        "base_model.model.model.language_model.layers.0.self_attn.q_proj.lora_B.weight": torch.randn(
            6, 2
        ),
        "base_model.model.model.visual.blocks.0.attn.qkv.lora_A.weight": torch.randn(2, 4),
        "base_model.model.model.visual.blocks.0.attn.qkv.lora_B.weight": torch.randn(9, 2),
    }
    folder.mkdir()
    save_file(tensors, folder / "adapter_model.safetensors")
    values = {"peft_type": "LORA", "r": 2, "lora_alpha": 4, "bias": "none", **config}
    (folder / "adapter_config.json").write_text(json.dumps(values))
    return tensors


def test_weights_are_the_sum(tmp_path: Path) -> None:
    weights, tensors = base(tmp_path / "base"), adapter(tmp_path / "adapter")
    merge(read_adapter(tmp_path / "adapter"), tmp_path / "base", tmp_path / "out")
    merged = load_file(tmp_path / "out" / "model.safetensors")
    for name, old in weights.items():
        stem = f"base_model.model.{name.removesuffix('.weight')}"
        down, up = (tensors.get(f"{stem}.lora_{k}.weight") for k in "AB")
        change = torch.zeros(()) if down is None or up is None else 2.0 * up @ down
        assert merged[name].dtype == old.dtype
        assert torch.equal(merged[name], (old.float() + change).to(old.dtype))
    assert (tmp_path / "out" / "config.json").exists()


def test_rank_stabilised_adapters_divide_by_the_root(tmp_path: Path) -> None:
    adapter(tmp_path / "adapter", use_rslora=True)
    updates = read_adapter(tmp_path / "adapter").updates
    assert [factor for *_, factor in updates.values()] == pytest.approx([4 / 2**0.5] * 2)


@pytest.mark.parametrize(
    "config",
    [
        {"peft_type": "IA3"},
        {"use_dora": True},
        {"bias": "all"},
        {"modules_to_save": ["lm_head"]},
        {"fan_in_fan_out": True},
    ],
)
def test_other_adapters_are_refused(tmp_path: Path, config: dict[str, Any]) -> None:
    adapter(tmp_path / "adapter", **config)
    assert is_adapter(tmp_path / "adapter")
    with pytest.raises(ReleaseMalformed):
        read_adapter(tmp_path / "adapter")


def test_another_base_is_refused(tmp_path: Path) -> None:
    base(tmp_path / "base")
    adapter(tmp_path / "adapter")
    save_file({"model.other.weight": torch.zeros(2)}, tmp_path / "base" / "model.safetensors")
    with pytest.raises(ReleaseMalformed, match="not this adapter's base"):
        merge(read_adapter(tmp_path / "adapter"), tmp_path / "base", tmp_path / "out")


def test_a_half_adapter_is_refused(tmp_path: Path) -> None:
    tensors = adapter(tmp_path / "adapter")
    tensors.popitem()
    save_file(tensors, tmp_path / "adapter" / "adapter_model.safetensors")
    with pytest.raises(ReleaseMalformed):
        read_adapter(tmp_path / "adapter")


def test_a_base_without_weights_is_refused(tmp_path: Path) -> None:
    adapter(tmp_path / "adapter")
    (tmp_path / "base").mkdir()
    with pytest.raises(ReleaseMissingFile):
        merge(read_adapter(tmp_path / "adapter"), tmp_path / "base", tmp_path / "out")


class Layer(nn.Module):
    """Two layers, of which the adapter knows one."""

    def __init__(self) -> None:
        super().__init__()
        self.one, self.two = nn.Linear(8, 6, bias=False), nn.Linear(6, 3, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.two(torch.tanh(self.one(x)))


def test_it_gives_what_peft_gives(tmp_path: Path) -> None:
    import peft  # slow to import: here alone

    torch.manual_seed(1)
    network = Layer()
    (tmp_path / "base").mkdir()
    save_file(network.state_dict(), tmp_path / "base" / "model.safetensors", {"format": "pt"})
    (tmp_path / "base" / "config.json").write_text("{}")
    config = peft.LoraConfig(r=3, lora_alpha=5, target_modules=["one"], init_lora_weights=False)
    wrapped = peft.get_peft_model(network, config)
    wrapped.save_pretrained(str(tmp_path / "adapter"))
    merge(read_adapter(tmp_path / "adapter"), tmp_path / "base", tmp_path / "out")
    ours = Layer()
    ours.load_state_dict(load_file(tmp_path / "out" / "model.safetensors"))
    x = torch.randn(4, 8)
    with torch.no_grad():
        assert torch.allclose(ours(x), wrapped.merge_and_unload()(x), atol=1e-6)
