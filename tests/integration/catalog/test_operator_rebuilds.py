"""What an operator does: migrate, rebuild what is derived while the old serves; and what a wrong MongoDB says."""

import asyncio
import contextlib
import os
import socket
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import asyncpg
import pytest
from soundstage.catalog.v1.tracks_pb2 import TRACK_SORT_TITLE

from chassis.errors import Conflict, Unavailable
from services.catalog.listings import shadow, store
from services.catalog.tracks import store as tracks_store
from tests.integration.catalog.system import System
from tests.support import databases
from tests.support.servers import Servers

SCHEMA = Path(__file__).parents[3] / "services" / "catalog" / "schema.sql"
SHAPE = """
SELECT 'column', table_name || '.' || column_name,
    concat_ws(' ', ordinal_position, data_type, collation_name, is_nullable, column_default)
FROM information_schema.columns WHERE table_schema = 'public' AND table_name <> 'schema_migrations'
UNION ALL SELECT 'index', indexname, indexdef FROM pg_indexes
WHERE schemaname = 'public' AND tablename <> 'schema_migrations'
UNION ALL SELECT 'constraint', conrelid::regclass || '.' || conname, pg_get_constraintdef(oid) FROM pg_constraint
WHERE connamespace = 'public'::regnamespace AND conrelid::regclass::text <> 'schema_migrations'
UNION ALL SELECT 'schema', nspname, '' FROM pg_namespace WHERE nspname !~ '^pg_'
ORDER BY 1, 2
"""


async def command(system: System, *arguments: str, **environ: str) -> tuple[int, str, str]:
    settings = {
        "CATALOG_DATABASE_URL": system.settings.database_url,
        "CATALOG_MONGODB_URL": system.settings.mongodb_url,
        "CATALOG_MONGODB_DATABASE": system.settings.mongodb_database,
        "CATALOG_METRICS_PORT": "0",
        "CATALOG_PORT": "0",
        "AUTH_ADDRESS": system.settings.auth_address,
        "KAFKA_BOOTSTRAP": system.settings.kafka_bootstrap,
    }
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "services.catalog", *arguments),
        env=dict(os.environ) | settings | environ,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await asyncio.wait_for(process.communicate(), 60)
    return process.returncode or 0, out.decode(), err.decode()


async def shape(url: str) -> list[tuple[object, ...]]:
    conn = await asyncpg.connect(url)
    try:
        return [tuple(row) for row in await conn.fetch(SHAPE)]
    finally:
        await conn.close()


async def test_the_migrations_give_the_schema(system: System, backing: Servers) -> None:
    url = await databases.make_empty(backing.database_url, "catalog")
    try:
        conn = await asyncpg.connect(url)
        await conn.execute(SCHEMA.read_text())
        await conn.close()
        expected = await shape(url)
        assert expected
        assert await shape(system.settings.database_url) == expected
        assert await system.parts.listings.rebuild() == 0
        assert await shape(system.settings.database_url) == expected
    finally:
        await databases.drop(backing.database_url, url)


async def test_migrate_twice(system: System) -> None:
    for _ in range(2):
        code, _, err = await command(system, "migrate")
        assert code == 0, err
    counter = await system.mongo.collection("counters").find_one({"_id": "tracks"})
    assert counter["value"] == 0
    indexes = await system.mongo.collection("tracks").index_information()
    assert indexes["recording_id_1"]["unique"]


async def test_rebuilt_rows_equal_those_that_grew(system: System) -> None:
    artist = system.user()
    for title in ("Zweistromland", "Kaleidoscope"):
        await system.release(artist, title=title, genre="House", tags=["night"])
    played = await system.release(artist, title="Played")
    await system.counted(played.id, plays=100)
    await system.release(artist, title="Hidden", is_public=False)
    await system.remove(await system.release(artist, title="Gone"), artist)
    grown = await rows(system)
    assert len(grown) == 5
    async with system.database.connection() as conn:
        await conn.execute("UPDATE search_tracks SET words = '', title_key = 'spoilt'; DELETE FROM known_words")
    assert await system.find("zweistormland") == []
    code, out, err = await command(system, "rebuild-search")
    assert (code, out) == (0, "5 tracks are in the new search rows.\n"), err
    assert await rows(system) == grown
    assert await system.find("zweistormland") == ["Zweistromland"]


async def rows(system: System) -> list[tuple[object, ...]]:
    sql = """
    SELECT track_id, owner_id, owner_number, is_listed, is_removed, title_key, genre_key, format, duration_seconds,
        created_at, words, s.version, tier, number, card
    FROM search_tracks AS s LEFT JOIN track_cards USING (track_id, version) ORDER BY track_id
    """
    async with system.database.connection() as conn:
        return [tuple(row) for row in await conn.fetch(sql)]


