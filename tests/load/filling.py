"""Fills a running system: the owners' truth is written in bulk, and the system's own commands derive all the rest."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from itertools import accumulate
from time import perf_counter
from typing import Any
from uuid import UUID

import asyncpg
from pymongo.errors import AutoReconnect, BulkWriteError
from rich.console import Console

from chassis import clock
from chassis.ids import new_id
from chassis.mongo import Mongo
from services.catalog import numbers
from services.catalog.tracks import store
from services.catalog.tracks.track import Status, Track
from tests.load import operating
from tests.load.audience_rows import STATES
from tests.load.operating import Ran
from tests.load.stage import System
from tests.load.titles import Vocabulary

OWNERS = 4_000
# The first tracks are shared evenly by so few, who get no others: their lists are as long at every size.
FIRST_TRACKS, FIRST_OWNERS = 1_000, 10
LISTENERS = 2_000
MAX_BUSY = 10_000
GENRES = 40
MINUTES = 2_000_000
TOUCHED = 2_000
BATCH = 1_000
TOLD_EVERY = 100_000
DUPLICATE = 11000
PATIENCE_SECONDS = 900.0
COMMANDS = (("catalog", "rebuild-search"), ("insights", "rebuild"))

ADD_OWNERS = """
INSERT INTO accounts (id, tenant, username, email, first_name)
SELECT id, 'public', 'owner_' || n, 'owner_' || n || '@example.com', name
FROM unnest($1::uuid[], $2::text[]) WITH ORDINALITY AS new (id, name, n) RETURNING id, number, first_name
"""
TOUCH = "INSERT INTO score_queue (track_id) SELECT track_id FROM track_scores WHERE all_time > 0 LIMIT $1"
WAITING = "SELECT EXISTS (SELECT FROM score_queue)"
RANKED_SINCE = "SELECT EXISTS (SELECT FROM rankings WHERE ranked_at > $1)"
# Totals that insights has not told yet, all that it has, and those that catalog has met.
UNTOLD = """
SELECT (SELECT count(*) FROM track_totals WHERE is_dirty) + (SELECT count(*) FROM account_totals WHERE is_dirty)
"""
TOLD = "SELECT (SELECT count(*) FROM track_totals) + (SELECT count(*) FROM account_totals)"
MET = "SELECT count(*) FROM totals"


@dataclass(frozen=True)
class Owner:
    id: UUID
    number: int
    name: str


class Crowd:
    """Whoever makes tracks and hears them; `titles` are those of the first tracks."""

    def __init__(self, system: System, console: Console) -> None:
        self._system, self._console = system, console
        self._words, self._now = Vocabulary(), clock.utc_now()
        self._weights = list(accumulate(1 / (rank + 50) for rank in range(OWNERS - FIRST_OWNERS)))
        self._tracks: list[tuple[UUID, UUID]] = []
        self.owners: list[Owner] = []
        self.titles: list[str] = []

    @property
    def size(self) -> int:
        return len(self._tracks)

    async def grow(self, tracks: int) -> dict[str, Ran]:
        """Until there are so many, found by search and ranked; what the commands took, by name."""
        if not self.owners:
            await self._add_owners()
        started = perf_counter()
        await self._add_tracks(tracks - self.size)
        self._tell(f"{tracks:,} documents", started)
        started = perf_counter()
        await self._add_states(min(MAX_BUSY, tracks // 2))
        self._tell("plays, likes, reposts and follows", started)
        ran = {" ".join(words): await self._operate(*words) for words in COMMANDS}
        await self._settle()
        return ran

    async def rank_again(self) -> float:
        """Seconds until busy tracks that somebody touched are ranked, the pause between two turns included."""
        async with _connected(self._system, "insights") as insights:

            async def is_ranked() -> bool:
                return not await insights.fetchval(WAITING)

            started = perf_counter()
            await insights.execute(TOUCH, TOUCHED)
            await _until(is_ranked)
            return perf_counter() - started

    async def _add_owners(self) -> None:
        names = [self._words.name() for _ in range(OWNERS)]
        async with _connected(self._system, "auth") as conn:
            rows = await conn.fetch(ADD_OWNERS, [new_id() for _ in names], names)
        self.owners = [Owner(*row) for row in rows]
        await self._operate("catalog", "rebuild-people")

    async def _add_tracks(self, count: int) -> None:
        """The next batch is made while the server takes the last."""
        mongo = Mongo(self._system.backing("MONGODB_URL"), "catalog")
        first = await numbers.take(mongo, store.TRACKS, count) - count + 1
        sent, started = asyncio.create_task(_insert(mongo, [])), perf_counter()
        for start in range(0, count, BATCH):
            batch = range(first + start, first + min(start + BATCH, count))
            tracks = [self._track(number) for number in batch]
            await sent
            sent = asyncio.create_task(_insert(mongo, [store.as_document(track) for track in tracks]))
            self._tracks += [(track.id, track.owner_id) for track in tracks]
            if self.size % TOLD_EVERY == 0:
                self._tell(f"{self.size:,} documents", started)
        await sent
        await mongo.close()

    def _track(self, number: int) -> Track:
        words, rng, title = self._words, self._words.rng, self._words.title()
        if len(self.titles) < FIRST_TRACKS:
            self.titles.append(title)
            owner = self.owners[len(self.titles) % FIRST_OWNERS]
        else:
            [owner] = rng.choices(self.owners[FIRST_OWNERS:], cum_weights=self._weights)
        made_at = self._now - timedelta(minutes=MINUTES - number)
        return Track(
            id=new_id(),
            number=number,
            owner_id=owner.id,
            owner_number=owner.number,
            recording_id=new_id(),
            title=title,
            artist=owner.name,
            album=words.title() if rng.random() < 0.5 else None,
            genre=f"Genre {number % GENRES}",
            year=made_at.year,
            mood=None,
            tags=tuple(words.draw(rng.randrange(3))),
            description=None,
            is_public=True,
            format="mp3",
            file_bytes=4_000_000,
            created_at=made_at,
            updated_at=made_at,
            status=Status.COMPLETED,
            duration_ms=rng.randint(60_000, 400_000),
            published_at=made_at,
        )

    async def _add_states(self, busy: int) -> None:
        """The first of the busy tracks gets most of everything, the others ever less."""
        ids, owners = map(list, zip(*self._words.rng.sample(self._tracks, busy), strict=True))
        async with _connected(self._system, "audience") as conn:
            for statement in STATES:
                await conn.execute(statement, ids, owners, LISTENERS)

    async def _operate(self, service: str, command: str) -> Ran:
        """As an operator beside the running system."""
        started = perf_counter()
        ran = await asyncio.to_thread(operating.run, self._system, service, command)
        self._tell(f"{service} {command}: {ran.said}", started)
        return ran

    async def _settle(self) -> None:
        """Until everything is ranked, catalog knows all totals, and no table waits for its vacuum."""
        started, since = perf_counter(), clock.utc_now()
        async with _connected(self._system, "insights") as insights, _connected(self._system, "catalog") as catalog:

            async def is_ranked() -> bool:
                return bool(await insights.fetchval(RANKED_SINCE, since))

            async def is_told() -> bool:
                return not await insights.fetchval(UNTOLD) and bool(
                    await catalog.fetchval(MET) >= await insights.fetchval(TOLD)
                )

            await _until(is_ranked)
            self._tell("ranked", started)
            await _until(is_told)
            self._tell("totals told", started)
            for conn in (insights, catalog):
                await conn.execute("VACUUM ANALYZE")
            await catalog.execute("CHECKPOINT")
        self._tell("settled", started)

    def _tell(self, what: str, started: float) -> None:
        self._console.print(f"  {what}: {perf_counter() - started:.1f} s", highlight=False, markup=False)


async def _insert(mongo: Mongo, documents: list[dict[str, Any]]) -> None:
    """Again when the server pauses for longer than the driver waits; what it has by then it refuses, and keeps."""
    left = documents
    while left:
        try:
            await mongo.collection(store.TRACKS).insert_many(left, ordered=False)
        except AutoReconnect:
            continue
        except BulkWriteError as fault:
            if any(error["code"] != DUPLICATE for error in fault.details["writeErrors"]):
                raise RuntimeError(str(fault.details["writeErrors"])[:1000]) from None
        left = []


async def _until(claim: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not await claim():  # noqa: ASYNC110 - another process does it
            await asyncio.sleep(0.5)


@asynccontextmanager
async def _connected(system: System, database: str) -> "AsyncIterator[asyncpg.Connection[asyncpg.Record]]":
    conn = await asyncpg.connect(system.database_url(database))
    try:
        yield conn
    finally:
        await conn.close()
