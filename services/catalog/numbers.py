"""Numbers of documents, from 1 on and never given twice: MongoDB's counters, and reading all in their order."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any
from uuid import UUID

from chassis.mongo import Mongo, reachable

COUNTERS = "counters"
Document = dict[str, Any]


async def prepare(mongo: Mongo, collection: str) -> None:
    """Creates the counter and the index; part of `migrate`, idempotent."""
    with reachable():
        await mongo.collection(collection).create_index([("number", 1)], unique=True)
        await mongo.collection(COUNTERS).update_one({"_id": collection}, {"$setOnInsert": {"value": 0}}, upsert=True)


async def take(mongo: Mongo, collection: str, count: int = 1) -> int:
    """The last of the next `count` numbers. Outside any transaction, or all would queue for one document; gaps are
    fine."""
    with reachable():
        counter = await mongo.collection(COUNTERS).find_one_and_update(
            {"_id": collection}, {"$inc": {"value": count}}, return_document=True
        )
    return int(counter["value"])


async def windows(
    mongo: Mongo, collection: str, after_id: UUID | None, size: int
) -> AsyncGenerator[list[Document], None]:
    """All documents in order of number, in batches of at most `size`; after `after_id`, if given.

    In windows of numbers: of an open range, or one of ids, the embedded MongoDB reads everything before it limits. The
    next window is fetched while the caller works on the last.
    """
    place = await _number(mongo, collection, after_id) if after_id else 0
    upcoming = asyncio.create_task(_window(mongo, collection, place, size))
    try:
        while place < await _last(mongo, collection):
            documents, place = await upcoming, place + size
            upcoming = asyncio.create_task(_window(mongo, collection, place, size))
            if documents:
                yield documents
    finally:
        upcoming.cancel()


async def _window(mongo: Mongo, collection: str, place: int, size: int) -> list[Document]:
    with reachable():
        window = {"number": {"$gt": place, "$lte": place + size}}
        cursor = mongo.collection(collection).find(window, batch_size=size).sort("number", 1)
        found: list[Document] = await cursor.to_list(None)
        return found


async def _last(mongo: Mongo, collection: str) -> int:
    with reachable():
        counter = await mongo.collection(COUNTERS).find_one({"_id": collection})
    return int(counter["value"]) if counter else 0


async def _number(mongo: Mongo, collection: str, id: UUID) -> int:
    with reachable():
        known = await mongo.collection(collection).find_one({"_id": id}, {"number": 1})
    return int(known["number"]) if known else 0
