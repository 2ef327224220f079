import asyncio
from collections.abc import Collection
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest

from chassis import clock
from chassis.errors import NotFound, Unavailable
from chassis.ids import new_id
from chassis.principal import Kind, Principal
from services.streaming.streams.domain import Streams
from services.streaming.streams.stream import Opened
from services.streaming.tracks.domain import Tracks
from services.streaming.tracks.track import Track
from tests.integration.streaming.conftest import Streaming
from tests.support import audio
from tests.support.waiting import until

LISTENER = Principal(Kind.DELEGATION, new_id(), 9, tenant="partner")


class Catalog:
    """Answers as catalog would; `says` is what it knows."""

    def __init__(self) -> None:
        self.says: list[Track] | None = []
        self.asked = 0
        self.may_answer = asyncio.Event()
        self.may_answer.set()

    async def list_states(self, ids: Collection[UUID]) -> list[Track]:
        self.asked += 1
        if self.says is None:
            raise Unavailable()
        await self.may_answer.wait()
        return [track for track in self.says if track.id in ids]


@pytest.fixture
async def ready(streaming: Streaming, tmp_path: Path) -> Track:
    """A recording that is ready, of a track that catalog has not published yet as far as we have heard."""
    received = await streaming.receive(audio.make(tmp_path / "a.mp3", 1.0))
    track = streaming.track(received.recording_id)
    await streaming.recordings.apply_track(track)
    await streaming.processing().work_once()
    return track


def streams_of(streaming: Streaming, catalog: Catalog) -> Streams:
    return Streams(streaming.database, Tracks(streaming.database, catalog))


def published(streaming: Streaming, track: Track, version: int = 2, **other: object) -> Track:
    released = {"published_at": clock.utc_now() - timedelta(seconds=1)}
    return streaming.track(track.recording_id, version, id=track.id, **(released | other))


async def test_what_the_copy_allows_asks_nobody(streaming: Streaming, ready: Track) -> None:
    catalog = Catalog()
    await streaming.recordings.apply_track(published(streaming, ready))
    opened = await streams_of(streaming, catalog).open(LISTENER, ready.recording_id)
    assert opened == Opened(f"recordings/{ready.recording_id}", "ts.m3u8") and catalog.asked == 0


async def test_catalog_is_asked_once_before_a_no(streaming: Streaming, ready: Track) -> None:
    catalog = Catalog()
    streams = streams_of(streaming, catalog)
    for _ in range(3):
        with pytest.raises(NotFound):
            await streams.open(LISTENER, ready.recording_id)
    assert catalog.asked == 1
    catalog.says = [published(streaming, ready)]
    await streams_of(streaming, catalog).open(LISTENER, ready.recording_id)
    await streams.open(LISTENER, ready.recording_id)  # now the copy knows


async def test_two_listeners_at_once_of_whom_one_asks_catalog(streaming: Streaming, ready: Track) -> None:
    """The second reads the copy while the first waits for catalog's answer. It must not be refused."""
    catalog = Catalog()
    catalog.says = [published(streaming, ready)]
    catalog.may_answer.clear()
    streams = streams_of(streaming, catalog)
    first = asyncio.create_task(streams.open(LISTENER, ready.recording_id))
    await until(lambda: catalog.asked == 1)
    second = asyncio.create_task(streams.open(LISTENER, ready.recording_id))
    await asyncio.sleep(0.1)
    catalog.may_answer.set()
    opened = Opened(f"recordings/{ready.recording_id}", "ts.m3u8")
    assert list(await asyncio.gather(first, second)) == [opened, opened]


async def test_a_private_or_unreleased_track_is_its_owners(streaming: Streaming, ready: Track) -> None:
    streams = streams_of(streaming, Catalog())
    later = clock.utc_now() + timedelta(hours=1)
    hidden: list[dict[str, object]] = [{"is_public": False}, {"published_at": later}, {"published_at": None}]
    for version, other in enumerate(hidden, start=2):
        await streaming.recordings.apply_track(published(streaming, ready, version, **other))
        with pytest.raises(NotFound):
            await streams.open(LISTENER, ready.recording_id)
        assert await streams.open(streaming.owner, ready.recording_id)


async def test_an_older_state_changes_nothing(streaming: Streaming, ready: Track) -> None:
    await streaming.recordings.apply_track(published(streaming, ready, 3, is_public=False))
    await streaming.recordings.apply_track(published(streaming, ready, 2))
    with pytest.raises(NotFound):
        await streams_of(streaming, Catalog()).open(LISTENER, ready.recording_id)


async def test_catalog_away_is_503_only_for_what_the_copy_refuses(streaming: Streaming, ready: Track) -> None:
    catalog = Catalog()
    catalog.says = None
    streams = streams_of(streaming, catalog)
    with pytest.raises(Unavailable):
        await streams.open(LISTENER, ready.recording_id)
    await streaming.recordings.apply_track(published(streaming, ready))
    assert await streams.open(LISTENER, ready.recording_id)


async def test_what_is_not_there_or_not_ready_is_not_found(streaming: Streaming, tmp_path: Path) -> None:
    streams = streams_of(streaming, Catalog())
    received = await streaming.receive(audio.make(tmp_path / "a.mp3", 1.0))
    for stream_id in (new_id(), received.recording_id):
        with pytest.raises(NotFound):
            await streams.open(streaming.owner, stream_id)
