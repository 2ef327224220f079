"""Counting likes of playlists: the latest version of each state wins, and only what that changes moves a total."""

from collections.abc import Sequence

from chassis.postgres import Connection
from services.insights.playlist_likes import store
from services.insights.playlist_likes.playlist_like import PlaylistLike
from services.insights.totals import store as totals
from services.insights.totals.total import Subjects


async def count(conn: Connection, likes: Sequence[PlaylistLike]) -> None:
    """Within the caller's transaction, which also moves the offset."""
    await totals.hold(conn, subjects(likes))
    await store.count(conn, likes)


def subjects(likes: Sequence[PlaylistLike]) -> Subjects:
    return Subjects(playlists={like.playlist_id for like in likes})
