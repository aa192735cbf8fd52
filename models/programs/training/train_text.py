"""Trains the text model: `python -m models.programs.training.train_text --data DIR --out DIR --minutes 60`.

Resumable: the same command goes on from OUT/text.pt. The learning rate follows the time spent, so
that a run ends when its minutes end. `--start DIR` begins with weights in Hugging Face form instead
of fresh ones (models.programs.training.restore_text makes them from a release). `--words` goes on
from the averaged
weights with the decoder alone: the tower stays as it is, and the words learn to follow it and the
plane that a prompt names.
OUT/weights holds the averaged weights in Hugging Face form, written at every check; OUT/log.jsonl
one line a check.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch.utils.data import DataLoader

from models.data.batches import Steps
from models.data.collection import read_collection
from models.data.samples import Sample, load_samples
from models.fada.labels import PLANES
from models.text.batches import TextBatch, TextBatches, TrainedPrompts, sequences
from models.text.network import TextSize, build
from models.text.sentences import NO_PLANE, allowed
from models.text.sequences import Sequences
from models.text.tokenizer import load_tokenizer, train_tokenizer
from models.text.training import Guides, encode_images, logits, losses, rate, save
from models.training.checkpoint import Average


@dataclass(slots=True)
class TextRun:
    """Everything that a run holds on to."""

    out: Path
    tokenizer: Any
    size: TextSize
    prompts: TrainedPrompts
    network: Any
    guides: Guides
    optimiser: torch.optim.Optimizer
    average: Average
    interpret: Sequences
    classify: Sequences
    step: int = 0
    seconds: float = 0.0
    since: float = 0.0  # seconds at which the schedule of this stage began


def start(
    out: Path, seed: int, peak: float, size: TextSize | None = None, source: Path | None = None
) -> TextRun:
    """The run that OUT holds, or a new one: fresh, or with the weights and words of ``source``."""
    torch.manual_seed(seed)
    weights, prompts, size = out / "weights", TrainedPrompts(), size or TextSize()
    words = next((f for f in (weights, source) if f and (f / "tokenizer.json").exists()), None)
    tokenizer = load_tokenizer(words) if words is not None else train_tokenizer(prompts.read())
    network = build(size, tokenizer).train()
    if source is not None:
        network.load_state_dict(network.from_pretrained(source).state_dict())
    guides = Guides(size.hidden)
    groups = [*network.parameters(), *guides.parameters()]
    optimiser = torch.optim.AdamW(groups, lr=peak, betas=(0.9, 0.97), weight_decay=0.03)
    average = Average(network, 0.98)
    tasks = sequences(tokenizer, prompts, size.image_tokens)
    run = TextRun(out, tokenizer, size, prompts, network, guides, optimiser, average, *tasks)
    if (out / "text.pt").exists():
        state = torch.load(out / "text.pt", map_location="cpu", weights_only=True)
        network.load_state_dict(state["network"])
        guides.load_state_dict(state["guides"])
        optimiser.load_state_dict(state["optimiser"])
        average.state = state["average"]
        run.step, run.seconds = state["step"], state["seconds"]
    return run


def words_alone(run: TextRun) -> None:
    """From here on the averaged weights' decoder learns; tower and guides stay."""
    run.network.load_state_dict(run.average.state)
    run.network.model.visual.requires_grad_(False)
    run.guides.requires_grad_(False)
    run.since = run.seconds


def keep(run: TextRun) -> None:
    """Checkpoint, and the averaged weights as a folder that transformers can read."""
    run.out.mkdir(parents=True, exist_ok=True)
    save(
        run.out / "text.pt",
        {
            "network": run.network.state_dict(),
            "guides": run.guides.state_dict(),
            "optimiser": run.optimiser.state_dict(),
            "average": run.average.state,
            "step": run.step,
            "seconds": run.seconds,
        },
    )
    averaged = build(run.size, run.tokenizer)
    averaged.load_state_dict(run.average.state)
    folder = run.out / "weights"
    averaged.save_pretrained(folder)
    run.tokenizer.save_pretrained(folder)
    facts = {
        "side": run.size.side,
        "prompts": asdict(run.prompts),
        "classes": [*PLANES, NO_PLANE],
        "sentences": {plane: allowed(plane) for plane in PLANES},
    }
    (folder / "text.json").write_text(json.dumps(facts, indent=1))


