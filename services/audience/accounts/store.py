"""SQL of the copy of accounts."""

from collections.abc import Collection
from uuid import UUID

from chassis.ids import Ref
from chassis.postgres import Connection
from services.audience.accounts.account import Account

APPLY = """
INSERT INTO accounts AS kept (id, number, tenant, version, is_removed)
SELECT id, number, tenant, version, is_removed
FROM unnest($1::uuid[], $2::bigint[], $3::text[], $4::bigint[], $5::boolean[])
    AS new (id, number, tenant, version, is_removed)
ORDER BY id
ON CONFLICT (id) DO UPDATE SET
    number = excluded.number, tenant = excluded.tenant, version = excluded.version, is_removed = excluded.is_removed
WHERE kept.version < excluded.version
"""
GET_MANY = "SELECT id, number, tenant, version, is_removed FROM accounts WHERE id = ANY($1::uuid[])"
GET_BY_NUMBER = "SELECT id, number, tenant, version, is_removed FROM accounts WHERE number = $1"
# Adding a state to an account locks its row, so that none is added after its removal.
GET_MANY_FOR_SHARE = GET_MANY + " ORDER BY id FOR SHARE"


async def apply(conn: Connection, accounts: Collection[Account]) -> None:
    """Takes over the states that are newer than what is kept."""
    await conn.execute(
        APPLY,
        [a.id for a in accounts],
        [a.number for a in accounts],
        [a.tenant for a in accounts],
        [a.version for a in accounts],
        [a.is_removed for a in accounts],
    )


async def get_many(conn: Connection, ids: Collection[UUID]) -> dict[UUID, Account]:
    return {row["id"]: Account(*row) for row in await conn.fetch(GET_MANY, ids)}


async def get(conn: Connection, ref: Ref) -> Account | None:
    if ref.id:
        return (await get_many(conn, [ref.id])).get(ref.id)
    row = await conn.fetchrow(GET_BY_NUMBER, ref.number)
    return Account(*row) if row else None


async def get_many_for_share(conn: Connection, ids: Collection[UUID]) -> dict[UUID, Account]:
    return {row["id"]: Account(*row) for row in await conn.fetch(GET_MANY_FOR_SHARE, ids)}
