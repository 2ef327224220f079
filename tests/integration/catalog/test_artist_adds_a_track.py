"""The commit point of an upload: one track a recording and key, said by the form, else the file, else its name."""

import asyncio

import pytest
from soundstage.catalog.v1 import tracks_pb2
from soundstage.common.v1.common_pb2 import Ref

from chassis.errors import Conflict, Forbidden, Invalid, NotFound, Unauthenticated, Unavailable
from chassis.ids import new_id
from chassis.principal import ANONYMOUS, Kind, Principal
from tests.integration.catalog.system import System, form


async def test_a_fresh_user_adds_a_track_and_reads_it(system: System) -> None:
    artist = system.user("johndoe")
    added = await system.add(artist, filename="My Track.final.mp3")
    assert (added.title, added.artist, added.slug) == ("My Track.final", "johndoe", "my-track-final")
    assert added.status == tracks_pb2.TRACK_STATUS_PROCESSING
    assert (added.is_public, added.is_downloadable, added.owner.handle) == (True, False, "johndoe")
    assert await system.get(added, artist) == added
    assert await system.get(Ref(number=added.number), artist) == added
    [(kind, state)] = await system.outbox(added)
    assert (kind, state.id, state.version, state.owner_number) == ("TrackAdded", added.id, 1, artist.number)


async def test_the_form_wins_over_the_files_tags(system: System) -> None:
    tags = form(title="From file", album="Album\x00 of\nfile", genre="House", year=99_999, tags=["a", " a", "b"])
    added = await system.add(system.user(), form=form(title="Ночь", is_public=False), file_tags=tags)
    assert (added.title, added.album, added.genre, list(added.tags)) == ("Ночь", "Album of file", "House", ["a", "b"])
    assert (added.HasField("year"), added.is_public, added.slug) == (False, False, "ночь")


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"title": " "}, "title"),
        ({"title": "x" * 201}, "title"),
        ({"artist": "a\nb"}, "artist"),
        ({"genre": "g" * 65}, "genre"),
        ({"year": 999}, "year"),
        ({"description": "\x00"}, "description"),
        ({"tags": ["t" * 1001]}, "tags"),
    ],
)
async def test_a_wrong_form_adds_nothing(system: System, said: dict[str, object], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        await system.add(system.user(), form=form(**said))
    assert [fault.field for fault in refused.value.fields] == [field]
    assert await system.mongo.collection("tracks").count_documents({}) == 0
    assert await system.mongo.collection("outbox").count_documents({}) == 0


async def test_the_same_key_gives_the_same_track(system: System) -> None:
    artist = system.user()
    first = await system.add(artist, idempotency_key="k1", form=form(title="One"))
    again = await system.add(artist, idempotency_key="k1", form=form(title="One"))
    assert again == first
    with pytest.raises(Invalid) as refused:
        await system.add(artist, idempotency_key="k1", form=form(title="One"), sha256="cd" * 32)
    assert refused.value.reason == "IDEMPOTENCY_KEY_REUSED"
    other = await system.add(system.user(), idempotency_key="k1", form=form(title="One"))
    assert other.id != first.id


async def test_the_first_answer_is_kept_when_the_track_has_moved_on(system: System) -> None:
    artist = system.user()
    first = await system.add(artist, idempotency_key="k1")
    await system.ready(first)
    again = await system.add(artist, idempotency_key="k1")
    assert (again.id, again.status, again.duration_ms) == (first.id, tracks_pb2.TRACK_STATUS_PROCESSING, 0)


async def test_two_at_once_under_one_key_add_one_track(system: System) -> None:
    artist = system.user()
    added = await asyncio.gather(*(system.add(artist, idempotency_key="same") for _ in range(6)))
    assert len({track.id for track in added}) == 1
    assert await system.mongo.collection("tracks").count_documents({}) == 1
    assert await system.mongo.collection("outbox").count_documents({}) == 1


async def test_a_recording_makes_one_track(system: System) -> None:
    artist, recording = system.user(), str(new_id())
    first = await system.add(artist, recording_id=recording)
    assert (await system.add(artist, recording_id=recording)).id == first.id
    with pytest.raises(Conflict):
        await system.add(system.user(), recording_id=recording)


async def test_numbers_are_never_given_twice(system: System) -> None:
    artist = system.user()
    added = await asyncio.gather(*(system.add(artist) for _ in range(20)))
    assert len({track.number for track in added}) == 20


async def test_who_may_add(system: System) -> None:
    with pytest.raises(Unauthenticated):
        await system.add(ANONYMOUS)
    with pytest.raises(Forbidden):
        await system.add(Principal(Kind.DELEGATION, account_id=new_id(), tenant="label"))
    with pytest.raises(NotFound):
        await system.add(Principal(Kind.USER, account_id=new_id(), number=1))
    removed = system.user()
    system.auth.states[str(removed.account_id)].is_removed = True
    with pytest.raises(Forbidden):
        await system.add(removed)


async def test_auth_away_adds_nothing_and_says_so(system: System) -> None:
    artist, known = system.user(), system.user()
    await system.add(known)
    system.auth.is_away = True
    with pytest.raises(Unavailable):
        await system.add(artist)
    assert (await system.add(known)).owner.number == known.number


async def test_a_malformed_recording_is_refused(system: System) -> None:
    with pytest.raises(Invalid):
        await system.add(system.user(), recording_id="../etc/passwd")
