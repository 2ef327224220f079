"""Who streamed a track, in which order, and where one stands oneself."""

import random
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from soundstage.catalog.v1.tracks_pb2 import TRACK_STATUS_FAILED
from soundstage.common.v1.common_pb2 import Ref
from soundstage.insights.v1 import listeners_pb2 as pb

from chassis import clock
from chassis.client import call
from chassis.errors import Forbidden, Invalid
from chassis.ids import new_id
from chassis.principal import Principal
from services.insights import wire
from tests.integration.insights.history import a_follow, a_play
from tests.integration.insights.system import System, user
from tests.support.owners import track_state


def hour(ago: int, minute: int = 0) -> datetime:
    return clock.utc_now().replace(minute=minute, second=0, microsecond=0) - timedelta(hours=ago)


@pytest.fixture
def track(system: System) -> str:
    return str(system.catalog.has().id)


async def test_listeners_come_heard_last_first_and_in_pages(system: System, track: str) -> None:
    people = sorted(str(new_id()) for _ in range(5))
    same = hour(5)
    await system.count(
        *(a_play(track, person, at=same) for person in people),
        a_play(track, people[3], at=hour(4)),
        a_play(track, people[2], at=hour(9)),
        a_play(track),
    )
    expected = [people[3], people[0], people[1], people[2], people[4]]
    whole = await system.audience(Ref(id=track), user())
    assert (whole.total_streams, whole.unique_listeners) == (8, 5)
    assert [listener.user_id for listener in whole.listeners] == expected
    assert not whole.HasField("main_user")
    second = await system.audience(Ref(id=track), user(), offset=2, limit=2)
    assert [listener.user_id for listener in second.listeners] == expected[2:4]
    assert not (await system.audience(Ref(id=track), user(), offset=10**8)).listeners
    third = whole.listeners[3]
    assert (third.streams, wire.moment(third.first_streamed_at), wire.moment(third.last_streamed_at)) == (
        2,
        hour(9),
        same,
    )


async def test_the_top_is_by_hours_then_streams_then_followers_then_id(system: System, track: str) -> None:
    most_hours, most_streams, followed, low, high = (str(UUID(int=n)) for n in (9, 8, 7, 1, 2))
    await system.count(
        *(a_play(track, most_hours, at=hour(ago)) for ago in (1, 2, 3)),
        *(a_play(track, most_streams, at=hour(1, minute)) for minute in range(5)),
        a_play(track, most_streams, at=hour(30)),
        *(a_play(track, person, at=at) for person in (followed, low, high) for at in (hour(1), hour(2))),
    )
    await system.count(a_follow(str(new_id()), followed), a_follow(str(new_id()), most_streams))
    top = await system.top(Ref(id=track), user())
    assert [listener.user_id for listener in top.listeners] == [most_hours, most_streams, followed, low, high]
    for rank, person in enumerate([most_hours, most_streams, followed, low, high], start=1):
        me = user(id=person)
        assert (await system.top(Ref(id=track), me, person)).main_user.rank == rank
        assert (await system.audience(Ref(id=track), me, person)).main_user.rank == rank


async def test_the_same_hour_of_two_days_is_two_hours(system: System, track: str) -> None:
    steady, eager = str(new_id()), str(new_id())
    await system.count(a_play(track, steady, at=hour(1)), a_play(track, steady, at=hour(25)))
    await system.count(*(a_play(track, eager, at=hour(1, minute)) for minute in range(9)))
    top = await system.top(Ref(id=track), user())
    assert [listener.user_id for listener in top.listeners] == [steady, eager]


async def test_one_s_own_place_is_told_beyond_the_hundredth(system: System, track: str) -> None:
    people = [str(UUID(int=n)) for n in range(1, 131)]
    await system.count(*(a_play(track, person, at=hour(1)) for person in people))
    top = await system.top(Ref(id=track), user(id=people[119]), people[119])
    assert [listener.user_id for listener in top.listeners] == people[:100]
    assert (top.main_user.streams, top.main_user.rank) == (1, 120)


