"""MongoDB through the asyncio client of its own driver. No other module of a service imports the driver.

A write is one transaction, retried on transient errors, which holds document, idempotency key and outbox document.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, timedelta
from typing import Any, TypeVar

from bson.binary import UuidRepresentation
from bson.codec_options import CodecOptions
from pymongo import AsyncMongoClient
from pymongo.errors import ConnectionFailure, ExecutionTimeout, PyMongoError, WTimeoutError
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern

from chassis import clock, errors
from chassis.events import Event

HELD = timedelta(days=7)
SERVER_SECONDS = 3.0
# The driver alone would retry for two minutes.
TRANSACTION_SECONDS = 10.0
DOWN = (ConnectionFailure, ExecutionTimeout, WTimeoutError)
_Result = TypeVar("_Result")
# It logs with a traceback what callers get as Unavailable.
logging.getLogger("pymongo.client").setLevel(logging.CRITICAL)
Session = Any


class Mongo:
    """One database of a MongoDB replica set. Connects when first used."""

    def __init__(self, url: str, database: str) -> None:
        self._client: AsyncMongoClient[Any] = AsyncMongoClient(
            url,
            tz_aware=True,
            tzinfo=UTC,
            uuidRepresentation="standard",
            serverSelectionTimeoutMS=int(SERVER_SECONDS * 1000),
            socketTimeoutMS=10_000,
            connectTimeoutMS=2_000,
            w="majority",
            journal=True,
        )
        options: CodecOptions[Any] = CodecOptions(
            tz_aware=True, tzinfo=UTC, uuid_representation=UuidRepresentation.STANDARD
        )
        self._database = self._client.get_database(database, codec_options=options)

    def collection(self, name: str) -> Any:
        return self._database[name]

    async def close(self) -> None:
        await self._client.close()

    async def check(self) -> None:
        """Raises an Error if the server does not support transactions."""
        hello = await self._client.admin.command("hello")
        if "setName" not in hello and hello.get("msg") != "isdbgrid":
            raise errors.Error("MongoDB must be a replica set (transactions need one): start it with --replSet")

    async def run(self, work: Callable[[Session], Awaitable[_Result]]) -> _Result:
        """Runs `work` in a transaction, with retries on TransientTransactionError. Raises Unavailable."""
        with reachable():
            async with asyncio.timeout(clock.remaining(TRANSACTION_SECONDS)), self._client.start_session() as s:
                result: _Result = await s.with_transaction(
                    work, read_concern=ReadConcern("snapshot"), write_concern=WriteConcern("majority", j=True)
                )
                return result

    async def add_event(self, session: Session, event: Event) -> None:
        """Adds an event to the caller's transaction; the relay publishes it after the commit."""
        await self.collection("outbox").insert_one(
            {
                "_id": event.id,
                "topic": event.topic,
                "key": event.key,
                "type": event.type,
                "payload": event.payload,
                "occurred_at": event.occurred_at,
                "traceparent": event.traceparent,
                "created_at": clock.utc_now(),
                "published_at": None,
            },
            session=session,
        )

    async def make_outbox(self) -> None:
        """Creates the outbox's collections and indexes; part of a service's `migrate`."""
        await self.collection("outbox").create_index([("published_at", 1), ("_id", 1)])

    @asynccontextmanager
    async def pending(self, limit: int) -> AsyncIterator["Pending"]:
        """The oldest unpublished events. No claim: a single replica relays, and consumers ignore duplicates."""
        with reachable():
            cursor = self.collection("outbox").find({"published_at": None}).sort("_id", 1).limit(limit)
            documents = await cursor.to_list(limit)
            yield Pending(self, [_event(document) for document in documents])

    async def renew(self, cluster_id: str) -> bool:
        with reachable():
            broker = self.collection("outbox_broker")
            known = await broker.find_one_and_update(
                {"_id": "broker"}, {"$set": {"cluster_id": cluster_id}}, upsert=True
            )
            if known is None or known["cluster_id"] == cluster_id:
                return False
            await self.collection("outbox").update_many({}, {"$set": {"published_at": None}})
            return True

    async def prune(self) -> float:
        with reachable():
            outbox = self.collection("outbox")
            await outbox.delete_many({"published_at": {"$lt": clock.utc_now() - HELD}})
            oldest = await outbox.find_one({"published_at": None}, sort=[("_id", 1)])
            return (clock.utc_now() - oldest["created_at"]).total_seconds() if oldest else 0.0

    @asynccontextmanager
    async def woken(self) -> AsyncIterator[asyncio.Event]:
        """Never set: a change stream is not worth a connection, so the relay only polls."""
        yield asyncio.Event()


class Pending:
    def __init__(self, mongo: Mongo, events: list[Event]) -> None:
        self._mongo, self.events = mongo, events

    async def mark(self) -> None:
        ids = [event.id for event in self.events]
        published = {"$set": {"published_at": clock.utc_now()}}
        await self._mongo.collection("outbox").update_many({"_id": {"$in": ids}}, published)


@contextmanager
def reachable() -> Iterator[None]:
    """Turns the driver's errors while the server is down or electing a primary into Unavailable."""
    try:
        yield
    except PyMongoError as fault:
        if isinstance(fault, DOWN) or fault.has_error_label("TransientTransactionError"):
            raise errors.Unavailable(retry_after_seconds=1) from fault
        raise
    except TimeoutError as fault:
        raise errors.Unavailable(retry_after_seconds=1) from fault


def _event(document: dict[str, Any]) -> Event:
    return Event(
        id=document["_id"],
        topic=document["topic"],
        key=document["key"],
        type=document["type"],
        payload=bytes(document["payload"]),
        occurred_at=document["occurred_at"],
        traceparent=document["traceparent"],
    )
