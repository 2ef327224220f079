"""A track's way from processing to its tombstone, and who may see and change it meanwhile."""

import asyncio
from typing import Any

import pytest
from soundstage.auth.v1.accounts_pb2 import AccountState
from soundstage.catalog.v1 import tracks_pb2
from soundstage.common.v1.common_pb2 import Ref
from soundstage.marketplace.v1.events_pb2 import ProductChanged
from soundstage.streaming.v1.events_pb2 import RecordingFailed

from chassis import principal
from chassis.client import call, stream
from chassis.errors import Forbidden, Invalid, NotFound
from chassis.ids import new_id
from chassis.principal import ANONYMOUS, SERVICE
from tests.integration.catalog.system import System, form


async def test_a_ready_recording_publishes_the_track_once(system: System) -> None:
    artist = system.user()
    track = await system.add(artist)
    await system.ready(track)
    await system.ready(track, duration_ms=1)
    shown = await system.get(track)
    assert shown.status == tracks_pb2.TRACK_STATUS_COMPLETED
    assert (shown.duration_ms, shown.loudness.integrated_lufs, shown.is_downloadable) == (180_400, -14.2, True)
    assert not shown.loudness.HasField("range_lu")
    assert shown.progressive_object == f"recordings/{track.recording_id}/audio.mp3"
    assert [(kind, s.version) for kind, s in await system.outbox(track)] == [("TrackAdded", 1), ("TrackPublished", 2)]


async def test_a_private_track_is_published_when_it_is_opened(system: System) -> None:
    artist = system.user()
    track = await system.add(artist, form=form(is_public=False))
    await system.ready(track)
    opened = await system.change(track, artist, is_public=True)
    assert opened.HasField("published_at")
    assert [kind for kind, _ in await system.outbox(track)] == ["TrackAdded", "TrackChanged", "TrackPublished"]
    await system.change(track, artist, is_public=False)
    again = await system.change(track, artist, is_public=True)
    assert again.published_at == opened.published_at


async def test_a_failed_recording_fails_the_track(system: System) -> None:
    artist = system.user()
    track = await system.add(artist)
    failed = RecordingFailed(recording_id=track.recording_id, track_id=track.id, reason="not audio")
    await system.learn("soundstage.recordings.v1", "RecordingFailed", failed)
    await system.ready(track)
    assert (await system.get(track, artist)).status == tracks_pb2.TRACK_STATUS_FAILED
    assert [kind for kind, _ in await system.outbox(track)] == ["TrackAdded", "TrackChanged"]


async def test_who_may_see_what(system: System) -> None:
    artist, admin, other = system.user(), system.user(role="admin"), system.user()
    track = await system.release(artist, is_public=False)
    for caller in (artist, admin, SERVICE):
        assert (await system.get(track, caller)).id == track.id
        with pytest.raises(NotFound):
            await system.get(track, caller, public_only=True)
    for caller in (other, ANONYMOUS):
        with pytest.raises(Forbidden):
            await system.get(track, caller)
    with pytest.raises(NotFound):
        await system.get(Ref(id=str(new_id())), admin)
    with pytest.raises(Invalid):
        await system.get(Ref(id="nonsense"))
    with pytest.raises(NotFound):
        await system.get(Ref(number=2**62))


async def test_a_batch_has_an_outcome_for_each_item(system: System) -> None:
    artist, other = system.user(), system.user()
    secret = await system.release(artist, title="Secret", is_public=False)
    known = await system.release(artist, title="Known")
    items = [
        tracks_pb2.GetTrackItem(track=Ref(id=secret.id), principal=principal.encode(artist)),
        tracks_pb2.GetTrackItem(track=Ref(id=secret.id), principal=principal.encode(other)),
        tracks_pb2.GetTrackItem(track=Ref(number=known.number)),
        tracks_pb2.GetTrackItem(track=Ref(number=10**9)),
        tracks_pb2.GetTrackItem(track=Ref(id=known.id), public_only=True),
    ]
    answer = await call(system.tracks.GetBatch, tracks_pb2.GetTrackBatchRequest(items=items), caller=SERVICE)
    said = [outcome.refused or outcome.track.title for outcome in answer.outcomes]
    assert said == ["Secret", "FORBIDDEN", "Known", "NOT_FOUND", "Known"]
    with pytest.raises(Forbidden):
        await call(system.tracks.GetBatch, tracks_pb2.GetTrackBatchRequest(items=items[:1]), caller=other)


