"""Counting likes: the latest version of each state wins, and only what that changes moves a total."""

from collections.abc import Sequence

from chassis.postgres import Connection
from services.insights.likes import store
from services.insights.likes.like import Like
from services.insights.totals import store as totals


async def count(conn: Connection, likes: Sequence[Like]) -> None:
    """Within the caller's transaction, which also moves the offset."""
    await totals.hold_tracks(conn, {like.track_id for like in likes})
    await store.count(conn, likes)
