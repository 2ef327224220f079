"""MongoDB's tracks: the documents, the counter that numbers them, the idempotency keys. It decides nothing."""

import asyncio
from collections.abc import AsyncIterator, Collection, Iterator
from contextlib import aclosing
from dataclasses import asdict, fields
from typing import Any
from uuid import UUID

from chassis.idempotency import KEPT
from chassis.mongo import Mongo, Session, reachable
from services.catalog import numbers
from services.catalog.tracks.track import Loudness, Outline, Status, Track

TRACKS = "tracks"
KEYS = "idempotency_keys"
BATCH = 500
MAX_ASKED = 32


def batched(values: Collection[Any]) -> Iterator[list[Any]]:
    """At most MAX_ASKED at once: the embedded MongoDB compares each document with the whole of an $in."""
    items = list(values)
    return (items[start : start + MAX_ASKED] for start in range(0, len(items), MAX_ASKED))


async def prepare(mongo: Mongo) -> None:
    """Creates the counter and the indexes; part of `migrate`, idempotent."""
    with reachable():
        await mongo.check()
        await numbers.prepare(mongo, TRACKS)
        tracks = mongo.collection(TRACKS)
        await tracks.create_index([("recording_id", 1)], unique=True)
        await tracks.create_index([("owner_id", 1), ("is_removed", 1)])
        await tracks.create_index([("owner_id", 1), ("album_key", 1)])
        await mongo.collection(KEYS).create_index([("kept_at", 1)], expireAfterSeconds=int(KEPT.total_seconds()))
        await mongo.make_outbox()


async def take_number(mongo: Mongo) -> int:
    return await numbers.take(mongo, TRACKS)


async def add(mongo: Mongo, session: Session, track: Track) -> None:
    await mongo.collection(TRACKS).insert_one(as_document(track), session=session)


async def replace(mongo: Mongo, session: Session, track: Track) -> None:
    """Writes the next version of a track that was read in this transaction."""
    await mongo.collection(TRACKS).replace_one({"_id": track.id}, as_document(track), session=session)


async def get(mongo: Mongo, session: Session, id: UUID) -> Track | None:
    return _found(await mongo.collection(TRACKS).find_one({"_id": id}, session=session))


async def get_by_recording(mongo: Mongo, session: Session, recording_id: UUID) -> Track | None:
    return _found(await mongo.collection(TRACKS).find_one({"recording_id": recording_id}, session=session))


async def get_many(mongo: Mongo, ids: Collection[UUID], numbers: Collection[int] = ()) -> list[Track]:
    """The known ones, tombstones too, in no order. Queries apart for ids and numbers: an $or of both scans all."""
    wanted: tuple[tuple[str, Collection[Any]], ...] = (("_id", ids), ("number", numbers))
    # One reply, however many: by default the driver fetches 101 and then the rest.
    cursors = [
        mongo.collection(TRACKS).find({field: {"$in": some}}, batch_size=len(some))
        for field, values in wanted
        for some in batched(values)
    ]
    with reachable():
        found = await asyncio.gather(*(cursor.to_list(None) for cursor in cursors))
    return list({document["_id"]: _track(document) for documents in found for document in documents}.values())


async def get_outlines(mongo: Mongo, ids: Collection[UUID], session: Session = None) -> dict[UUID, Outline]:
    """Those of these that are not removed, by id."""
    found: dict[UUID, Outline] = {}
    with reachable():
        for some in batched(ids):
            wanted = {"_id": {"$in": some}, "is_removed": False}
            cursor = mongo.collection(TRACKS).find(wanted, _OUTLINE, batch_size=len(some), session=session)
            found |= {document["_id"]: _outline(document) for document in await cursor.to_list(None)}
    return found


async def list_of_album(mongo: Mongo, session: Session, owner_id: UUID, key: str, most: int) -> list[Track]:
    """The owner's tracks of an album in order of upload, without removed ones."""
    of_album = {"owner_id": owner_id, "album_key": key, "is_removed": False}
    cursor = mongo.collection(TRACKS).find(of_album, session=session).sort("_id", 1).limit(most)
    return [_track(document) for document in await cursor.to_list(None)]


async def list_without_album_key(mongo: Mongo) -> list[UUID]:
    """Tracks of albums that were written before documents held the key."""
    with reachable():
        old = {"album": {"$ne": None}, "album_key": {"$exists": False}}
        return [document["_id"] async for document in mongo.collection(TRACKS).find(old, {"_id": 1})]


async def list_tags(mongo: Mongo, owner_id: UUID) -> list[tuple[str, ...]]:
    """The tags of each public track of the owner, newest first."""
    listed = {"owner_id": owner_id, "is_removed": False, "is_public": True, "status": Status.COMPLETED.value}
    with reachable():
        cursor = mongo.collection(TRACKS).find(listed, {"tags": 1}).sort("_id", -1)
        return [tuple(document["tags"]) for document in await cursor.to_list(None)]


async def ids_of_owner(mongo: Mongo, owner_id: UUID) -> list[UUID]:
    """The tracks of an account that are not removed."""
    with reachable():
        documents = mongo.collection(TRACKS).find({"owner_id": owner_id, "is_removed": False}, {"_id": 1})
        return [document["_id"] async for document in documents]


async def export(mongo: Mongo, after_id: UUID | None) -> AsyncIterator[list[Track]]:
    """All tracks in order of number, tombstones too, in batches; after `after_id`, if given."""
    async with aclosing(numbers.windows(mongo, TRACKS, after_id, BATCH)) as windows:
        async for documents in windows:
            yield [_track(document) for document in documents]


async def get_answer(mongo: Mongo, session: Session, key: str) -> tuple[bytes, Track] | None:
    """The answer kept under an idempotency key: the request's fingerprint, and the track at that time."""
    kept = await mongo.collection(KEYS).find_one({"_id": key}, session=session)
    return (bytes(kept["fingerprint"]), _track(kept["track"])) if kept else None


async def keep_answer(mongo: Mongo, session: Session, key: str, fingerprint: bytes, track: Track) -> None:
    kept = {"_id": key, "fingerprint": fingerprint, "track": as_document(track), "kept_at": track.created_at}
    await mongo.collection(KEYS).insert_one(kept, session=session)


_OUTLINE = {field.name: 1 for field in fields(Outline) if field.name != "id"}
_FIELDS = tuple(field.name for field in fields(Track) if field.name not in ("id", "tags", "status", "loudness"))


def as_document(track: Track) -> dict[str, Any]:
    document = {name: getattr(track, name) for name in _FIELDS}
    shaped = {"tags": list(track.tags), "status": track.status.value, "loudness": asdict(track.loudness)}
    return {"_id": track.id, "album_key": track.album_key} | document | shaped


def _track(document: dict[str, Any]) -> Track:
    return Track(
        id=document["_id"],
        tags=tuple(document["tags"]),
        status=Status(document["status"]),
        loudness=Loudness(**document["loudness"]),
        **{name: document[name] for name in _FIELDS},
    )


def _outline(document: dict[str, Any]) -> Outline:
    said = {name: document[name] for name in _OUTLINE}
    return Outline(id=document["_id"], **said | {"status": Status(document["status"])})


def _found(document: dict[str, Any] | None) -> Track | None:
    return _track(document) if document else None
