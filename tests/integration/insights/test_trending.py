"""The ranking follows events and the clock, and costs what they touched."""

import asyncio
import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from soundstage.catalog.v1 import tracks_pb2
from soundstage.insights.v1 import trending_pb2 as pb
from soundstage.insights.v1 import trending_pb2_grpc

from chassis import clock
from chassis.client import call
from chassis.clock import timestamp
from chassis.ids import new_id
from chassis.principal import ANONYMOUS
from services.insights import peers, wire
from services.insights.tracks.domain import Tracks
from services.insights.trending import ranking, ranking_store
from services.insights.trending.ranking import Ranking
from tests.integration.insights.history import History, a_follow, a_like, a_play, a_repost
from tests.integration.insights.live import Live
from tests.integration.insights.naive import scores_of
from tests.integration.insights.system import System
from tests.support.owners import track_state
from tests.support.waiting import until

WEEK, MONTH, YEAR, ALL_TIME = (
    pb.TRENDING_WINDOW_WEEK,
    pb.TRENDING_WINDOW_MONTH,
    pb.TRENDING_WINDOW_YEAR,
    pb.TRENDING_WINDOW_ALL_TIME,
)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SCORES = "SELECT track_id::text, week, month, year, all_time FROM track_scores"


@pytest.fixture(autouse=True)
def right_clock() -> Iterator[None]:
    yield
    clock.shift(0)


def someone() -> str:
    return str(new_id())


async def keep(system: System, **changes: Any) -> tracks_pb2.TrackState:
    """A track that the consumer of copies has met, published now unless said otherwise."""
    published_at = changes.pop("published_at", clock.utc_now())
    state = track_state(**changes)
    state.published_at.CopyFrom(timestamp(published_at))
    await keep_state(system, state)
    return state


async def keep_state(system: System, state: tracks_pb2.TrackState) -> None:
    await Tracks(system.database, system.catalog).apply([peers.track_of(state)])  # type: ignore[arg-type]


def follows(account: str, count: int) -> list[Any]:
    return [a_follow(someone(), account) for _ in range(count)]


async def rank(system: System) -> None:
    await Ranking(system.database).rank()


async def listed(system: System, window: int = WEEK, genre: str | None = None, **page: int) -> Any:
    request = pb.ListTrendingTracksRequest(window=window, genre=genre, page={"limit": 100} | page)  # type: ignore[arg-type]
    stub = trending_pb2_grpc.TrendingServiceStub(system.channel.grpc)
    return list((await call(stub.ListTracks, request, caller=ANONYMOUS)).track_ids)


async def scores(system: System) -> dict[str, tuple[float, ...]]:
    async with system.database.connection() as conn:
        return {row[0]: tuple(row)[1:] for row in await conn.fetch(SCORES)}


async def test_a_worked_example_from_events(system: System) -> None:
    """The owner has 3 followers. Fan A (4 followers) likes and reposts, fan B (6) likes: karma is 4 + 6 = 10, A once.

    Today 2 plays; 10 days ago 1 play and B's like; 40 days ago A's repost; 400 days ago 1 play. Published today, Q = 1.
    week:    L 2, Rw 0, Sw 1 (A's like is of today), R 1, S 2: (2 + 0  + 1 + 0.25 + 0.02) · 10 = 32.7
    month:   L 3, Rw 0, Sw 2:                                  (3 + 0  + 2 + 0.27)        · 10 = 52.7
    year:    L 3, Rw 1, Sw 2:                                  (3 + 50 + 2 + 0.27)        · 10 = 552.7
    allTime: L 4, Rw 1, Sw 2:                                  (4 + 50 + 2 + 0.27)        · 10 = 562.7
    """
    track, now = await keep(system), clock.utc_now()
    ann, bob = someone(), someone()
    await system.count(
        *follows(track.owner_id, 3),
        *follows(ann, 4),
        *follows(bob, 6),
        *(a_play(track.id, at=now - age) for age in (timedelta(0), timedelta(0), 10 * DAY, 400 * DAY)),
        a_like(track.id, ann, at=now),
        a_like(track.id, bob, at=now - 10 * DAY),
        a_repost(track.id, ann, at=now - 40 * DAY),
    )
    await rank(system)
    assert (await scores(system))[track.id] == (32.7, 52.7, 552.7, 562.7)


