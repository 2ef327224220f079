"""The ranking at size: 1,000,000 tracks with synthetic scores, what a page of it costs, and a turn of `work`.

    python -m tests.load.trending [--tracks 1000000]

Takes DATABASE_URL as tests do, else embedded servers of its own; the database is dropped at the end.
"""

import argparse
import asyncio
from time import perf_counter

from chassis.pages import Page
from chassis.postgres import Database
from services.insights.trending.domain import Trending
from services.insights.trending.formula import Window
from services.insights.trending.ranking import Ranking
from tests.support import databases
from tests.support.servers import servers

GENRES = 40
PAGES = 200
TOUCHED = 2_000

# Scores as uneven as real ones: most are 0, few are high.
FILL = [
    """
    INSERT INTO tracks (id, number, owner_id, is_public, is_removed, version, is_completed, genre, published_at)
    SELECT gen_random_uuid(), n, gen_random_uuid(), true, false, 1, true, 'Genre ' || n % $2,
        now() - n % 700 * interval '1 day'
    FROM generate_series(1, $1) AS n
    """,
    """
    INSERT INTO track_scores
        (track_id, number, genre, is_listed, has_audience, week, month, year, all_time, due_at)
    SELECT id, number, genre, true, true, x, x * 3, x * 9, x * 20, now() + interval '1 day'
    FROM (SELECT *, CASE WHEN random() < 0.7 THEN 0 ELSE exp(20 * random()) END AS x FROM tracks) AS scored
    """,
    """
    INSERT INTO account_totals (account_id, followers)
    SELECT DISTINCT owner_id, 10 FROM (SELECT owner_id FROM tracks ORDER BY number LIMIT 10000) AS known
    """,
]
TOUCH = """
WITH touched AS (SELECT id FROM tracks ORDER BY number LIMIT $1),
played AS (
    INSERT INTO track_days (track_id, day, plays, timed_plays, heard_ms, completed_plays, skipped_plays, listeners)
    SELECT id, (now() - n * interval '1 day')::date, 5, 0, 0, 0, 0, 0 FROM touched, generate_series(0, 29) AS n
),
karma AS (INSERT INTO track_karma (track_id, karma) SELECT id, 7 FROM touched),
totals AS (INSERT INTO track_totals (track_id, plays, likes) SELECT id, 150, 1 FROM touched)
INSERT INTO score_queue (track_id) SELECT id FROM touched
"""


async def main(tracks: int, admin_url: str) -> None:
    url = await databases.make(admin_url, "insights")
    database = Database(url)
    try:
        await fill(database, tracks)
        trending = Trending(database)
        for window in Window:
            await page(trending, window, None)
            await page(trending, window, "Genre 7")
        await turn(database)
    finally:
        await database.close()
        await databases.drop(admin_url, url)


async def fill(database: Database, tracks: int) -> None:
    started = perf_counter()
    async with database.connection() as conn:
        await conn.execute("SET statement_timeout = 0")
        await conn.execute(FILL[0], tracks, GENRES, timeout=3600)
        for statement in FILL[1:]:
            await conn.execute(statement, timeout=3600)
        await conn.execute("VACUUM ANALYZE tracks", timeout=3600)
        await conn.execute("VACUUM ANALYZE track_scores", timeout=3600)
    print(f"{tracks} tracks filled in {perf_counter() - started:.0f} s")


async def page(trending: Trending, window: Window, genre: str | None) -> None:
    """Entries 0 to 100, and those behind the farthest offset."""
    for offset in (0, 500):
        spent = []
        for _ in range(PAGES):
            started = perf_counter()
            found = await trending.list_tracks(window, genre, Page(offset, 100))
            spent.append((perf_counter() - started) * 1000)
            assert len(found) == 100
        spent.sort()
        print(
            f"{window:9} {genre or 'all':8} offset {offset:3}: median {spent[PAGES // 2]:.2f} ms, "
            f"p99 {spent[PAGES * 99 // 100]:.2f} ms"
        )


async def turn(database: Database) -> None:
    ranking = Ranking(database)
    started = perf_counter()
    await ranking.rank()
    print(f"a turn with nothing to do: {(perf_counter() - started) * 1000:.1f} ms")
    async with database.connection() as conn:
        await conn.execute(TOUCH, TOUCHED)
    started = perf_counter()
    await ranking.rank()
    print(f"a turn with {TOUCHED} tracks touched: {perf_counter() - started:.2f} s")


if __name__ == "__main__":
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--tracks", type=int, default=1_000_000)
    with servers() as backing:
        asyncio.run(main(asked.parse_args().tracks, backing.database_url))
