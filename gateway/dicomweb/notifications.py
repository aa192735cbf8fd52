"""The notification connection of UPS-RS (PS3.18 section 8.10): a WebSocket that carries event reports."""

from __future__ import annotations

import asyncio
import contextlib
import json
from asyncio import FIRST_COMPLETED
from typing import Any

from fastapi import APIRouter, WebSocket
from starlette.concurrency import run_in_threadpool
from starlette.websockets import WebSocketDisconnect

from gateway.dependencies import Services, ServicesDep
from gateway.dicomweb.subscribers import events_of, listening, note_events
from gateway.dicomweb.workitems import Aet
from gateway.http.authentication import caller_of_socket
from gateway.http.params import Reader
from services.domain.study import Principal
from services.index.port import WorkitemEvent

router = APIRouter(prefix="/dicomweb")
_POLL_SECONDS = 0.5
_IDENTIFY_EVERY = 10  # looks: a credential that was revoked ends its connection
_N_EVENT_REPORT, _MESSAGE_IDS = 0x0100, 1 << 16


@router.websocket("/subscribers/{aet}")
async def notifications(socket: WebSocket, aet: Aet, who: Reader, services: ServicesDep) -> None:
    """Event reports for the subscriptions of ``aet`` from now on, a DICOM JSON data set a text frame.

    What a subscriber misses while it is away it reads by long polling on the same address.
    Raises TooManyAtOnce: 429 before the connection is one.
    """
    with listening(socket, who, aet.strip()):
        last = await run_in_threadpool(_latest, services, who, aet.strip())
        await socket.accept()
        sending = asyncio.create_task(_send(socket, services, who, aet.strip(), last))
        hearing = asyncio.create_task(_listen(socket))
        done, left = await asyncio.wait((sending, hearing), return_when=FIRST_COMPLETED)
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        if sending in done:
            with contextlib.suppress(WebSocketDisconnect):
                sending.result()  # its error ends the connection


async def _send(socket: WebSocket, services: Services, who: Principal, aet: str, last: int) -> None:
    """Ends by an error alone: the caller's credential no longer holds, or the index is away."""
    looks = 0
    while True:
        looks += 1
        if looks % _IDENTIFY_EVERY == 0:
            await caller_of_socket(socket.app.state.authenticator, socket)
        events = await run_in_threadpool(events_of, services, who, aet, last)
        note_events(socket, who, events)
        for event in events:
            await socket.send_text(json.dumps(_message(event)))
            last = event.seq
        await asyncio.sleep(_POLL_SECONDS)


async def _listen(socket: WebSocket) -> None:
    """Until the subscriber leaves; what it says is not looked at."""
    with contextlib.suppress(WebSocketDisconnect):
        while True:
            await socket.receive_bytes()


def _message(event: WorkitemEvent) -> dict[str, Any]:
    command = {"vr": "US", "Value": [_N_EVENT_REPORT]}
    number = {"vr": "US", "Value": [event.seq % _MESSAGE_IDS]}
    return {"00000100": command, "00000110": number, **event.report}


def _latest(services: Services, who: Principal, aet: str) -> int:
    with services.index.read() as tx:
        return tx.workitems.latest_event(who.site, aet)
