"""Counting likes: the latest version of each state wins, and only what that changes moves a total."""

from collections.abc import Sequence

from chassis.postgres import Connection
from services.insights import ranking_queue
from services.insights.likes import store
from services.insights.likes.like import Like
from services.insights.totals import store as totals
from services.insights.totals.total import Subjects


async def count(conn: Connection, likes: Sequence[Like]) -> None:
    """Within the caller's transaction, which also moves the offset."""
    tracks = {like.track_id for like in likes}
    await totals.hold(conn, Subjects(tracks=tracks))
    await store.count(conn, likes)
    await ranking_queue.add_tracks(conn, tracks)
    await ranking_queue.add_pairs(conn, {(like.user_id, like.track_id) for like in likes})
