"""Counting follows: the latest version of each state wins, and only what that changes moves a total."""

from collections.abc import Sequence

from chassis.postgres import Connection
from services.insights.follows import store
from services.insights.follows.follow import Follow
from services.insights.totals import store as totals


async def count(conn: Connection, follows: Sequence[Follow]) -> None:
    """Within the caller's transaction, which also moves the offset."""
    accounts = {id for follow in follows for id in (follow.followee_id, follow.follower_id)}
    await totals.hold_accounts(conn, accounts)
    await store.count(conn, follows)
