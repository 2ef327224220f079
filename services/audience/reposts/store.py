"""SQL of reposts."""

from uuid import UUID

from chassis.pages import Page
from chassis.postgres import Connection
from chassis.principal import Principal
from services.audience.changes import Table
from services.audience.reposts.repost import Kind, Repost

COLUMNS = "subject_id, account_id, kind, owner_id, is_reposted, version, reposted_at, changed_at"
# Returns no row if it was reposted already: nothing changed.
ADD = f"""
INSERT INTO reposts AS kept ({COLUMNS})
SELECT $1, $2, $3, $4, true, 1, now, now FROM clock_timestamp() AS now
ON CONFLICT (subject_id, account_id) DO UPDATE SET
    owner_id = excluded.owner_id, is_reposted = true, version = kept.version + 1,
    reposted_at = excluded.reposted_at, changed_at = excluded.changed_at
WHERE NOT kept.is_reposted
RETURNING {COLUMNS}
"""
REMOVE = f"""
UPDATE reposts SET is_reposted = false, version = version + 1, changed_at = clock_timestamp()
WHERE subject_id = $1 AND account_id = $2 AND is_reposted
RETURNING {COLUMNS}
"""
# Locks in the order of the key, so that two withdrawals never deadlock.
REMOVE_SOME = """
WITH taken AS (
    SELECT subject_id, account_id FROM reposts WHERE {of} = $1 AND is_reposted
    ORDER BY subject_id, account_id LIMIT $2 FOR UPDATE
)
UPDATE reposts AS kept SET is_reposted = false, version = version + 1, changed_at = clock_timestamp()
FROM taken WHERE kept.subject_id = taken.subject_id AND kept.account_id = taken.account_id
RETURNING kept.subject_id, kept.account_id, kind, owner_id, is_reposted, version, reposted_at, changed_at
"""
REMOVE_SOME_OF_SUBJECT = REMOVE_SOME.format(of="subject_id")
REMOVE_SOME_OF_ACCOUNT = REMOVE_SOME.format(of="account_id")
# Reposts of what is listed, of what else `$2` may see and, for an admin (`$3`), of all.
OF_ACCOUNT = """
FROM reposts AS r
LEFT JOIN tracks AS t ON r.kind = 1 AND t.id = r.subject_id AND NOT t.is_removed
LEFT JOIN playlists AS p ON r.kind = 2 AND p.id = r.subject_id AND NOT p.is_removed
WHERE account_id = $1 AND is_reposted AND (
    t.is_public AND t.is_completed OR t.owner_id = $2 OR t.id IS NOT NULL AND $3
    OR p.is_public OR $2 = p.owner_id OR $2 = ANY(p.collaborator_ids) OR p.id IS NOT NULL AND $3
)
"""
LIST_OF = f"""
SELECT subject_id, account_id, kind, r.owner_id, is_reposted, r.version, reposted_at, changed_at {OF_ACCOUNT}
ORDER BY reposted_at DESC, subject_id LIMIT $4 OFFSET $5
"""
COUNT_OF = f"SELECT count(*) {OF_ACCOUNT}"
TABLE = Table("reposts", COLUMNS, Repost)


async def add(conn: Connection, kind: Kind, subject_id: UUID, account_id: UUID, owner_id: UUID) -> Repost | None:
    """The new state; None when nothing changed."""
    row = await conn.fetchrow(ADD, subject_id, account_id, kind, owner_id)
    return Repost(*row) if row else None


async def remove(conn: Connection, subject_id: UUID, account_id: UUID) -> Repost | None:
    """The new state; None when nothing changed."""
    row = await conn.fetchrow(REMOVE, subject_id, account_id)
    return Repost(*row) if row else None


async def remove_some_of_subject(conn: Connection, subject_id: UUID, most: int) -> list[Repost]:
    return [Repost(*row) for row in await conn.fetch(REMOVE_SOME_OF_SUBJECT, subject_id, most)]


async def remove_some_of_account(conn: Connection, account_id: UUID, most: int) -> list[Repost]:
    return [Repost(*row) for row in await conn.fetch(REMOVE_SOME_OF_ACCOUNT, account_id, most)]


async def list_of(conn: Connection, account_id: UUID, page: Page, caller: Principal) -> list[Repost]:
    seen = (caller.account_id, caller.is_admin)
    return [Repost(*row) for row in await conn.fetch(LIST_OF, account_id, *seen, page.limit, page.offset)]


async def count_of(conn: Connection, account_id: UUID, caller: Principal) -> int:
    return int(await conn.fetchval(COUNT_OF, account_id, caller.account_id, caller.is_admin))
