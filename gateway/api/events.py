"""Server-sent events of a site: numbered, resumable, without patient data.

One poller per process reads the index for each site that has listeners, and shares the events.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections import deque
from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool
from starlette.types import Receive, Scope, Send

from gateway.dependencies import Services, ServicesDep
from gateway.http.params import ReaderOrDevice
from gateway.http.places import Places
from services.domain.errors import FadaError, InvalidInput
from services.index.port import Event
from services.telemetry import logs

router = APIRouter(prefix="/api/events", tags=["Studies"])

POLL_SECONDS = 0.4
HEARTBEAT_SECONDS = 15.0
STREAM_SECONDS = 900.0  # then the client reconnects with Last-Event-ID and signs in again
MAX_STREAMS = 16  # of one caller
_BATCH = 500
_RECENT = 2000
_log = logs.get("gateway.api.events")


class SiteChannel:
    """The recent events of one site, and the listeners that wait for more."""

    def __init__(self, start: int) -> None:
        self.last = start  # the highest number seen
        self._first = start  # numbers after this one are all in ``_recent``
        self._recent: deque[Event] = deque()
        self._news = asyncio.Condition()
        self.listeners = 0

    def after(self, seq: int) -> list[Event] | None:
        """Events after number ``seq``; None when only the index still has them."""
        if seq < self._first:
            return None
        return [e for e in self._recent if e.seq > seq]

    async def put(self, events: list[Event]) -> None:
        """Add new events and wake the listeners."""
        for event in events:
            self._recent.append(event)
            self.last = event.seq
            if len(self._recent) > _RECENT:
                self._first = self._recent.popleft().seq
        async with self._news:
            self._news.notify_all()

    async def wait(self, seq: int, seconds: float) -> None:
        """Until there is an event after ``seq``, or ``seconds`` have passed."""
        try:
            async with asyncio.timeout(seconds), self._news:
                await self._news.wait_for(lambda: self.last > seq)
        except TimeoutError:
            return


class Broadcaster:
    """Polls the index for listeners, as long as the app lives."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._channels: dict[str, SiteChannel] = {}
        self.streams = Places(MAX_STREAMS, "Too many open event streams.", retry_after=10)

    async def channel(self, site: str) -> SiteChannel:
        """The site's channel, from its latest event on when it is new."""
        if site not in self._channels:
            start = await run_in_threadpool(self._latest, site)
            self._channels.setdefault(site, SiteChannel(start))
        return self._channels[site]

    def attach(self, site: str, channel: SiteChannel) -> SiteChannel:
        """The channel that is polled: one without listeners may have been dropped meanwhile."""
        return self._channels.setdefault(site, channel)

    async def run(self) -> None:
        """Poll until cancelled; when the index is down it is tried again."""
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

    def since(self, site: str, seq: int) -> list[Event]:
        """The next events after number ``seq``, from the index. Blocking."""
        with self._services.index.read() as tx:
            return tx.events.since(site, seq, limit=_BATCH)

    def _latest(self, site: str) -> int:
        with self._services.index.read() as tx:
            return tx.events.latest(site)


@router.get(
    "",
    summary="Stream events",
    operation_id="followEvents",
    response_class=StreamingResponse,
    responses={
        200: {"content": {"text/event-stream": {"example": "id: 42\nevent: study.ready\n"}}}
    },
)
async def follow(
    request: Request,
    who: ReaderOrDevice,
    services: ServicesDep,
    study: Annotated[str | None, Query(description="only this study", max_length=64)] = None,
    since: Annotated[
        int | None, Query(ge=0, le=2**53, description="start after this event number")
    ] = None,
    last_event_id: Annotated[str | None, Header(max_length=20)] = None,
) -> StreamingResponse:
    """Server-sent events of the caller's site. Without a start number it begins now."""
    broadcaster: Broadcaster = request.app.state.broadcaster
    if study is not None:
        await run_in_threadpool(_require_study, services, who.site, study)
    if last_event_id is not None and not (last_event_id.isascii() and last_event_id.isdigit()):
        raise InvalidInput("Last-Event-ID is the number of an event.")
    channel = await broadcaster.channel(who.site)
    start = int(last_event_id) if last_event_id is not None else since
    start = channel.last if start is None else min(start, channel.last)
    stream = _stream(broadcaster, channel, who.site, start, study)
    return EventStream(stream, broadcaster.streams, who.counted_as)


class EventStream(StreamingResponse):
    """Counted from its first byte to its last, whatever becomes of its connection."""

    def __init__(self, events: AsyncIterator[str], streams: Places, caller: str) -> None:
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        super().__init__(events, media_type="text/event-stream", headers=headers)
        self._streams, self._caller = streams, caller

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Raises TooManyAtOnce before the first byte."""
        with self._streams.taken(self._caller):
            await super().__call__(scope, receive, send)


async def _stream(
    broadcaster: Broadcaster,
    channel: SiteChannel,
    site: str,
    seq: int,
    study: str | None,
) -> AsyncIterator[str]:
    end = time.monotonic() + STREAM_SECONDS
    channel = broadcaster.attach(site, channel)
    channel.listeners += 1
    try:
        yield "retry: 2000\n: welcome\n\n"
        while time.monotonic() < end:
            events = channel.after(seq)
            if events is None:
                events = await run_in_threadpool(broadcaster.since, site, seq)
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


def _frame(event: Event) -> str:
    data = json.dumps(event_json(event), separators=(",", ":"))
    return f"id: {event.seq}\nevent: {event.type}\ndata: {data}\n\n"


def event_json(event: Event) -> dict[str, Any]:
    """An event as the JSON of its message."""
    return {
        "seq": event.seq,
        "type": event.type,
        "study_id": event.study_id,
        "payload": event.payload,
        "at": event.created_at.isoformat(),
    }


def _require_study(services: Services, site: str, study_id: str) -> None:
    with services.index.read() as tx:
        tx.studies.get(site, study_id)
