"""Everything that the system says of some tracks: rows, sums, REST, outboxes and dead letters, gathered at once."""

import asyncio
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import pymongo
from aiokafka import AIOKafkaConsumer, TopicPartition

from deploy.local.ports import SERVICES
from tests.chaos.checker import Evidence, Kept, Place, Public
from tests.chaos.ledger import Ledger
from tests.support.outbox import EVENTS

KEPT = """
SELECT id::text, user_id::text, track_id::text, (occurred_at AT TIME ZONE 'UTC')::date, idempotency_key
FROM plays WHERE track_id = ANY($1)
"""
COUNTED = """
SELECT id::text, user_id::text, track_id::text, (occurred_at AT TIME ZONE 'UTC')::date
FROM plays WHERE track_id = ANY($1) AND is_counted
"""
BY_DAY = "SELECT track_id::text, day, plays FROM track_days WHERE track_id = ANY($1)"
BY_LISTENER = "SELECT track_id::text, user_id::text, streams FROM track_listeners WHERE track_id = ANY($1)"
BY_TRACK = "SELECT track_id::text, plays, likes FROM track_totals WHERE track_id = ANY($1)"
LIKES = "SELECT user_id::text, track_id::text FROM likes WHERE track_id = ANY($1) AND is_liked"
WAITING = f"SELECT count(*) FROM {EVENTS} WHERE published_at IS NULL"


class System:
    """Ways into the stores of a running system, as an administrator has them."""

    def __init__(self, url: str, postgres: str, mongodb: str, kafka: str) -> None:
        """`postgres` is the address without its database."""
        self.url, self._postgres, self._mongodb, self.kafka = url, postgres.rpartition("/")[0], mongodb, kafka

    async def rows(self, service: str, sql: str, *arguments: object) -> list[Any]:
        conn = await asyncpg.connect(f"{self._postgres}/{service}", timeout=5)
        try:
            return [tuple(row) for row in await conn.fetch(sql, *arguments)]
        finally:
            await conn.close()

    async def gather(self, ledger: Ledger, track_ids: Sequence[str], poison: set[Place]) -> Evidence:
        """Raises what the clients raise when something is away still."""
        ids = [UUID(id) for id in track_ids]
        async with asyncio.timeout(20):
            totals = await self.rows("insights", BY_TRACK, ids)
            return Evidence(
                ledger,
                kept=[Kept(*row) for row in await self.rows("audience", KEPT, ids)],
                counted=[Kept(*row) for row in await self.rows("insights", COUNTED, ids)],
                by_day={(track, day): plays for track, day, plays in await self.rows("insights", BY_DAY, ids)},
                by_track={track: plays for track, plays, _ in totals},
                by_listener={(t, user): streams for t, user, streams in await self.rows("insights", BY_LISTENER, ids)},
                kept_likes={(user, track) for user, track in await self.rows("audience", LIKES, ids)},
                counted_likes={(user, track) for user, track in await self.rows("insights", LIKES, ids)},
                likes_by_track={track: likes for track, _, likes in totals},
                public=await self._public(track_ids),
                waiting=await self._waiting(),
                poison=poison,
                dead=await self._dead(),
            )

    async def _public(self, track_ids: Sequence[str]) -> dict[str, Public]:
        async with httpx.AsyncClient(base_url=f"{self.url}/api/v1", timeout=5) as http:
            return {id: await _seen(http, id) for id in track_ids}

    async def _waiting(self) -> dict[str, int]:
        waiting = {name: (await self.rows(name, WAITING))[0][0] for name in SERVICES if name != "catalog"}
        client: pymongo.MongoClient[Any] = pymongo.MongoClient(self._mongodb, serverSelectionTimeoutMS=2000)
        with client:
            outbox = client.get_database("catalog").get_collection("outbox")
            return waiting | {"catalog": await asyncio.to_thread(outbox.count_documents, {"published_at": None})}

    async def _dead(self) -> set[Place]:
        """Where each dead letter came from. One may be there twice: a crash comes between it and the offset."""
        consumer = AIOKafkaConsumer(bootstrap_servers=self.kafka, group_id=None, enable_auto_commit=False)
        try:
            await consumer.start()
            topics = [topic for topic in await consumer.topics() if topic.startswith("soundstage.dead.")]
            partitions = [TopicPartition(topic, 0) for topic in topics]  # each is made with one
            consumer.assign(partitions)
            await consumer.seek_to_beginning()
            ends = await consumer.end_offsets(partitions)
            found: set[Place] = set()
            while any([await consumer.position(p) < end for p, end in ends.items()]):
                for messages in (await consumer.getmany(timeout_ms=500)).values():
                    found |= {_origin(dict(message.headers)) for message in messages}
            return found
        finally:
            await consumer.stop()


async def _seen(http: httpx.AsyncClient, id: str) -> Public:
    stats, track = await http.get(f"/tracks/{id}/stats"), await http.get(f"/tracks/{id}")
    for answer in (stats, track):
        answer.raise_for_status()
    counted, shown = stats.json()["data"]["stats"], track.json()["data"]["track"]
    return Public(counted["total_plays"], counted["unique_listeners"], shown["play_count"], shown["like_count"])


def _origin(headers: dict[str, bytes]) -> Place:
    return headers["dead-topic"].decode(), int(headers["dead-partition"]), int(headers["dead-offset"])
