"""What whoever counts leaves for the ranking, in its own transaction: rows that nobody waits for."""

from collections.abc import Collection
from uuid import UUID

from chassis.postgres import Connection

ADD_TRACKS = "INSERT INTO score_queue (track_id) SELECT unnest($1::uuid[])"
ADD_ACCOUNTS = "INSERT INTO karma_queue (account_id) SELECT unnest($1::uuid[])"
ADD_PAIRS = "INSERT INTO karma_queue (account_id, track_id) SELECT * FROM unnest($1::uuid[], $2::uuid[])"


async def add_tracks(conn: Connection, ids: Collection[UUID]) -> None:
    """Tracks whose score may have changed."""
    if ids:
        await conn.execute(ADD_TRACKS, ids)


async def add_accounts(conn: Connection, ids: Collection[UUID]) -> None:
    """Accounts whose number of followers may have changed: it affects everything that they reposted or liked."""
    if ids:
        await conn.execute(ADD_ACCOUNTS, ids)


async def add_pairs(conn: Connection, pairs: Collection[tuple[UUID, UUID]]) -> None:
    """Accounts and tracks whose like or repost may have started or ended."""
    if pairs:
        await conn.execute(ADD_PAIRS, *map(list, zip(*pairs, strict=True)))
