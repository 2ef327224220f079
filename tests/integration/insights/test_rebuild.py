"""A rebuild from the owners' rows equals the live tables, finds what is wrong in them, and mends it."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from chassis import clock
from chassis.errors import Conflict
from chassis.ids import new_id
from services.insights.rebuild import store
from services.insights.rebuild.domain import UNDERWAY
from services.insights.rebuild.store import TRY_LOCK
from tests.integration.insights.history import History, a_like, a_play
from tests.integration.insights.live import Live
from tests.integration.insights.system import System
from tests.integration.test_migrations import shape_of


async def test_rebuilt_equals_live(system: System, live: Live) -> None:
    history = History.random(21, plays=300, within=timedelta(days=3))
    system.audience_service.history = history
    system.audience_service.breaks = 3
    state = system.catalog.has()
    async with live.consuming():
        await live.publish(*history.messages)
        await live.counted(300)
        report = await live.run(swaps=False)
        # The copy of tracks has not met this one yet, and that is nothing counted wrongly.
        assert report.differing == {"tracks": 1}
        assert (report.plays, report.tracks) == (300, 1)
        before, tables = await system.rows(), await shape_of(system.settings.database_url)
        await live.run(swaps=True)
    after = await system.rows()
    assert await shape_of(system.settings.database_url) == tables
    assert {table: rows for table, rows in after.items() if table != "tracks"} == {
        table: rows for table, rows in before.items() if table != "tracks"
    }
    assert [row[0] for row in after["tracks"]] == [state.id]


async def test_what_is_wrong_is_named_and_mended(system: System, live: Live) -> None:
    history = History.random(22, plays=200)
    system.audience_service.history = history
    async with live.consuming():
        await live.publish(*history.messages)
        await live.counted(200)
        # Kafka's client may deliver its first batches twice; once a later play is there, they are through.
        await live.publish(marker := a_play(history.plays[0].track_id))
        history.plays.append(marker)
        await live.counted(201)
        await system.value("DELETE FROM plays WHERE id = $1", history.plays[0].id)
        await system.value("UPDATE track_totals SET plays = plays + 5 WHERE plays > 0")
        await system.value("INSERT INTO track_totals (track_id, plays, version) VALUES ($1, 9, 77)", new_id())
        lost = replace(live.rebuild, patience_seconds=0.5)
        named = (await lost.run(swaps=False)).differing
        assert named.keys() == {"plays", "track_totals"}
        assert named["plays"] == 1
        assert (await lost.run(swaps=True)).differing.keys() == {"plays", "track_totals"}
        assert (await live.run(swaps=False)).differing == {}
        # Whoever was told a wrong total is told the right one, under a higher version; the track nobody played has 0.
        assert await system.value("SELECT is_dirty AND plays = 0 FROM track_totals WHERE version = 77")
        # The consumer goes on where it stood.
        await live.publish(late := a_play(history.plays[0].track_id))
        history.plays.append(late)
        await live.counted(202)
        assert (await live.run(swaps=False)).differing == {}


async def test_plays_that_come_meanwhile_are_in_it(system: System, live: Live) -> None:
    history = History.random(23, plays=100)
    system.audience_service.history = history
    stop = asyncio.Event()

    async def go_on() -> None:
        while not stop.is_set():
            play = a_play(history.plays[0].track_id, history.plays[0].user_id)
            history.plays.append(play)
            await live.publish(play, a_like(play.track_id, str(new_id())))

    async with live.consuming():
        await live.publish(*history.plays)
        listening = asyncio.create_task(go_on())
        report = await live.run(swaps=True)
        stop.set()
        await listening
        await live.counted(len(history.plays))
    assert "plays" not in report.differing
    assert await system.value("SELECT sum(plays) FROM track_totals") == len(history.plays)
    assert await system.value("SELECT sum(streams) FROM track_listeners") == sum(bool(p.user_id) for p in history.plays)


async def test_a_topic_that_tells_everything_again_changes_nothing_after_a_swap(system: System, live: Live) -> None:
    history = History.random(24, plays=100)
    system.audience_service.history = history
    async with live.consuming():
        await live.publish(*history.messages)
        await live.counted(100)
        await live.run(swaps=True)
        await live.publish(*history.messages, last := a_play(str(new_id())))
        history.plays.append(last)
        await live.counted(101)
        assert (await live.run(swaps=False)).differing == {}


async def test_only_what_is_fresh_is_waited_for(system: System, live: Live) -> None:
    """A state that the live tables lack for days is lost there, and no patience brings it."""
    added = """
    INSERT INTO rebuild.likes (track_id, user_id, is_liked, version, liked_at, changed_at)
    SELECT gen_random_uuid(), gen_random_uuid(), true, 1, at, at FROM unnest($1::timestamptz[]) AS moments (at)
    """
    now = clock.utc_now()
    async with system.database.connection() as conn:
        await store.make_shadow(conn)
        await live.rebuild.make_tables()
        await conn.execute(
            added, [now, now - timedelta(minutes=9), now - timedelta(minutes=11), now - timedelta(days=2)]
        )
        assert await store.count_underway(conn, now - UNDERWAY) == 2
        await store.drop_shadow(conn)


async def test_one_rebuild_at_a_time(system: System, live: Live) -> None:
    async with system.database.connection() as conn:
        await conn.fetchval(TRY_LOCK)
        with pytest.raises(Conflict):
            await live.run(swaps=False)