@torch.no_grad()
def check(run: TextRun, samples: list[Sample]) -> float:
    """Share of images whose plane the averaged model's first answer word names."""
    network = build(run.size, run.tokenizer).eval()
    network.load_state_dict(run.average.state)
    names = [*PLANES, NO_PLANE]
    empty = run.classify.encode('{"label":"', [])[0]
    at = int((empty == run.classify.tokenizer.convert_tokens_to_ids("<|im_end|>")).nonzero()[-1])
    first = [run.tokenizer.encode(f'{{"label":"{n}', add_special_tokens=False) for n in names]
    prefix = len(run.tokenizer.encode('{"label":"', add_special_tokens=False))
    heads = torch.tensor([ids[prefix] for ids in first])
    right = 0
    for begin in range(0, len(samples), 32):
        part = samples[begin : begin + 32]
        images = torch.stack([torch.from_numpy(s.image.copy()) for s in part])[:, None]
        with torch.autocast(images.device.type, torch.bfloat16):
            tokens = encode_images(network, images)
            scores = logits(network, tokens, empty.expand(len(part), -1), run.classify)
        best = scores[:, at - 1, heads].argmax(1)
        right += int((best == torch.tensor([s.plane for s in part])).sum())
    return right / max(len(samples), 1)


def train(
    run: TextRun, loader: Any, valid: list[Sample], minutes: float, peak: float, every: float
) -> None:
    """Until the minutes are spent."""
    began, noted, sums = time.monotonic() - run.seconds, run.seconds, [0.0, 0.0, 0.0]
    since = run.step
    for values in loader:
        fraction = (run.seconds - run.since) / (minutes * 60 - run.since)
        for group in run.optimiser.param_groups:
            group["lr"] = rate(fraction, run.step, peak)
        terms = losses(run.network, run.guides, TextBatch(*values), run.interpret, run.classify)
        if not torch.isfinite(terms.total):
            raise FloatingPointError(f"the loss is not a number at step {run.step}")
        terms.total.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(run.network.parameters(), 1.0)
        run.optimiser.step()
        run.optimiser.zero_grad()
        run.average.update(run.network, run.step)
        run.step += 1
        run.seconds = time.monotonic() - began
        for i, term in enumerate((terms.interpret, terms.classify, terms.guide)):
            sums[i] += term.item()
        over = run.seconds >= minutes * 60
        if over or run.seconds - noted >= every * 60:
            keep(run)
            line = {
                "step": run.step,
                "seconds": round(run.seconds),
                **{
                    name: round(value / max(run.step - since, 1), 4)
                    for name, value in zip(("interpret", "classify", "guide"), sums, strict=True)
                },
                "plane_accuracy": round(check(run, valid), 4),
            }
            with (run.out / "log.jsonl").open("a") as log:
                log.write(json.dumps(line) + "\n")
            print(line, flush=True)
            noted, since, sums = run.seconds, run.step, [0.0, 0.0, 0.0]
        if over:
            return


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--every", type=float, default=4, help="minutes between checks")
    parser.add_argument("--batch", type=int, default=20)
    parser.add_argument("--rate", type=float, default=8e-4)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--start", type=Path, metavar="DIR", help="weights to begin with")
    parser.add_argument("--words", action="store_true", help="the decoder alone goes on learning")
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    run = start(args.out, args.seed, args.rate, source=args.start)
    if args.words:
        words_alone(run)
    records = read_collection(args.data)
    samples = load_samples([r for r in records if r.split == "train"], 256)
    valid = load_samples([r for r in records if r.split == "val"], run.size.side)
    print(f"{len(samples)} to learn from, {len(valid)} to check; step {run.step}", flush=True)
    batches = TextBatches(
        samples,
        run.size.side,
        args.batch,
        args.seed,
        run.interpret,
        run.classify,
        all_long=args.words,
    )
    loader = DataLoader(
        batches, batch_size=None, sampler=Steps(run.step), num_workers=1, prefetch_factor=4
    )
    train(run, loader, valid, args.minutes, args.rate, args.every)


if __name__ == "__main__":
    main()
