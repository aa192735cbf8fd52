"""A text model that was written as GGUF becomes weights again, by llama.cpp's own converter and reader."""

import json
from dataclasses import replace

import pytest
import torch

from models.programs.releasing.convert import convert_pair
from models.programs.training.restore_text import gguf_name, restore
from models.text.network import TextSize, build
from models.text.tokenizer import train_tokenizer

SMALL = TextSize(
    side=64, hidden=64, layers=4, intermediate=96, vision_hidden=64, vision_depth=2,
    vision_intermediate=96,
)  # fmt: skip
WORDS = ["Fetal head in the transventricular plane.", "Interpret this image."]


@pytest.fixture(scope="module")
def release(tmp_path_factory):
    """The GGUF pair of a network with random weights, and the network."""
    folder = tmp_path_factory.mktemp("text")
    torch.manual_seed(3)
    tokenizer = train_tokenizer(WORDS)
    network = build(SMALL, tokenizer)
    for weight in network.parameters():  # no weight may be one or zero by its making
        torch.nn.init.normal_(weight, std=0.3)
    network.save_pretrained(folder / "weights")
    tokenizer.save_pretrained(folder / "weights")
    (folder / "weights" / "text.json").write_text(json.dumps({"side": SMALL.side}))
    convert_pair(folder / "weights", folder / "pair", "f32", "f32")
    return folder / "pair", network


def test_every_weight_comes_back(release, tmp_path):
    pair, network = release
    restore(pair, tmp_path, SMALL, WORDS)
    again = network.from_pretrained(tmp_path).state_dict()
    for name, weight in network.state_dict().items():
        assert torch.allclose(again[name], weight, atol=1e-5), name


def test_other_words_or_another_shape_are_refused(release, tmp_path):
    pair, _ = release
    with pytest.raises(ValueError, match="words"):
        restore(pair, tmp_path, SMALL, ["Something else."])
    with pytest.raises(ValueError, match="numbers"):
        restore(pair, tmp_path, replace(SMALL, intermediate=128), WORDS)
    with pytest.raises(KeyError):
        gguf_name("model.language_model.layers.0.self_attn.unheard_of.weight")