async def test_below_three_followers_the_score_is_0_and_the_track_stands_at_the_end(system: System) -> None:
    """Scores of 0 follow the others, by number descending; the third follower lifts all tracks of the owner."""
    low, high = await keep(system, number=5), await keep(system, number=9)
    best = await keep(system, number=1)
    fan = someone()
    await system.count(
        *follows(fan, 2),
        *follows(best.owner_id, 3),
        *follows(low.owner_id, 2),
        a_like(best.id, fan),
        a_like(low.id, fan),
    )
    await rank(system)
    assert await listed(system) == [best.id, high.id, low.id]
    await system.count(*follows(low.owner_id, 1), a_play(low.id))
    await rank(system)
    assert await listed(system) == [low.id, best.id, high.id]
    ended = a_follow(someone(), low.owner_id)
    await system.count(ended)
    await system.count(*(a_follow(s.follower_id, s.followee_id, version=2, is_following=False) for s in [ended]))
    await rank(system)
    assert await listed(system) == [low.id, best.id, high.id]


async def test_equal_scores_stand_by_number_descending(system: System) -> None:
    owner, fan = someone(), someone()
    tracks = [await keep(system, number=number, owner_id=owner) for number in (3, 11, 7)]
    await system.count(*follows(owner, 3), *follows(fan, 2), *(a_like(track.id, fan) for track in tracks))
    await rank(system)
    assert await listed(system) == [tracks[1].id, tracks[2].id, tracks[0].id]
    assert await listed(system, offset=1, limit=1) == [tracks[2].id]


async def test_a_genre_is_ranked_by_itself_and_exactly(system: System) -> None:
    jazz, rock, none = await keep(system, genre="Jazz"), await keep(system, genre="rock"), await keep(system)
    await rank(system)
    for window in (WEEK, MONTH, YEAR, ALL_TIME):
        assert await listed(system, window, "Jazz") == [jazz.id]
        assert await listed(system, window, "jazz") == []
        assert set(await listed(system, window)) == {jazz.id, rock.id, none.id}


async def test_only_what_everybody_may_hear_is_listed(system: System) -> None:
    hidden = await keep(system, is_public=False)
    await keep(system, status=tracks_pb2.TRACK_STATUS_PROCESSING)
    gone = await keep(system)
    await rank(system)
    assert await listed(system) == [gone.id]
    hidden.is_public, hidden.version = True, 2
    gone.is_removed, gone.version = True, 2
    await keep_state(system, hidden)
    await keep_state(system, gone)
    await rank(system)
    assert await listed(system) == [hidden.id]


