"""Server-sent events: what happened at a site, numbered, resumable, never patient data.

One poller per process asks the index for each site that somebody listens to, and shares the answer.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter, deque
from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Query, Request
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool

from gateway.dependencies import Needs, Services
from gateway.http.auth import require
from services.domain.errors import FadaError, InvalidInput, RateLimited
from services.domain.study import Principal, Role
from services.index.port import Event
from services.telemetry import logs

router = APIRouter(prefix="/api/events", tags=["Studies"])
Reader = Annotated[Principal, Depends(require(Role.READER, device=True))]

POLL_SECONDS = 0.4
HEARTBEAT_SECONDS = 15.0
STREAM_SECONDS = 900.0  # then the client comes back with Last-Event-ID, and is asked who it is
STREAMS_EACH = 16
_BATCH = 500
_RECENT = 2000
_log = logs.get("gateway.api.events")


class Channel:
    """The recent events of one site, and those who wait for more."""

    def __init__(self, start: int) -> None:
        self.last = start  # the highest number seen
        self._first = start  # numbers after this one are all in ``_recent``
        self._recent: deque[Event] = deque()
        self._news = asyncio.Condition()
        self.listeners = 0

    def after(self, seq: int) -> list[Event] | None:
        """Events after ``seq``; None when that is too long ago and the index must be asked."""
        if seq < self._first:
            return None
        return [e for e in self._recent if e.seq > seq]

    async def put(self, events: list[Event]) -> None:
        for event in events:
            self._recent.append(event)
            self.last = event.seq
            if len(self._recent) > _RECENT:
                self._first = self._recent.popleft().seq
        async with self._news:
            self._news.notify_all()

    async def wait(self, seq: int, seconds: float) -> None:
        """Until there is something after ``seq``, or the time is over."""
        try:
            async with asyncio.timeout(seconds), self._news:
                await self._news.wait_for(lambda: self.last > seq)
        except TimeoutError:
            return


class Broadcaster:
    """Lives as long as the app. ``streams`` counts the open ones by caller."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._channels: dict[str, Channel] = {}
        self.streams: Counter[str] = Counter()

    async def channel(self, site: str) -> Channel:
        if site not in self._channels:
            start = await run_in_threadpool(self._latest, site)
            self._channels.setdefault(site, Channel(start))
        return self._channels[site]

    def attach(self, site: str, channel: Channel) -> Channel:
        """The channel that is polled: nobody listened yet, so it may have been given up."""
        return self._channels.setdefault(site, channel)

    async def run(self) -> None:
        """The poller; cancelled at shutdown. A part that is down is asked again."""
        while True:
            await asyncio.sleep(POLL_SECONDS)
            for site, channel in list(self._channels.items()):
                if channel.listeners == 0:
                    del self._channels[site]
                    continue
                try:
                    events = await run_in_threadpool(self.since, site, channel.last)
                except FadaError as error:
                    _log.warning("events.unread", error=error)
                    continue
                if events:
                    await channel.put(events)

    def since(self, site: str, seq: int, study_id: str | None = None) -> list[Event]:
        with self._services.index.read() as tx:
            return tx.events.since(site, seq, study_id=study_id, limit=_BATCH)

    def _latest(self, site: str) -> int:
        with self._services.index.read() as tx:
            return tx.events.latest(site)


@router.get(
    "",
    summary="Follow what happens",
    operation_id="followEvents",
    response_class=StreamingResponse,
    responses={
        200: {"content": {"text/event-stream": {"example": "id: 42\nevent: study.ready\n"}}}
    },
)
async def follow(
    request: Request,
    who: Reader,
    services: Needs,
    study: Annotated[str | None, Query(description="only this study", max_length=64)] = None,
    since: Annotated[
        int | None, Query(ge=0, le=2**53, description="go on after this number")
    ] = None,
    last_event_id: Annotated[str | None, Header(max_length=20)] = None,
) -> StreamingResponse:
    """Events of the caller's site as a stream. Without a start it begins now."""
    hub: Broadcaster = request.app.state.broadcaster
    if study is not None:
        await run_in_threadpool(_exists, services, who.site, study)
    if last_event_id is not None and not (last_event_id.isascii() and last_event_id.isdigit()):
        raise InvalidInput("Last-Event-ID is the number of an event.")
    channel = await hub.channel(who.site)
    start = int(last_event_id) if last_event_id is not None else since
    start = channel.last if start is None else min(start, channel.last)
    name = f"{who.site}\n{who.subject}"
    if hub.streams[name] >= STREAMS_EACH:
        raise RateLimited("Too many open event streams.", retry_after=10)
    told = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    stream = _stream(hub, channel, name, who.site, start, study)
    return StreamingResponse(stream, media_type="text/event-stream", headers=told)


async def _stream(
    hub: Broadcaster, channel: Channel, name: str, site: str, seq: int, study: str | None
) -> AsyncIterator[str]:
    end = time.monotonic() + STREAM_SECONDS
    channel = hub.attach(site, channel)
    hub.streams[name] += 1
    channel.listeners += 1
    try:
        yield "retry: 2000\n: welcome\n\n"
        while time.monotonic() < end:
            events = channel.after(seq)
            if events is None:
                events = await run_in_threadpool(hub.since, site, seq)
                if not events:
                    seq = max(seq, channel.last)
            for event in events:
                seq = event.seq
                if study is None or event.study_id == study:
                    yield _frame(event)
            if not events:
                await channel.wait(seq, HEARTBEAT_SECONDS)
                if channel.last <= seq:
                    yield ": still here\n\n"
    finally:
        channel.listeners -= 1
        hub.streams[name] -= 1


def _frame(event: Event) -> str:
    data = json.dumps(shape(event), separators=(",", ":"))
    return f"id: {event.seq}\nevent: {event.type}\ndata: {data}\n\n"


def shape(event: Event) -> dict[str, Any]:
    return {
        "seq": event.seq,
        "type": event.type,
        "study_id": event.study_id,
        "payload": event.payload,
        "at": event.created_at.isoformat(),
    }


def _exists(services: Services, site: str, study_id: str) -> None:
    with services.index.read() as tx:
        tx.studies.get(site, study_id)
