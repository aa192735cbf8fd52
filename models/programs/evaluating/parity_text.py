"""Do llama.cpp and transformers write the same?

`python -m models.programs.evaluating.parity_text --weights DIR --text DIR --data DIR`

llama.cpp answers freely (greedy, no schema); transformers then reads the same words and says at
each place which token it would have chosen. Agreement is the share of places where both chose the
same; the largest difference of the chosen token's log-probability is printed beside it.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from transformers import Qwen3_5ForConditionalGeneration

from models.data.collection import read_collection
from models.text.network import grid, patches
from models.text.tokenizer import load_tokenizer
from services.reading.images.picture import square
from services.reading.text.prompting import Prompts
from services.reading.text.runtime import TextModel


@dataclass(frozen=True, slots=True)
class TextParity:
    """Places compared, places where both chose the same token, and whole answers that agree."""

    places: int
    agree: int
    answers: int
    same_answers: int

    @property
    def share(self) -> float:
        """Share of places at which both choose the same token, 0 to 1."""
        return self.agree / max(self.places, 1)


class ReferenceModel:
    """The weights in transformers, in float32."""

    def __init__(self, weights: Path, side: int, prompts: Prompts) -> None:
        self.tokenizer = load_tokenizer(weights)
        network: Any = Qwen3_5ForConditionalGeneration.from_pretrained(weights, dtype=torch.float32)
        self.network = network.eval()
        self.side, self.prompts = side, prompts

    @torch.no_grad()
    def choices(
        self, image: NDArray[np.uint8], prompt: str, text: str
    ) -> tuple[list[int], list[int]]:
        """The tokens of ``text`` (with its end) and what this model would write at each place."""
        head = self.prompts.before + "<|vision_start|>"
        marks = "<|image_pad|>" * (self.side // 32) ** 2
        start = self.tokenizer.encode(
            head + marks + "<|vision_end|>" + self.prompts.after(prompt), add_special_tokens=False
        )
        answer_ids = self.tokenizer.encode(text, add_special_tokens=False)
        answer_ids.append(self.tokenizer.convert_tokens_to_ids("<|im_end|>"))
        ids = torch.tensor([start + answer_ids])
        image_token = self.tokenizer.convert_tokens_to_ids("<|image_pad|>")
        scores = self.network(
            input_ids=ids,
            mm_token_type_ids=(ids == image_token).long(),
            pixel_values=patches(torch.from_numpy(image.copy())[None]),
            image_grid_thw=grid(1, self.side),
        ).logits[0]
        return answer_ids, scores[len(start) - 1 : -1].argmax(-1).tolist()


def compare(
    model: TextModel, reference: ReferenceModel, images: Sequence[NDArray[np.uint8]]
) -> TextParity:
    """All prompts of a text release on squares of side T."""
    places = agree = answers = same = 0
    about_head = model.prompts.interpretation("head") if model.prompts.interpret_plane else ""
    prompts = (model.prompts.interpret, about_head, model.prompts.classify)
    for image in images:
        with model.look(image) as conversation:
            written = [(p, conversation.free(p, 512)) for p in prompts if p]
        for prompt, text in written:
            tokens, chosen = reference.choices(image, prompt, text)
            hits = sum(a == b for a, b in zip(tokens, chosen, strict=True))
            places, agree = places + len(tokens), agree + hits
            answers, same = answers + 1, same + (hits == len(tokens))
    return TextParity(places, agree, answers, same)


def open_text(folder: Path, threads: int = 1) -> TextModel:
    """The text model of a folder made by models.programs.releasing.convert."""
    facts = json.loads((folder / "text.json").read_text())
    prompts = Prompts(**{"version": "1", **facts["prompts"]})
    pair = folder / "text.gguf", folder / "mmproj.gguf"
    classes, sentences = facts.get("classes", ()), facts.get("sentences")
    return TextModel(*pair, facts["side"], prompts, classes, sentences=sentences, threads=threads)


def main() -> None:
    """The command line. Exits 1 where fewer places agree than --least."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weights", type=Path, required=True, help="Hugging Face form")
    parser.add_argument("--text", type=Path, required=True, help="text.gguf and mmproj.gguf")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--count", type=int, default=40)
    parser.add_argument("--least", type=float, default=0.99)
    args = parser.parse_args()
    torch.set_num_threads(1)
    model = open_text(args.text)
    records = [r for r in read_collection(args.data) if r.split in ("val", "test")]
    picked = records[:: max(1, len(records) // args.count)][: args.count]
    images = [square(np.asarray(Image.open(r.path)), model.side).pixels for r in picked]
    parity = compare(model, ReferenceModel(args.weights, model.side, model.prompts), images)
    print(json.dumps({**asdict(parity), "share": round(parity.share, 5)}))
    raise SystemExit(parity.share < args.least)


if __name__ == "__main__":
    main()