async def test_ranks_agree_with_a_sort_of_everybody(system: System, track: str) -> None:
    chance = random.Random(7)
    people = [str(UUID(int=chance.getrandbits(128))) for _ in range(40)]
    plays = [
        a_play(track, chance.choice(people), at=hour(chance.randint(0, 4), chance.randint(0, 59))) for _ in range(150)
    ]
    follows = [a_follow(str(new_id()), person) for person in people for _ in range(chance.randint(0, 2))]
    await system.count(*plays, *follows)
    streams = {person: [play for play in plays if play.user_id == person] for person in people}

    def place(person: str) -> tuple[int, int, int, str]:
        hours = {play.occurred_at.seconds // 3600 for play in streams[person]}
        followers = sum(follow.followee_id == person for follow in follows)
        return -len(hours), -len(streams[person]), -followers, person

    expected = sorted((person for person in people if streams[person]), key=place)
    top = await system.top(Ref(id=track), user())
    assert [listener.user_id for listener in top.listeners] == expected
    for rank, person in enumerate(expected, start=1):
        assert (await system.top(Ref(id=track), user(id=person), person)).main_user.rank == rank


async def test_without_streams_there_is_no_rank(system: System, track: str) -> None:
    me = user()
    place = (await system.top(Ref(id=track), me, str(me.account_id))).main_user
    assert (place.streams, place.rank) == (0, 0)


async def test_another_s_place_is_nobody_s_business_not_even_an_admin_s(system: System, track: str) -> None:
    for caller in (user(), user(role="admin")):
        with pytest.raises(Forbidden):
            await system.top(Ref(id=track), caller, str(new_id()))
        with pytest.raises(Forbidden):
            await system.audience(Ref(id=track), caller, str(new_id()))
    with pytest.raises(Invalid):
        await system.top(Ref(id=track), user(), "me")


async def test_counting_several_tracks_counts_a_listener_once(system: System) -> None:
    first, second, silent = (str(new_id()) for _ in range(3))
    ann, bob = str(new_id()), str(new_id())
    await system.count(a_play(first, ann), a_play(first, ann), a_play(second, ann), a_play(second, bob), a_play(second))
    request = pb.CountListenersForTracksRequest(track_ids=[first, second, silent])
    answer = await call(system.listeners.CountForTracks, request, caller=user())
    assert {(t.track_id, t.streams) for t in answer.tracks} == {(first, 2), (second, 3), (silent, 0)}
    assert answer.unique_listeners == 2
    nothing = await call(system.listeners.CountForTracks, pb.CountListenersForTracksRequest(), caller=user())
    assert nothing == pb.CountListenersForTracksResponse()
    with pytest.raises(Invalid):
        await call(system.listeners.CountForTracks, pb.CountListenersForTracksRequest(track_ids=["7"]), caller=user())


async def of_artist(system: System, artist_id: str, caller: Principal) -> pb.CountListenersForArtistResponse:
    request = pb.CountListenersForArtistRequest(artist_id=artist_id)
    answer: pb.CountListenersForArtistResponse = await call(system.listeners.CountForArtist, request, caller=caller)
    return answer


async def test_an_artist_is_counted_over_every_track(system: System) -> None:
    artist = str(new_id())
    tracks = [await system.keep(track_state(owner_id=artist, number=n, title=f"No. {n}")) for n in range(1, 603)]
    ann, bob = str(new_id()), str(new_id())
    last, other = tracks[-1], tracks[0]
    await system.count(a_play(last.id, ann), a_play(last.id, bob), a_play(other.id, ann), a_play(other.id))
    answer = await of_artist(system, artist, user())
    assert (answer.total_streams, answer.unique_listeners, len(answer.tracks)) == (4, 2, 602)
    streams = [(track.streams, track.track_id) for track in answer.tracks]
    assert streams == sorted(streams, key=lambda one: (-one[0], one[1]))
    assert {track.title for track in answer.tracks} == {track.title for track in tracks}


async def test_an_artist_is_counted_over_what_the_caller_may_see(system: System) -> None:
    artist = str(new_id())
    common = {"owner_id": artist, "title": "A"}
    shown = await system.keep(track_state(**common, number=1))
    private = await system.keep(track_state(**common, number=2, is_public=False))
    failed = await system.keep(track_state(**common, number=3, status=TRACK_STATUS_FAILED))
    removed = await system.keep(track_state(**common, number=4, is_removed=True))
    for track in (shown, private, failed, removed):
        await system.count(a_play(track.id))

    async def seen(caller: Principal) -> set[str]:
        answer = await of_artist(system, artist, caller)
        assert answer.total_streams == len(answer.tracks)
        return {track.track_id for track in answer.tracks}

    assert await seen(user()) == {shown.id}
    assert await seen(user(id=artist)) == await seen(user(role="admin")) == {shown.id, private.id, failed.id}
    nobody = await of_artist(system, str(new_id()), user())
    assert nobody == pb.CountListenersForArtistResponse()


async def test_titles_that_an_older_copy_lacks_are_asked_of_catalog(system: System) -> None:
    track = system.catalog.has(title="Night drive")
    await system.keep(track_state(id=track.id, owner_id=track.owner_id, title="", version=track.version))
    for _ in range(2):
        [counted] = (await of_artist(system, track.owner_id, user())).tracks
        assert counted.title == "Night drive"
    assert len(system.catalog.asked) == 1
