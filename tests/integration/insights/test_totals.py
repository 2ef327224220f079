"""Others learn the absolute totals of what changed, each change under a higher version."""

import asyncio

from soundstage.insights.v1.events_pb2 import SubjectKind, TotalsChanged

from chassis.ids import new_id
from services.insights import peers
from services.insights.plays import domain as plays
from services.insights.totals.domain import Totals
from tests.integration.insights.history import a_follow, a_like, a_play, a_playlist_like, a_repost
from tests.integration.insights.system import System
from tests.support.outbox import EVENTS
from tests.support.waiting import until

TOLD = f"SELECT key, payload FROM {EVENTS} WHERE topic = 'soundstage.totals.v1' AND type = 'TotalsChanged' ORDER BY id"


async def told(system: System) -> list[TotalsChanged]:
    """What the outbox got since the last look."""
    await Totals(system.database).publish_all()
    async with system.database.connection() as conn:
        rows = await conn.fetch(TOLD)
        await conn.execute("DELETE FROM outbox")
    messages = [TotalsChanged.FromString(row["payload"]) for row in rows]
    assert [row["key"] for row in rows] == [message.subject_id for message in messages]
    return messages


async def test_a_change_is_told_once_with_absolute_totals(system: System) -> None:
    track, fan = str(new_id()), str(new_id())
    await system.count(a_play(track, fan), a_play(track), a_like(track, fan))
    (first,) = await told(system)
    assert (first.kind, first.subject_id) == (SubjectKind.SUBJECT_KIND_TRACK, track)
    assert (first.plays, first.likes, first.reposts) == (2, 1, 0)
    assert await told(system) == []
    await system.count(a_like(track, fan, version=2, is_liked=False))
    (second,) = await told(system)
    assert (second.plays, second.likes) == (2, 0)
    assert second.version > first.version


async def test_what_changes_nothing_is_not_told(system: System) -> None:
    play, like = a_play(str(new_id())), a_like(str(new_id()), str(new_id()))
    await system.count(play, like)
    await told(system)
    await system.count(play, like, like)
    assert await told(system) == []


async def test_a_follow_changes_both_accounts(system: System) -> None:
    fan, star = str(new_id()), str(new_id())
    await system.count(a_follow(fan, star))
    totals = {message.subject_id: message for message in await told(system)}
    assert (totals[star].followers, totals[star].followees) == (1, 0)
    assert (totals[fan].followers, totals[fan].followees) == (0, 1)
    assert {message.kind for message in totals.values()} == {SubjectKind.SUBJECT_KIND_ACCOUNT}
    await system.count(a_follow(fan, star, version=2, is_following=False))
    later = {message.subject_id: message for message in await told(system)}
    assert (later[star].followers, later[fan].followees) == (0, 0)
    assert later[star].version > totals[star].version


async def test_reposts_and_likes_of_playlists_are_told_of_subject_and_account(system: System) -> None:
    track, playlist, fan = (str(new_id()) for _ in range(3))
    await system.count(a_repost(track, fan), a_repost(playlist, fan, of_playlist=True), a_playlist_like(playlist, fan))
    totals = {message.subject_id: message for message in await told(system)}
    kinds = SubjectKind.SUBJECT_KIND_TRACK, SubjectKind.SUBJECT_KIND_PLAYLIST, SubjectKind.SUBJECT_KIND_ACCOUNT
    assert tuple(totals[id].kind for id in (track, playlist, fan)) == kinds
    assert (totals[track].reposts, totals[track].likes) == (1, 0)
    assert (totals[playlist].reposts, totals[playlist].likes) == (1, 1)
    assert totals[fan].reposts_made == 2
    await system.count(a_repost(track, fan, version=2, is_reposted=False))
    later = {message.subject_id: message for message in await told(system)}
    assert later.keys() == {track, fan}
    assert (later[track].reposts, later[fan].reposts_made) == (0, 1)
    await system.count(a_playlist_like(playlist, fan, version=2, is_liked=False), a_repost(track, fan))
    (last,) = await told(system)
    assert (last.likes, last.reposts) == (0, 1)


async def test_versions_go_on_upwards_after_our_rows_were_lost(system: System) -> None:
    play = a_play(str(new_id()))
    await system.count(play)
    (before,) = await told(system)
    await system.value("TRUNCATE plays, track_totals")
    await system.count(play)
    (after,) = await told(system)
    assert after.version > before.version


async def test_two_workers_at_once_tell_each_change_once(system: System) -> None:
    tracks = [str(new_id()) for _ in range(300)]
    await system.count(*(a_play(track) for track in tracks))
    await asyncio.gather(*(Totals(system.database).publish_all() for _ in range(4)))
    messages = await told(system)
    assert sorted(message.subject_id for message in messages) == sorted(tracks)


async def test_a_track_that_is_being_counted_is_waited_for(system: System) -> None:
    track = str(new_id())
    await system.count(a_play(track))
    async with system.database.transaction() as conn:
        await plays.count(conn, [peers.play_of(a_play(track), counts_unauthenticated=True)])
        telling = asyncio.create_task(told(system))
        await until(lambda: system.value("SELECT count(*) > 0 FROM pg_locks WHERE NOT granted"))
    (message,) = await telling
    assert message.plays == 2
