"""Processes of one machine that train one network together.

Each reads batches of its own, and the gradients are averaged before every step, so that all keep the same
weights. Two processes of one thread take twice the images of one; two threads of one process do not.
"""

import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeVar

import torch
from torch import Tensor, distributed
from torch.multiprocessing.spawn import spawn

T = TypeVar("T")


def number() -> int:
    """Which of the processes this one is; the first alone writes checkpoints and logs."""
    return distributed.get_rank() if distributed.is_initialized() else 0


def average_gradients(parameters: Iterable[Tensor]) -> None:
    """Replaces each gradient by its mean over the processes; nothing where there is one alone."""
    gradients = [p.grad for p in parameters if p.grad is not None]
    if not gradients or not distributed.is_initialized():
        return
    whole = torch.cat([g.reshape(-1) for g in gradients])
    distributed.all_reduce(whole)
    whole /= distributed.get_world_size()
    means = torch.split(whole, [g.numel() for g in gradients])
    for gradient, mean in zip(gradients, means, strict=True):
        gradient.copy_(mean.view_as(gradient))


def slowest(seconds: float) -> float:
    """The most seconds that any of the processes took: so all agree how far the run is."""
    if not distributed.is_initialized():
        return seconds
    taken = torch.tensor(seconds, dtype=torch.float64)
    distributed.all_reduce(taken, distributed.ReduceOp.MAX)
    return float(taken)


def run_together(work: Callable[[T], None], task: T, processes: int) -> None:
    """Calls `work(task)` in so many processes that know of one another; in this one where it is one.

    Raises:
        torch.multiprocessing.ProcessRaisedException: one of them failed; the others are ended.
    """
    if processes == 1:
        work(task)
        return
    with tempfile.TemporaryDirectory() as folder:
        spawn(  # type: ignore[no-untyped-call]
            _join, (work, task, processes, Path(folder) / "peers"), nprocs=processes
        )


def _join(rank: int, work: Callable[[T], None], task: T, processes: int, meeting: Path) -> None:
    torch.set_num_threads(1)
    distributed.init_process_group(
        "gloo", init_method=meeting.as_uri(), rank=rank, world_size=processes
    )
    try:
        work(task)
    finally:
        distributed.destroy_process_group()