async def test_writers_and_readers_go_on_while_rows_are_rebuilt(system: System) -> None:
    artist = system.user()
    tracks = [await system.release(artist, title=f"Before {n}") for n in range(5)]
    is_done = asyncio.Event()

    async def write() -> int:
        count = 0
        while not is_done.is_set():
            count += 1
            await system.change(tracks[count % 5], artist, title=f"Meanwhile {count}")
        return count

    async def read() -> None:
        while not is_done.is_set():
            assert len(await system.list_titles()) == 5

    writers, reader = [asyncio.create_task(write()) for _ in range(2)], asyncio.create_task(read())
    for _ in range(8):
        await system.parts.listings.rebuild()
    is_done.set()
    assert min(await asyncio.gather(*writers)) > 0
    await reader
    titles = [(await system.get(track)).title for track in tracks]
    assert sorted(await system.list_titles()) == sorted(titles)
    assert sorted(await system.find("meanwhile", limit=100)) == sorted(titles)


async def test_a_reader_without_end_is_not_waited_for(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shadow, "MAX_TRIES", 2)
    artist = system.user()
    track = await system.release(artist, title="Before")
    async with system.database.transaction() as reader:
        await reader.execute("SELECT FROM track_cards")
        with pytest.raises(Unavailable):
            await system.parts.listings.rebuild()
        await system.change(track, artist, title="After")
        assert await system.list_titles() == ["After"]
    await system.parts.listings.rebuild()
    assert await system.find("after") == ["After"]


async def test_what_is_written_while_the_shadow_fills_is_in_the_new_rows(system: System) -> None:
    artist = system.user()
    track = await system.release(artist, title="Before")
    async with system.database.connection() as conn:
        started = await shadow.make(conn)
        async for tracks in tracks_store.export(system.mongo, None):
            await store.apply(conn, tracks, schema="shadow")
        await system.change(track, artist, title="Meanwhile")
        await system.release(artist, title="New")
        await system.counted(track.id, plays=5000)
        await shadow.finish(conn)
        async with conn.transaction():
            await shadow.swap(conn, started)
        assert await conn.fetchval("SELECT tier FROM search_tracks WHERE track_id = $1", UUID(track.id)) == 6
    assert await system.list_titles(sort=TRACK_SORT_TITLE, ascending=True) == ["Meanwhile", "New"]
    assert await system.find("meanwhile") == ["Meanwhile"]


async def test_all_are_exported_though_numbers_are_missing(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tracks_store, "BATCH", 3)
    artist = system.user()
    tracks = []
    for size in (2, 7, 1):
        tracks += [await system.release(artist, title=f"Track {n}") for n in range(size)]
        for _ in range(size):
            await tracks_store.take_number(system.mongo)
    ids = [UUID(track.id) for track in tracks]
    for after in (None, *ids):
        exported = [track.id async for batch in tracks_store.export(system.mongo, after) for track in batch]
        assert exported == (ids[ids.index(after) + 1 :] if after else ids)


async def test_one_rebuild_at_a_time(system: System) -> None:
    await system.release(system.user(), title="Only")
    done = await asyncio.gather(*(system.parts.listings.rebuild() for _ in range(3)), return_exceptions=True)
    assert 1 in done
    assert all(isinstance(one, Conflict) for one in done if one != 1)
    assert await system.list_titles() == ["Only"]


async def test_people_come_back_from_auth(system: System) -> None:
    system.user("ann")
    system.user("bob")
    assert await system.find_people("ann") == []
    code, out, err = await command(system, "rebuild-people")
    assert (code, out) == (0, "2 accounts are in the copy.\n"), err
    assert await system.find_people("ann") == ["ann"]


@pytest.mark.parametrize("role", ["migrate", "serve", "relay"])
async def test_a_mongodb_that_is_no_replica_set_is_one_clear_line(system: System, role: str) -> None:
    async with standalone_mongodb() as url:
        code, _, err = await command(system, role, CATALOG_MONGODB_URL=url, LOG_LEVEL="error")
    assert code != 0
    assert err.startswith("catalog: MongoDB must be a replica set (transactions need one): start it with --replSet\n")


@contextlib.asynccontextmanager
async def standalone_mongodb() -> AsyncIterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = Path(sys.executable).parent / "secantusd-py"
    process = await asyncio.create_subprocess_exec(
        *(server, "--standalone", "--port", str(port), "--storage-path", ":memory:"),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        yield f"mongodb://127.0.0.1:{port}/?directConnection=true"
    finally:
        process.terminate()
        await process.wait()
