"""SQL of the rows of playlists."""

from collections.abc import Sequence
from typing import Any

from chassis.postgres import Connection
from services.catalog.playlists.playlist import Playlist
from services.catalog.words import vocabulary, words

NEWER = """
ON CONFLICT (playlist_id) DO UPDATE SET
    reader_ids = excluded.reader_ids, track_ids = excluded.track_ids, is_public = excluded.is_public,
    is_removed = excluded.is_removed, title_key = excluded.title_key, words = excluded.words,
    version = excluded.version, indexed_at = excluded.indexed_at
WHERE kept.version < excluded.version
"""
APPLY = f"""
INSERT INTO {{table}} AS kept
    (playlist_id, tenant, owner_id, reader_ids, track_ids, is_public, is_album, is_removed, title_key, created_at,
    words, version)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11::text::tsvector, $12)
{NEWER}
"""


async def apply(conn: Connection, playlists: Sequence[Playlist], *, table: str = "search_playlists") -> None:
    """Takes over the playlists that are newer than their rows."""
    ordered = sorted(playlists, key=lambda playlist: playlist.id)
    await conn.executemany(APPLY.format(table=table), [_row(playlist) for playlist in ordered])
    known = (words.vocabulary(*_texts(playlist)) for playlist in ordered if not playlist.is_removed)
    await vocabulary.add(conn, set().union(*known))


def _row(p: Playlist) -> tuple[Any, ...]:
    vector = "" if p.is_removed else words.vector(*zip(_texts(p), "AB", strict=True))
    readers = [one.account_id for one in p.collaborators]
    place = (p.id, p.tenant, p.owner_id, readers, p.track_ids, p.is_public, p.is_album, p.is_removed)
    return (*place, words.fold(p.title), p.created_at, vector, p.version)


def _texts(playlist: Playlist) -> tuple[str, str]:
    return playlist.title, playlist.description or ""
