"""One device of a drill: sync again and again until nothing waits, as the real program's watch does."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from edge.agent.identity import DeviceIdentity
from edge.agent.session import connected
from edge.agent.storage.outbox import CaseOutbox
from edge.agent.storage.vault import Vault
from edge.agent.sync import sync
from services.domain.errors import FadaError

if __name__ == "__main__":
    home = Path(sys.argv[1])
    outbox = CaseOutbox(home, Vault.unlock(home, os.environ["FADA_EDGE_PIN"]))
    hub = connected(outbox, DeviceIdentity.load(home))
    while outbox.waiting():
        try:
            sync(outbox, hub)
        except FadaError as problem:
            print(problem.code, problem.detail, flush=True)
        time.sleep(2)
