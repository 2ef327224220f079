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
INSERT INTO {{schema}}.search_playlists AS kept
    (playlist_id, tenant, owner_id, reader_ids, track_ids, is_public, is_album, is_removed, title_key, created_at,
    words, version)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11::text::tsvector, $12)
{NEWER}
"""


async def apply(conn: Connection, playlists: Sequence[Playlist], *, schema: str = "public") -> None:
    """Takes over the playlists that are newer than their rows."""
    ordered = sorted(playlists, key=lambda playlist: playlist.id)
    await conn.executemany(APPLY.format(schema=schema), [_row(playlist) for playlist in ordered])
    open_to_all = (playlist for playlist in ordered if playlist.is_public and not playlist.is_removed)
    said = [(playlist.owner_id, words.vocabulary(playlist.title)) for playlist in open_to_all]
    await vocabulary.add(conn, said, is_rebuild=schema == "shadow")


def _row(p: Playlist) -> tuple[Any, ...]:
    vector = "" if p.is_removed else words.vector((p.title, "A"), (p.description or "", "B"))
    readers = [one.account_id for one in p.collaborators]
    place = (p.id, p.tenant, p.owner_id, readers, p.track_ids, p.is_public, p.is_album, p.is_removed)
    return (*place, words.fold(p.title), p.created_at, vector, p.version)
