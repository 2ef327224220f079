"""Counting reposts: the latest version of each state wins, and only what that changes moves a total."""

from collections.abc import Sequence

from chassis.postgres import Connection
from services.insights import ranking_queue
from services.insights.reposts import store
from services.insights.reposts.repost import Kind, Repost
from services.insights.totals import store as totals
from services.insights.totals.total import Subjects


async def count(conn: Connection, reposts: Sequence[Repost]) -> None:
    """Within the caller's transaction, which also moves the offset."""
    moved = subjects(reposts)
    await totals.hold(conn, moved)
    await store.count(conn, reposts)
    await ranking_queue.add_tracks(conn, moved.tracks)
    await ranking_queue.add_pairs(conn, {(r.account_id, r.subject_id) for r in reposts if r.kind is Kind.TRACK})


def subjects(reposts: Sequence[Repost]) -> Subjects:
    return Subjects(
        tracks={repost.subject_id for repost in reposts if repost.kind is Kind.TRACK},
        playlists={repost.subject_id for repost in reposts if repost.kind is Kind.PLAYLIST},
        accounts={repost.account_id for repost in reposts},
    )