async def test_a_follow_moves_all_that_the_followed_person_likes_or_reposts(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fan F likes 5 tracks and reposts 5 others: with 1 follower (0.01 + 1) · 1 and (50 + 0.25) · 1, with 3 thrice."""
    monkeypatch.setattr(ranking, "PAIRS_AT_ONCE", 2)
    owner, fan = someone(), someone()
    liked, reposted = [[await keep(system, owner_id=owner) for _ in range(5)] for _ in range(2)]
    await system.count(
        *follows(owner, 3),
        *(a_like(t.id, fan) for t in liked),
        *(a_repost(t.id, fan) for t in reposted),
        *follows(fan, 1),
    )
    await rank(system)
    found = await scores(system)
    assert [found[t.id][0] for t in (*liked, *reposted)] == [1.01] * 5 + [50.25] * 5
    await system.count(*follows(fan, 2))
    await rank(system)
    found = await scores(system)
    assert [found[t.id][0] for t in (*liked, *reposted)] == [3.03] * 5 + [150.75] * 5
    await system.count(a_like(liked[0].id, fan, version=2, is_liked=False))
    await rank(system)
    assert (await scores(system))[liked[0].id] == (0.0,) * 4
    waiting = "SELECT (SELECT count(*) FROM karma_queue) + (SELECT count(*) FROM score_queue)"
    assert await system.value(waiting) == 0


async def test_time_alone_moves_scores(system: System) -> None:
    """A play of now leaves the week once its hour is 7 days old; the like stays in karma, S and the longer windows.

    (1 + 1 + 0.01) · 2 = 4.02 now; at 7 days and 1 hour only 0.01 · 2 · Q(7 days) = 0.02; at 8 days 0.02 · 20^(-1/7).
    """
    track, fan = await keep(system), someone()
    await system.count(*follows(track.owner_id, 3), *follows(fan, 2), a_play(track.id), a_like(track.id, fan))
    await rank(system)
    assert (await scores(system))[track.id][0] == 4.02
    clock.shift((7 * DAY - 2 * HOUR).total_seconds())
    await rank(system)
    assert (await scores(system))[track.id][0] == 4.02
    clock.shift((7 * DAY + HOUR).total_seconds())
    await rank(system)
    assert (await scores(system))[track.id] == (0.02, 4.02, 4.02, 4.02)
    clock.shift((8 * DAY).total_seconds())
    await rank(system)
    assert (await scores(system))[track.id][0] == pytest.approx(0.02 * 20 ** (-1 / 7))


async def test_only_what_was_touched_is_scored_again(system: System) -> None:
    owner, fan = someone(), someone()
    tracks = [await keep(system, owner_id=owner) for _ in range(20)]
    await system.count(*follows(owner, 3), *follows(fan, 1), *(a_like(track.id, fan) for track in tracks))
    await rank(system)
    written = "SELECT count(*) FROM track_scores WHERE xmin::text::bigint >= $1"
    mark = int(await system.value("SELECT pg_current_xact_id()::text::bigint"))
    await rank(system)
    assert await system.value(written, mark) == 0
    await system.count(a_play(tracks[3].id))
    await rank(system)
    assert await system.value(written, mark) == 1


async def test_scores_equal_a_recount_in_any_order_and_by_several_workers(system: System) -> None:
    history = History.random(8, plays=300, within=timedelta(days=40))
    chance, now = random.Random(8), clock.utc_now()
    users = sorted({follow.followee_id for follow in history.follows})
    names = sorted({play.track_id for play in history.plays})
    states = {
        id: await keep(system, id=id, number=n, owner_id=chance.choice(users), published_at=now - n * 5 * DAY)
        for n, id in enumerate(names)
    }
    told = history.messages
    chance.shuffle(told)
    for first in range(0, len(told), 60):
        await system.count(*told[first : first + 60])
        await asyncio.gather(rank(system), rank(system), rank(system))
    await rank(system)
    found = await scores(system)
    expected = {id: scores_of(history, state, now) for id, state in states.items()}
    assert {id: pytest.approx(found[id][0]) for id in names} == {id: week for id, (week, _) in expected.items()}
    assert {id: pytest.approx(found[id][3]) for id in names} == {id: ever for id, (_, ever) in expected.items()}
    assert any(week for week, _ in expected.values())
    async with system.database.connection() as conn:
        await conn.execute("TRUNCATE track_scores, track_karma, karma_parts")
        for statement in ranking_store.RANK_ALL:
            await conn.execute(statement)
    await rank(system)
    assert await scores(system) == found


async def test_a_rebuild_scores_everything_again(system: System, live: Live) -> None:
    """What was lost here is counted again from the owners, and so is its karma, while the worker goes on."""
    track = system.catalog.has(number=4)
    track.published_at.CopyFrom(timestamp(clock.utc_now()))
    await keep_state(system, track)
    fan, stop = someone(), asyncio.Event()
    history = History(follows=[*follows(track.owner_id, 3), *follows(fan, 2)], likes=[a_like(track.id, fan)])
    system.audience_service.history = history
    (worker,) = [role for role in system.roles.work if getattr(role, "name", "") == "rank tracks"]
    ranking_tracks = asyncio.create_task(replace(worker, seconds=0.01).run(stop))  # type: ignore[type-var]
    report = await live.run(swaps=True)
    assert {"likes", "follows", "track_totals"} <= report.differing.keys()

    async def is_scored() -> bool:
        return (await scores(system)).get(track.id, (0.0,))[0] == 2.02

    await until(is_scored)
    stop.set()
    await ranking_tracks
    assert await listed(system) == [track.id]


async def test_what_was_published_is_ranked_by_the_worker(system: System, live: Live) -> None:
    """The way of a like from Kafka into the ranking, as wired for production."""
    tracks = [await keep(system, number=number) for number in (1, 2)]
    fan, stop = someone(), asyncio.Event()
    (worker,) = [role for role in system.roles.work if getattr(role, "name", "") == "rank tracks"]
    ranking_tracks = asyncio.create_task(worker.run(stop))
    async with live.consuming():
        await live.publish(*follows(tracks[0].owner_id, 3), *follows(fan, 1), a_like(tracks[0].id, fan))

        async def is_first() -> bool:
            return bool(await listed(system) == [tracks[0].id, tracks[1].id])

        await until(is_first)
    stop.set()
    await ranking_tracks


async def test_the_state_says_when_all_was_ranked(system: System) -> None:
    stub = trending_pb2_grpc.TrendingServiceStub(system.channel.grpc)
    assert not (await call(stub.GetState, pb.GetTrendingStateRequest(), caller=ANONYMOUS)).HasField("ranked_at")
    before = clock.utc_now()
    await rank(system)
    state = await call(stub.GetState, pb.GetTrendingStateRequest(), caller=ANONYMOUS)
    assert before <= wire.moment(state.ranked_at) <= clock.utc_now()
