"""MongoDB's playlists: the documents, their numbers, share links by digest, idempotency keys. It decides nothing."""

from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import aclosing
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any
from uuid import UUID

from chassis.mongo import Mongo, Session, reachable
from services.catalog import numbers
from services.catalog.playlists.playlist import Collaborator, Entry, Permission, Playlist
from services.catalog.tracks.store import batched

PLAYLISTS = "playlists"
LINKS = "share_links"
KEYS = "idempotency_keys"
BATCH = 100


@dataclass(frozen=True, slots=True)
class KeptLink:
    """The answer kept under an idempotency key, without the token, which is derived from the key and the salt."""

    fingerprint: bytes
    salt: bytes
    expires_at: datetime


async def prepare(mongo: Mongo) -> None:
    """Creates the counter and the indexes; part of `migrate`, idempotent."""
    with reachable():
        await numbers.prepare(mongo, PLAYLISTS)
        playlists = mongo.collection(PLAYLISTS)
        await playlists.create_index([("owner_id", 1), ("is_removed", 1)])
        await playlists.create_index([("entries.track_id", 1)])
        await playlists.create_index([("collaborators.account_id", 1)])
        await playlists.create_index(
            [("owner_id", 1), ("album_key", 1)],
            unique=True,
            partialFilterExpression={"album_key": {"$type": "string"}},
        )
        await mongo.collection(LINKS).create_index([("expires_at", 1)], expireAfterSeconds=0)


async def take_number(mongo: Mongo) -> int:
    return await numbers.take(mongo, PLAYLISTS)


async def add(mongo: Mongo, session: Session, playlist: Playlist) -> None:
    await mongo.collection(PLAYLISTS).insert_one(_document(playlist), session=session)


async def replace(mongo: Mongo, session: Session, playlist: Playlist) -> None:
    """Writes the next version of a playlist that was read in this transaction."""
    await mongo.collection(PLAYLISTS).replace_one({"_id": playlist.id}, _document(playlist), session=session)


async def get(mongo: Mongo, session: Session, id: UUID) -> Playlist | None:
    return _found(await mongo.collection(PLAYLISTS).find_one({"_id": id}, session=session))


async def get_album(mongo: Mongo, session: Session, owner_id: UUID, key: str) -> Playlist | None:
    of_album = {"owner_id": owner_id, "album_key": key}
    return _found(await mongo.collection(PLAYLISTS).find_one(of_album, session=session))


async def get_many(mongo: Mongo, ids: Collection[UUID], numbers: Collection[int] = ()) -> list[Playlist]:
    """The known ones, tombstones too, in no order."""
    wanted: tuple[tuple[str, Collection[Any]], ...] = (("_id", ids), ("number", numbers))
    found: dict[UUID, Playlist] = {}
    with reachable():
        for field, values in wanted:
            for some in batched(values):
                cursor = mongo.collection(PLAYLISTS).find({field: {"$in": some}}, batch_size=len(some))
                found |= {document["_id"]: _playlist(document) for document in await cursor.to_list(None)}
    return list(found.values())


async def ids_with_track(mongo: Mongo, track_id: UUID) -> list[UUID]:
    return await _ids(mongo, {"entries.track_id": track_id})


async def ids_of_owner(mongo: Mongo, owner_id: UUID) -> list[UUID]:
    """The playlists of an account that are not removed; albums go with their tracks."""
    return await _ids(mongo, {"owner_id": owner_id, "is_removed": False, "is_album": False})


async def ids_with_collaborator(mongo: Mongo, account_id: UUID) -> list[UUID]:
    return await _ids(mongo, {"collaborators.account_id": account_id})


async def export(mongo: Mongo, after_id: UUID | None) -> AsyncIterator[list[Playlist]]:
    """All playlists in order of number, tombstones too, in batches; after `after_id`, if given."""
    async with aclosing(numbers.windows(mongo, PLAYLISTS, after_id, BATCH)) as windows:
        async for documents in windows:
            yield [_playlist(document) for document in documents]


async def get_answer(mongo: Mongo, session: Session, key: str) -> tuple[bytes, Playlist] | None:
    """The answer kept under an idempotency key: the request's fingerprint, and the playlist at that time."""
    kept = await mongo.collection(KEYS).find_one({"_id": key}, session=session)
    return (bytes(kept["fingerprint"]), _playlist(kept["playlist"])) if kept else None


async def keep_answer(mongo: Mongo, session: Session, key: str, fingerprint: bytes, playlist: Playlist) -> None:
    kept = {"fingerprint": fingerprint, "playlist": _document(playlist), "kept_at": playlist.created_at}
    await mongo.collection(KEYS).insert_one({"_id": key} | kept, session=session)


async def add_link(mongo: Mongo, session: Session, digest: bytes, playlist_id: UUID, expires_at: datetime) -> None:
    link = {"_id": digest, "playlist_id": playlist_id, "expires_at": expires_at}
    await mongo.collection(LINKS).insert_one(link, session=session)


async def find_linked(mongo: Mongo, digest: bytes, now: datetime) -> Playlist | None:
    """The playlist that a link opens now, its tombstone too."""
    with reachable():
        link = await mongo.collection(LINKS).find_one({"_id": digest, "expires_at": {"$gt": now}})
        return _found(link and await mongo.collection(PLAYLISTS).find_one({"_id": link["playlist_id"]}))


async def get_link(mongo: Mongo, session: Session, key: bytes) -> KeptLink | None:
    kept = await mongo.collection(KEYS).find_one({"_id": key}, session=session)
    return kept and KeptLink(bytes(kept["fingerprint"]), bytes(kept["salt"]), kept["expires_at"])


async def keep_link(mongo: Mongo, session: Session, key: bytes, link: KeptLink, now: datetime) -> None:
    kept = {"fingerprint": link.fingerprint, "salt": link.salt, "expires_at": link.expires_at, "kept_at": now}
    await mongo.collection(KEYS).insert_one({"_id": key} | kept, session=session)


async def _ids(mongo: Mongo, which: Mapping[str, Any]) -> list[UUID]:
    with reachable():
        return [document["_id"] async for document in mongo.collection(PLAYLISTS).find(which, {"_id": 1})]


_FIELDS = tuple(field.name for field in fields(Playlist) if field.name not in ("id", "entries", "collaborators"))


def _document(playlist: Playlist) -> dict[str, Any]:
    document = {name: getattr(playlist, name) for name in _FIELDS}
    entries = [{"id": e.id, "track_id": e.track_id, "added_at": e.added_at} for e in playlist.entries]
    collaborators = [
        {"account_id": c.account_id, "permission": c.permission.value, "added_at": c.added_at}
        for c in playlist.collaborators
    ]
    return {"_id": playlist.id, "entries": entries, "collaborators": collaborators} | document


def _playlist(document: Mapping[str, Any]) -> Playlist:
    return Playlist(
        id=document["_id"],
        entries=tuple(Entry(**entry) for entry in document["entries"]),
        collaborators=tuple(
            Collaborator(one["account_id"], Permission(one["permission"]), one["added_at"])
            for one in document["collaborators"]
        ),
        **{name: document[name] for name in _FIELDS},
    )


def _found(document: Mapping[str, Any] | None) -> Playlist | None:
    return _playlist(document) if document else None
