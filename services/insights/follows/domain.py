"""Counting follows: the latest version of each state wins, and only what that changes moves a total."""

from collections.abc import Sequence

from chassis.postgres import Connection
from services.insights import ranking_queue
from services.insights.follows import store
from services.insights.follows.follow import Follow
from services.insights.totals import store as totals
from services.insights.totals.total import Subjects


async def count(conn: Connection, follows: Sequence[Follow]) -> None:
    """Within the caller's transaction, which also moves the offset."""
    await totals.hold(conn, subjects(follows))
    await store.count(conn, follows)
    await ranking_queue.add_accounts(conn, {follow.followee_id for follow in follows})


def subjects(follows: Sequence[Follow]) -> Subjects:
    return Subjects(accounts={id for follow in follows for id in (follow.followee_id, follow.follower_id)})
