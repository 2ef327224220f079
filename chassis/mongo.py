"""MongoDB through the asyncio client of its own driver. No other module of a service imports the driver.

A write is one transaction, retried on transient errors, which holds document, idempotency key and outbox document.
"""

import asyncio
import logging
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, TypeVar

from bson.binary import UuidRepresentation
from bson.codec_options import CodecOptions
from pymongo import AsyncMongoClient
from pymongo.errors import ConnectionFailure, DuplicateKeyError, ExecutionTimeout, PyMongoError, WTimeoutError
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern

from chassis import clock, errors
from chassis.events import Event
from chassis.ids import new_id

HELD = timedelta(days=7)
# How long a relay that died keeps others from taking over; longer than one of its turns.
LEASE = timedelta(seconds=20)
SERVER_SECONDS = 3.0
# The driver alone would retry for two minutes.
TRANSACTION_SECONDS = 10.0
FIRST_PAUSE_SECONDS, MAX_PAUSE_SECONDS = 0.005, 0.5
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
        self._id = new_id()
        self._leads_until = datetime.fromtimestamp(0, UTC)

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
        tries = 0

        async def tried(session: Session) -> _Result:
            nonlocal tries
            if tries:  # the driver repeats at once, and so would whoever was in the way
                await asyncio.sleep(random.uniform(0, min(MAX_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2**tries)))
            tries += 1
            return await work(session)

        with reachable():
            async with asyncio.timeout(clock.remaining(TRANSACTION_SECONDS)), self._client.start_session() as s:
                result: _Result = await s.with_transaction(
                    tried, read_concern=ReadConcern("snapshot"), write_concern=WriteConcern("majority", j=True)
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
    async def pending(self, limit: int) -> AsyncIterator["Claim"]:
        """The oldest unpublished events; none while another relay leads."""
        with reachable():
            documents = await self._listed({"published_at": None}, limit) if await self._leads() else []
            ids = {"_id": {"$in": [document["_id"] for document in documents]}}
            published = {"$set": {"published_at": clock.utc_now()}}
            yield Claim(documents, partial(self.collection("outbox").update_many, ids, published))

    @asynccontextmanager
    async def held(self, cluster_id: str, limit: int) -> AsyncIterator["Claim"]:
        """The next published events, oldest first, that this cluster may lack; marking them keeps the place.

        Empty once it has them all, and while another relay leads.
        """
        with reachable():
            broker, documents = self.collection("outbox_broker"), []
            first = {"$setOnInsert": {"cluster_id": cluster_id}}
            known = await broker.find_one_and_update({"_id": "broker"}, first, upsert=True)
            if known and known["cluster_id"] != cluster_id and await self._leads():
                is_begun = known.get("refilled_id") == cluster_id
                after = {"_id": {"$gt": known["refilled_to"]}} if is_begun else {}
                documents = await self._listed({"published_at": {"$ne": None}} | after, limit)
                if not documents:
                    await broker.replace_one({"_id": "broker"}, {"cluster_id": cluster_id})
            place = {"refilled_id": cluster_id, "refilled_to": documents[-1]["_id"] if documents else None}
            yield Claim(documents, partial(broker.update_one, {"_id": "broker"}, {"$set": place}))

    async def _leads(self) -> bool:
        """Whether this relay is the one that publishes: documents cannot be claimed as rows can."""
        now = clock.utc_now()
        if now < self._leads_until - LEASE / 2:
            return True
        free = {"_id": "relay", "$or": [{"holder": self._id}, {"until": {"$lt": now}}]}
        lease = {"holder": self._id, "until": now + LEASE}
        try:
            await self.collection("outbox_broker").update_one(free, {"$set": lease}, upsert=True)
        except DuplicateKeyError:  # it is another's, so the upsert could not insert it
            return False
        self._leads_until = now + LEASE
        return True

    async def _listed(self, which: Mapping[str, Any], limit: int) -> list[dict[str, Any]]:
        listed: list[dict[str, Any]] = await self.collection("outbox").find(which).sort("_id", 1).to_list(limit)
        return listed

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


class Claim:
    """Events in hand; `mark` them once the broker has acknowledged them."""

    def __init__(self, documents: list[dict[str, Any]], mark: Callable[[], Awaitable[Any]]) -> None:
        self.events, self.mark = [_event(document) for document in documents], mark


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