async def test_totals_and_sales_stand_beside_the_track(system: System) -> None:
    artist = system.user()
    track = await system.release(artist)
    await system.counted(track.id, plays=7, likes=2, version=5)
    await system.counted(track.id, plays=3, version=4)
    await system.counted(artist.account_id or "", followers=9)
    for version, is_sold in ((2, True), (1, False)):
        change = ProductChanged(track_id=track.id, is_sold=is_sold, version=version)
        await system.learn("soundstage.market.v1", "ProductChanged", change)
    shown = await system.get(track)
    assert (shown.play_count, shown.like_count, shown.is_downloadable) == (7, 2, False)
    assert (shown.owner.follower_count, shown.owner.track_count) == (9, 1)


async def test_only_named_fields_change(system: System) -> None:
    artist = system.user()
    track = await system.release(artist, title="Old", genre="House", tags=["x"], year=1999)
    after = await system.change(track, artist, "title", "genre", "tags", title="Neu über", album="ignored")
    assert (after.title, after.slug, after.year, after.HasField("album")) == ("Neu über", "neu-über", 1999, False)
    assert (after.HasField("genre"), list(after.tags)) == (False, [])
    assert await system.get(track) == after


@pytest.mark.parametrize("fields", [["title"], ["artist"], ["is_public"], ["owner_id"], ["version"]])
async def test_a_wrong_change_changes_nothing(system: System, fields: list[str]) -> None:
    artist = system.user()
    track = await system.release(artist)
    with pytest.raises(Invalid):
        await system.change(track, artist, *fields)
    assert await system.get(track) == track


async def test_others_change_and_remove_nothing(system: System) -> None:
    track = await system.release(system.user())
    for caller in (system.user(),):
        with pytest.raises(Forbidden):
            await system.change(track, caller, title="Mine")
        with pytest.raises(Forbidden):
            await system.remove(track, caller)
    admin = system.user(role="admin")
    assert (await system.change(track, admin, title="Tidy")).title == "Tidy"


async def test_changes_at_once_are_all_kept(system: System) -> None:
    artist = system.user()
    track = await system.release(artist)
    said: list[dict[str, Any]] = [{"album": "A"}, {"genre": "G"}, {"mood": "M"}, {"year": 2001}, {"description": "D"}]
    await asyncio.gather(*(system.change(track, artist, **one) for one in said))
    after = await system.get(track)
    assert (after.album, after.genre, after.mood, after.year, after.description) == ("A", "G", "M", 2001, "D")
    versions = [state.version for _, state in await system.outbox(track)]
    assert sorted(versions) == [1, 2, 3, 4, 5, 6, 7]


async def test_a_removed_track_is_gone_and_leaves_a_tombstone(system: System) -> None:
    artist = system.user()
    track = await system.release(artist, description="to be forgotten")
    await system.remove(track, artist)
    with pytest.raises(NotFound):
        await system.get(track, artist)
    with pytest.raises(NotFound):
        await system.remove(track, artist)
    await system.ready(track)
    assert [kind for kind, _ in await system.outbox(track)] == ["TrackAdded", "TrackPublished", "TrackRemoved"]
    request = tracks_pb2.ListTrackStatesRequest(
        tracks=[Ref(id=track.id), Ref(number=track.number), Ref(id=str(new_id()))]
    )
    [state] = (await call(system.tracks.ListStates, request, caller=SERVICE)).tracks
    assert (state.is_removed, state.version, state.number) == (True, 3, track.number)
    kept = await system.mongo.collection("tracks").find_one({"number": track.number})
    assert kept["description"] is None


async def test_the_tracks_of_a_removed_account_go(system: System) -> None:
    artist, other = system.user(), system.user()
    tracks = [await system.release(artist), await system.add(artist)]
    kept = await system.release(other)
    gone = AccountState(id=str(artist.account_id), number=artist.number or 0, version=2, is_removed=True)
    for _ in range(2):
        await system.learn("soundstage.accounts.v1", "AccountRemoved", gone)
    for track in tracks:
        with pytest.raises(NotFound):
            await system.get(track, artist)
        assert [kind for kind, _ in await system.outbox(track)][-1] == "TrackRemoved"
        assert [kind for kind, _ in await system.outbox(track)].count("TrackRemoved") == 1
    assert (await system.get(kept)).id == kept.id


async def test_export_tells_every_track_in_order(system: System) -> None:
    artist = system.user()
    tracks = [await system.add(artist) for _ in range(3)]
    await system.remove(tracks[1], artist)

    async def exported(after: str) -> list[tuple[str, bool]]:
        request = tracks_pb2.ExportTracksRequest(after_id=after)
        batches = [batch async for batch in stream(system.tracks.Export, request, caller=SERVICE)]
        return [(state.id, state.is_removed) for batch in batches for state in batch.tracks]

    assert await exported("") == [(track.id, i == 1) for i, track in enumerate(tracks)]
    assert await exported(tracks[1].id) == [(tracks[2].id, False)]
    with pytest.raises(Forbidden):
        await call(system.tracks.ListStates, tracks_pb2.ListTrackStatesRequest(), caller=artist)
