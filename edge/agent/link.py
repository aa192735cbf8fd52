"""What may go over a network that is paid by the byte: the phone's rules (web/phone/src/sync/link.ts)."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import asdict, dataclass, replace
from datetime import date
from enum import StrEnum
from pathlib import Path

from edge.agent.storage.files import write_durably

_FILE = "link.json"
_ASK = (
    "get-property",
    "org.freedesktop.NetworkManager",
    "/org/freedesktop/NetworkManager",
    "org.freedesktop.NetworkManager",
    "Metered",
)
_SECONDS = 3.0
_METERED = {1, 3}  # NM_METERED_YES, NM_METERED_GUESS_YES


class Metered(StrEnum):
    """Whether this device's network costs: as NetworkManager says, or as a person does."""

    ASK = "ask"
    YES = "yes"
    NO = "no"


@dataclass(frozen=True, slots=True)
class LinkRules:
    """``daily_mb``: megabytes (10^6 bytes) a day over a network that costs; 0: no limit. Reports and
    previews go beyond it, and count.

    ``locked``: the programme set them, and a person may not change them.
    ``day`` and ``sent`` count the bytes that went over such a one, on this device's calendar.
    """

    wait_for_wifi: bool = False
    daily_mb: int = 0
    metered: Metered = Metered.ASK
    day: str = ""
    sent: int = 0
    locked: bool = False

    @classmethod
    def load(cls, folder: Path) -> LinkRules:
        """The rules kept in ``folder``; everything may go where there are none."""
        try:
            kept = json.loads((folder / _FILE).read_text())
            return cls(**{**kept, "metered": Metered(kept["metered"])})
        except (OSError, ValueError, TypeError, KeyError):
            return cls()

    def save(self, folder: Path) -> None:
        """Keep them in ``folder``."""
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_durably(folder / _FILE, json.dumps(asdict(self)).encode())

    @staticmethod
    def remove(folder: Path) -> None:
        """Everything may go again."""
        (folder / _FILE).unlink(missing_ok=True)

    def sent_today(self) -> int:
        """Bytes that went over a network that costs."""
        return self.sent if self.day == _today() else 0

    def waits_for(self, size: int) -> str:
        """Why an image of ``size`` bytes waits, in words; empty where it may go now."""
        if not (self.wait_for_wifi or self.daily_mb) or not self.costs():
            return ""
        if self.wait_for_wifi or size > self.daily_mb * 10**6:  # no day has room for it
            return "The image waits for a network that costs nothing."
        if self.sent_today() + size > self.daily_mb * 10**6:
            return "The image waits for tomorrow: today's megabytes are used."
        return ""

    def costs(self) -> bool:
        """Whether the network costs now. Where nobody says so it counts as free, as on phones."""
        return network_is_metered() if self.metered is Metered.ASK else self.metered is Metered.YES

    def noted(self, count: int) -> LinkRules:
        """With ``count`` bytes that were sent now."""
        if not (self.daily_mb and self.costs()):
            return self
        return replace(self, day=_today(), sent=self.sent_today() + count)


def note(folder: Path, count: int) -> None:
    """``count`` bytes were sent now: kept in ``folder`` where a day has a limit."""
    rules = LinkRules.load(folder)
    if rules.daily_mb:
        rules.noted(count).save(folder)


def network_is_metered() -> bool:
    """What NetworkManager says of the default connection, by systemd's ``busctl``; False without them."""
    program = shutil.which("busctl")
    if program is None:
        return False
    try:
        output = subprocess.run(
            [program, "--system", *_ASK],
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=True,
        )
        return int(output.stdout.split()[1]) in _METERED  # "u 1"
    except (OSError, subprocess.SubprocessError, ValueError, IndexError):
        return False


def _today() -> str:
    return date.today().isoformat()
