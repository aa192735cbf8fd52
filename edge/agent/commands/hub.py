"""Commands of ``fada-edge`` between this device and its hub: enrol, sync, its link, carried cases."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from edge.agent import carry as carried
from edge.agent import identity as identities
from edge.agent import releases as updates
from edge.agent import terminal
from edge.agent.commands.options import (
    HOME,
    RELEASES,
    Home,
    Pin,
    Releases,
    Threads,
    console,
    open_outbox,
    read_waiting,
    release_loader,
    tell_programme,
    warn,
)
from edge.agent.hub import Hub
from edge.agent.hub import enrol as enrol_at
from edge.agent.link import LinkRules, Metered
from edge.agent.session import connected
from edge.agent.storage import vault as vaults
from edge.agent.sync import send_anyway
from edge.agent.sync import sync as exchange
from services.domain.errors import Forbidden, NotFound, ReleaseRefused
from services.reading.releases.registry import trust_of


def enrol(
    hub: Annotated[str, typer.Argument(help="Address of the hub, e.g. https://hub.example.org")],
    code: Annotated[str, typer.Argument(help="The one-time code that the hub's page shows.")],
    pin: Pin,
    name: Annotated[
        str, typer.Option(help="How the hub's staff will know this device.")
    ] = "laptop",
    home: Home = HOME,
) -> None:
    """Bind this device to a site of a hub, once.

    Example: fada-edge enrol https://hub.example.org 7KQ2-M4XD --name "Clinic laptop"
    """
    if not vaults.exists(home):  # first: a PIN that is refused must not use up the code
        vaults.Vault.create(home, pin)
    device = enrol_at(hub, code, name)
    device.save(home)
    console.print(f"Enrolled at {device.site}. Next: fada-edge analyse IMAGE")


def sync(
    pin: Pin,
    home: Home = HOME,
    releases: Releases = RELEASES,
    threads: Threads = 2,
    anyway: Annotated[
        str, typer.Option(help="A case whose images go now, whatever the network costs.")
    ] = "",
) -> None:
    """Send what waits (reports first) and fetch the hub's results and reviews.

    Cases that were captured and not read yet are read before.
    """
    device = identities.DeviceIdentity.load(home)
    outbox = open_outbox(home, pin)
    if anyway:
        send_anyway(outbox, anyway)
    try:
        read_waiting(outbox, release_loader(releases, threads))
    except (NotFound, ReleaseRefused) as problem:
        warn(problem.detail)  # what was read can go out without a release
    hub = connected(outbox, device)
    outcome = exchange(outbox, hub, console.print)
    hub.keys().save(home)
    console.print(f"{outcome.sent} sent, {outcome.refused} refused, {outcome.answered} answers")
    tell_programme(outbox, hub)


def link(
    home: Home = HOME,
    wait: Annotated[
        bool | None, typer.Option("--wait/--go", help="Images wait for a network that is free.")
    ] = None,
    daily_mb: Annotated[
        int | None, typer.Option(min=0, help="Megabytes a day over one that costs; 0: no limit.")
    ] = None,
    metered: Annotated[
        Metered | None, typer.Option(help="Whether it costs; ask: as NetworkManager says.")
    ] = None,
) -> None:
    """Say, or set, what may go over a network that is paid by the byte. Reports and previews always go.

    Example: fada-edge link --wait --metered ask
    """
    options = {"wait_for_wifi": wait, "daily_mb": daily_mb, "metered": metered}
    given: dict[str, Any] = {name: value for name, value in options.items() if value is not None}
    kept = LinkRules.load(home)
    if kept.locked and given.keys() - {"metered"}:
        raise Forbidden("The programme sets what may go over a network that costs.")
    rules = replace(kept, **given)
    rules.save(home)
    console.print(terminal.link_words(rules))


def pack(
    folder: Annotated[Path, typer.Argument(help="Where to, for example a stick.")],
    pin: Pin,
    home: Home = HOME,
) -> None:
    """Seal the cases that wait, for somebody to carry to a network. Nobody but the hub can open them.

    Example: fada-edge pack /media/stick
    """
    device, outbox = identities.DeviceIdentity.load(home), open_outbox(home, pin)
    count = carried.pack(outbox, device, folder, console.print)
    console.print(
        "One case. It still counts as not sent: keep it, and take the receipt."
        if count == 1
        else f"{count} cases. They still count as not sent: keep them, and take the receipts."
    )


def carry(
    folder: Annotated[Path, typer.Argument(help="Where sealed cases lie, anybody's.")],
    home: Home = HOME,
    anyway: Annotated[
        bool, typer.Option("--anyway", help="They go now, whatever the network costs.")
    ] = False,
) -> None:
    """Hand in sealed cases of any device of this site; receipts are laid beside them."""
    hub = Hub(identities.DeviceIdentity.load(home))
    done = carried.hand_in(hub, folder, console.print, home=home, anyway=anyway)
    console.print(f"{done.received} handed in, {done.refused} refused, {done.waiting} wait")


def receipts(
    folder: Annotated[Path, typer.Argument(help="Where receipts lie, anybody's.")],
    pin: Pin,
    home: Home = HOME,
) -> None:
    """Note which of this device's cases the hub has, by receipts that were brought back."""
    device, outbox = identities.DeviceIdentity.load(home), open_outbox(home, pin)
    console.print(f"{carried.take_receipts(outbox, device, folder, console.print)} cases arrived")


def update(home: Home = HOME, releases: Releases = RELEASES) -> None:
    """Fetch the hub's model release, verify and try it, then use it."""
    hub = Hub(identities.DeviceIdentity.load(home))
    name = updates.update(releases, hub, trust_of(releases), console.print)
    console.print(f"Now using {name}." if name else "This device has the hub's release.")
