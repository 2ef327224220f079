"""MongoDB's tracks: the documents, the counter that numbers them, the idempotency keys. It decides nothing."""

from collections.abc import AsyncIterator, Collection
from dataclasses import asdict, fields
from typing import Any
from uuid import UUID

from chassis.idempotency import KEPT
from chassis.mongo import Mongo, Session, reachable
from services.catalog.tracks.track import Loudness, Status, Track

TRACKS = "tracks"
COUNTERS = "counters"
KEYS = "idempotency_keys"
BATCH = 500


async def prepare(mongo: Mongo) -> None:
    """Makes counters and indexes; part of `migrate`, may run any number of times."""
    with reachable():
        await mongo.check()
        tracks = mongo.collection(TRACKS)
        await tracks.create_index([("number", 1)], unique=True)
        await tracks.create_index([("recording_id", 1)], unique=True)
        await tracks.create_index([("owner_id", 1), ("is_removed", 1)])
        await mongo.collection(KEYS).create_index([("kept_at", 1)], expireAfterSeconds=int(KEPT.total_seconds()))
        await mongo.collection(COUNTERS).update_one({"_id": TRACKS}, {"$setOnInsert": {"value": 0}}, upsert=True)
        await mongo.make_outbox()


async def take_number(mongo: Mongo) -> int:
    """The next number. Outside any transaction, where all would wait for one document; gaps are fine."""
    with reachable():
        counter = await mongo.collection(COUNTERS).find_one_and_update(
            {"_id": TRACKS}, {"$inc": {"value": 1}}, return_document=True
        )
    return int(counter["value"])


async def add(mongo: Mongo, session: Session, track: Track) -> None:
    await mongo.collection(TRACKS).insert_one(_document(track), session=session)


async def replace(mongo: Mongo, session: Session, track: Track) -> None:
    """Puts the next version of a track that was read in this transaction."""
    await mongo.collection(TRACKS).replace_one({"_id": track.id}, _document(track), session=session)


async def get(mongo: Mongo, session: Session, id: UUID) -> Track | None:
    return _found(await mongo.collection(TRACKS).find_one({"_id": id}, session=session))


async def get_by_recording(mongo: Mongo, session: Session, recording_id: UUID) -> Track | None:
    return _found(await mongo.collection(TRACKS).find_one({"recording_id": recording_id}, session=session))


async def get_many(mongo: Mongo, ids: Collection[UUID], numbers: Collection[int] = ()) -> list[Track]:
    """The known ones, tombstones too, in no order. One query for ids and one for numbers: an $or of both scans all."""
    wanted: tuple[tuple[str, Collection[Any]], ...] = (("_id", ids), ("number", numbers))
    found: dict[UUID, Track] = {}
    with reachable():
        for field, values in wanted:
            if values:
                # One answer, however many: by default the driver fetches 101 and then asks for more.
                cursor = mongo.collection(TRACKS).find({field: {"$in": list(values)}}, batch_size=len(values))
                found |= {document["_id"]: _track(document) for document in await cursor.to_list(None)}
    return list(found.values())


async def ids_of_owner(mongo: Mongo, owner_id: UUID) -> list[UUID]:
    """The tracks of an account that are not removed."""
    with reachable():
        documents = mongo.collection(TRACKS).find({"owner_id": owner_id, "is_removed": False}, {"_id": 1})
        return [document["_id"] async for document in documents]


async def export(mongo: Mongo, after_id: UUID | None) -> AsyncIterator[list[Track]]:
    """All tracks in order of id, tombstones too, in batches."""
    last = after_id or UUID(int=0)
    while True:
        with reachable():
            cursor = mongo.collection(TRACKS).find({"_id": {"$gt": last}}).sort("_id", 1).limit(BATCH)
            tracks = [_track(document) for document in await cursor.to_list(None)]
        if not tracks:
            return
        yield tracks
        last = tracks[-1].id


async def get_answer(mongo: Mongo, session: Session, key: str) -> tuple[bytes, Track] | None:
    """What was answered under an idempotency key: the request's fingerprint, and the track as it was."""
    kept = await mongo.collection(KEYS).find_one({"_id": key}, session=session)
    return (bytes(kept["fingerprint"]), _track(kept["track"])) if kept else None


async def keep_answer(mongo: Mongo, session: Session, key: str, fingerprint: bytes, track: Track) -> None:
    kept = {"_id": key, "fingerprint": fingerprint, "track": _document(track), "kept_at": track.created_at}
    await mongo.collection(KEYS).insert_one(kept, session=session)


_FIELDS = tuple(field.name for field in fields(Track) if field.name not in ("id", "tags", "status", "loudness"))


def _document(track: Track) -> dict[str, Any]:
    document = {name: getattr(track, name) for name in _FIELDS}
    shaped = {"tags": list(track.tags), "status": track.status.value, "loudness": asdict(track.loudness)}
    return {"_id": track.id} | document | shaped


def _track(document: dict[str, Any]) -> Track:
    return Track(
        id=document["_id"],
        tags=tuple(document["tags"]),
        status=Status(document["status"]),
        loudness=Loudness(**document["loudness"]),
        **{name: document[name] for name in _FIELDS},
    )


def _found(document: dict[str, Any] | None) -> Track | None:
    return _track(document) if document else None
