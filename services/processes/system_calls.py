"""Numbers of the system calls that a shut-in process is refused (the kernel's tables, by architecture)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Architecture:
    """``audit``: AUDIT_ARCH_*; ``other_numbers``: from where another table begins (0: none)."""

    audit: int
    clone: int
    clone3: int
    other_numbers: int
    refused: tuple[int, ...]


# Sockets; programs and processes; other processes' memory and signals; mounts, namespaces and roots; keys,
# modules, bpf, performance counters, user faults, io_uring (a way around), handles to files.
_X86_64: Final = (
    41, 42, 43, 49, 50, 53, 288,
    57, 58, 59, 322,
    62, 101, 310, 311, 438,
    155, 161, 165, 166, 167, 169, 272, 308,
    175, 176, 246, 248, 249, 250, 298, 304, 313, 321, 323, 425,
)  # fmt: skip
_AARCH64: Final = (
    198, 199, 200, 201, 202, 203, 242,
    221, 281,
    129, 117, 270, 271, 438,
    39, 40, 41, 51, 97, 142, 224, 268,
    104, 105, 106, 217, 218, 219, 241, 265, 273, 280, 282, 425,
)  # fmt: skip
ARCHITECTURES: Final = {
    "x86_64": Architecture(0xC000003E, 56, 435, 0x40000000, _X86_64),
    "aarch64": Architecture(0xC00000B7, 220, 435, 0, _AARCH64),
}
