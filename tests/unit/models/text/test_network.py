"""Tokens, sequences and patches of the text model."""

from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil

from models.programs.releasing.convert import image_preprocessing
from models.text.batches import TrainedPrompts, sequences
from models.text.network import TextSize, build, grid, patches
from models.text.sentences import Seen, answer, corpus, write
from models.text.sequences import IGNORE, Sequences
from models.text.tokenizer import train_tokenizer
from models.text.training import encode_images, logits, rate

SMALL = TextSize(
    side=64, hidden=32, layers=4, intermediate=48, vision_hidden=32, vision_depth=1,
    vision_intermediate=48,
)  # fmt: skip


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    prompts = TrainedPrompts()
    return train_tokenizer([*corpus(), prompts.interpret, prompts.classify])


@pytest.fixture(scope="module")
def tasks(tokenizer: Any) -> tuple[Sequences, Sequences]:
    return sequences(tokenizer, TrainedPrompts(), SMALL.image_tokens)


def test_every_sentence_comes_back_from_its_tokens(tokenizer: Any) -> None:
    for text in list(corpus())[::50]:
        assert tokenizer.decode(tokenizer.encode(text, add_special_tokens=False)) == text


def test_strange_bytes_have_tokens_too(tokenizer: Any) -> None:
    assert tokenizer.decode(tokenizer.encode("é 漢 🤰", add_special_tokens=False)) == "é 漢 🤰"


def test_a_sequence_learns_its_answer_and_no_prompt(
    tokenizer: Any, tasks: tuple[Sequences, Sequences]
) -> None:
    seen = Seen("femur", quality=1.0)
    ids, labels = tasks[0].interpret(seen, np.random.default_rng(0))
    assert ids.shape == labels.shape == (SMALL.image_tokens + 140,)
    learnt = [int(t) for t in labels if t != IGNORE]
    text = answer({k: str(v) for k, v in write(seen).items()})
    assert tokenizer.decode(learnt) == text + "<|im_end|>"
    assert (ids[labels != IGNORE] == labels[labels != IGNORE]).all()


def test_what_is_unknown_is_not_learnt(tokenizer: Any, tasks: tuple[Sequences, Sequences]) -> None:
    ids, labels = tasks[0].interpret(Seen("head", quality=1.0), np.random.default_rng(0))
    text = tokenizer.decode(ids)
    learnt = tokenizer.decode([int(t) for t in labels if t != IGNORE])
    assert "Long axis" in text
    assert "Long axis" not in learnt
    assert "fetal_orientation" in learnt


def test_half_of_the_prompts_name_the_plane(
    tokenizer: Any, tasks: tuple[Sequences, Sequences]
) -> None:
    seen = Seen("femur", quality=1.0)
    rng = np.random.default_rng(0)
    prompts = [tokenizer.decode(tasks[0].interpret(seen, rng)[0]) for _ in range(60)]
    named = sum("Plane: femur." in text for text in prompts)
    assert 15 < named < 45
    assert all("Interpret this fetal ultrasound image." in text for text in prompts)


def test_an_answer_that_does_not_fit_is_an_error(tokenizer: Any) -> None:
    with pytest.raises(ValueError, match="do not fit"):
        Sequences(tokenizer, "x", 4, 20).classify(Seen("head"))


def test_patches_are_those_of_the_image_processor() -> None:
    gray = np.random.default_rng(0).integers(0, 256, (64, 64), dtype=np.uint8)
    facts = image_preprocessing(64)
    keep = ("patch_size", "merge_size", "temporal_patch_size", "size", "image_mean", "image_std")
    processor = Qwen2VLImageProcessorPil(**{k: facts[k] for k in keep})
    made = processor(images=[Image.fromarray(gray).convert("RGB")], return_tensors="pt")
    assert made["image_grid_thw"].tolist() == grid(1, 64).tolist()
    ours = patches(torch.from_numpy(gray)[None])
    assert torch.allclose(made["pixel_values"], ours, atol=1e-6)


def test_two_passes_are_the_whole_model(tokenizer: Any, tasks: tuple[Sequences, Sequences]) -> None:
    """Encoding the image once and writing afterwards gives what one call of the model gives."""
    torch.manual_seed(0)
    network = build(SMALL, tokenizer).eval()
    images = torch.randint(0, 256, (2, 1, 64, 64), dtype=torch.uint8)
    ids = torch.stack([tasks[1].classify(Seen(p))[0] for p in ("head", None)])
    with torch.no_grad():
        ours = logits(network, encode_images(network, images), ids, tasks[1])
        whole = network(
            input_ids=ids,
            mm_token_type_ids=(ids == tasks[1].image_token).long(),
            pixel_values=patches(images[:, 0]),
            image_grid_thw=grid(2, 64),
        ).logits
    assert torch.allclose(ours, whole, atol=1e-4)


def test_the_rate_warms_up_and_falls_to_the_end() -> None:
    assert rate(0.0, 0, 1.0) < rate(0.0, 200, 1.0) == pytest.approx(1.0)
    assert rate(1.0, 999, 1.0) == pytest.approx(0.02)
    assert rate(5.0, 999, 1.0) == pytest.approx(0.02)
