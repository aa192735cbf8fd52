"""Trains a decoder of findings.

`python -m models.programs.training.train_decoder --findings FILE --check FILE --out DIR`

FILE holds lines that models.programs.training.cache_findings wrote. Half of what is learnt from are such
findings of pictures, half are invented ones, so that rare combinations are met. Resumable: the same
command goes on from OUT/decoder.pt. Its budget is minutes of processor time, the same on a busy machine.
OUT/weights holds the averaged weights in Hugging Face form with text.json, for
models.programs.releasing.convert; OUT/log.jsonl one line a check: the loss, and the share of whole answers
to the findings of --check that are as they should be.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn import functional as F  # noqa: N812

from models.fada.labels import PLANES
from models.text.decoder import PROMPTS, DecoderSize, agreement, batch, build, sequence
from models.text.finding_sentences import allowed, corpus, invented, tables
from models.text.sentences import NO_PLANE
from models.text.sequences import IGNORE
from models.text.tokenizer import load_tokenizer, train_tokenizer
from models.text.training import rate, save
from models.training.checkpoint import Average
from services.reading.releases.manifest import FINDINGS
from services.reading.text.findings import Findings

_CLASSIFY = 0.1  # share of the questions that ask for the label


def read_findings(path: Path) -> list[Findings]:
    """The findings of a cache. Raises ValueError, KeyError: it is none."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return [Findings.read(json.loads(line)["findings"]) for line in lines]


def about() -> dict[str, Any]:
    """text.json: what a release's manifest needs to know of a decoder."""
    return {
        "prompts": asdict(PROMPTS),
        "classes": [*PLANES, NO_PLANE],
        "sentences": {plane: allowed(plane) for plane in PLANES},
        "text_model": {"input": FINDINGS, "words": tables()},
    }


class DecoderRun:
    """A run with all that it holds on to; goes on where OUT has a checkpoint."""

    def __init__(self, out: Path, size: DecoderSize, seed: int, peak: float) -> None:
        torch.manual_seed(seed)
        self.out, self.size, self.peak, self.seed = out, size, peak, seed
        there = (out / "weights" / "tokenizer.json").exists()
        self.tokenizer: Any = (
            load_tokenizer(out / "weights") if there else train_tokenizer(corpus())
        )
        self.pad = int(self.tokenizer.convert_tokens_to_ids("<|endoftext|>"))
        self.network = build(size, self.tokenizer).train()
        self.optimiser = torch.optim.AdamW(
            self.network.parameters(), lr=peak, betas=(0.9, 0.98), weight_decay=0.01
        )
        self.average = Average(self.network, 0.99)
        self.step, self.seconds = 0, 0.0
        if (out / "decoder.pt").exists():
            state = torch.load(out / "decoder.pt", map_location="cpu", weights_only=True)
            self.network.load_state_dict(state["network"])
            self.optimiser.load_state_dict(state["optimiser"])
            self.average.state = state["average"]
            self.step, self.seconds = state["step"], state["seconds"]

    def averaged(self) -> Any:
        """The network with the averaged weights."""
        network = build(self.size, self.tokenizer).eval()
        network.load_state_dict(self.average.state)
        return network

    def learn(self, fraction: float, seen: list[Findings], count: int) -> float:
        """One step on ``count`` questions; deterministic in (seed, step). Returns the loss."""
        rng = np.random.default_rng((self.seed, self.step))
        questions = []
        for _ in range(count):
            is_real = bool(seen) and rng.random() < 0.5
            findings = seen[int(rng.integers(0, len(seen)))] if is_real else invented(rng)
            classify = bool(rng.random() < _CLASSIFY)
            questions.append(sequence(self.tokenizer, findings, classify=classify))
        ids, labels = batch(questions, self.pad)
        for group in self.optimiser.param_groups:
            group["lr"] = rate(fraction, self.step, self.peak)
        scores = self.network(input_ids=ids).logits[:, :-1]
        loss = F.cross_entropy(scores.flatten(0, 1), labels[:, 1:].flatten(), ignore_index=IGNORE)
        if not torch.isfinite(loss):
            raise FloatingPointError(f"the loss is not a number at step {self.step}")
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        self.optimiser.step()
        self.optimiser.zero_grad()
        self.average.update(self.network, self.step)
        self.step += 1
        return loss.item()

    def keep(self) -> None:
        """Checkpoint, and the averaged weights as a folder that the converter reads."""
        self.out.mkdir(parents=True, exist_ok=True)
        state = {
            "network": self.network.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "average": self.average.state,
            "step": self.step,
            "seconds": self.seconds,
        }
        save(self.out / "decoder.pt", state)
        folder = self.out / "weights"
        self.averaged().save_pretrained(folder)
        self.tokenizer.save_pretrained(folder)
        (folder / "text.json").write_text(json.dumps(about(), indent=1))


def train(
    run: DecoderRun,
    seen: list[Findings],
    check: list[Findings],
    *,
    minutes: float,
    every: float,
    count: int,
) -> None:
    """Until the minutes of processor time are spent."""
    began, noted, losses = time.process_time() - run.seconds, run.seconds, list[float]()
    asked = [sequence(run.tokenizer, findings, classify=False) for findings in check]
    while run.seconds < minutes * 60:
        losses.append(run.learn(run.seconds / (minutes * 60), seen, count))
        run.seconds = time.process_time() - began
        if run.seconds < minutes * 60 and run.seconds - noted < every * 60:
            continue
        run.keep()
        line = {
            "step": run.step,
            "seconds": round(run.seconds),
            "loss": round(float(np.mean(losses)), 5),
            "whole_answers": round(agreement(run.averaged(), asked, run.pad), 4),
        }
        with (run.out / "log.jsonl").open("a") as log:
            log.write(json.dumps(line) + "\n")
        print(line, flush=True)
        noted, losses = run.seconds, []


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--findings", type=Path, required=True, help="of training pictures")
    parser.add_argument("--check", type=Path, required=True, help="of others")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=15)
    parser.add_argument("--every", type=float, default=2, help="minutes between checks")
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--rate", type=float, default=4e-3)
    parser.add_argument("--hidden", type=int, default=DecoderSize().hidden)
    parser.add_argument("--layers", type=int, default=DecoderSize().layers)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    size = DecoderSize(hidden=args.hidden, layers=args.layers, intermediate=3 * args.hidden)
    run = DecoderRun(args.out, size, args.seed, args.rate)
    seen, check = read_findings(args.findings), read_findings(args.check)
    weights = sum(p.numel() for p in run.network.parameters())
    print(f"{len(seen)} findings, {weights} weights, step {run.step}", flush=True)
    train(run, seen, check, minutes=args.minutes, every=args.every, count=args.batch)


if __name__ == "__main__":
    main()
