"""SQL of sessions, their refresh tokens, and what gateways must refuse."""

from datetime import datetime
from uuid import UUID

from chassis.postgres import Connection
from services.auth.sessions.session import NotBefore, RefreshToken

ADD_SESSION = """
INSERT INTO sessions (id, account_id, refresh_days, ip_address, user_agent, expires_at)
VALUES ($1, $2, $3, $4, $5, clock_timestamp() + make_interval(days => $3))
"""
ADD_TOKEN = """
INSERT INTO refresh_tokens (hash, session_id, expires_at) SELECT $1, id, expires_at FROM sessions WHERE id = $2
"""
# One statement reads the state as it is once the lock is ours, so two who present one token see each other.
LOCK_TOKEN = "SELECT hash FROM refresh_tokens WHERE hash = $1 FOR UPDATE"
GET_TOKEN = """
SELECT t.hash, t.session_id, s.account_id, t.used_at IS NOT NULL AS is_used,
       coalesce(t.used_at > clock_timestamp() - make_interval(secs => $2), false) AS is_repeatable, t.successor,
       t.expires_at <= clock_timestamp() AS is_expired, s.ended_at IS NOT NULL AS is_ended
FROM refresh_tokens t JOIN sessions s ON s.id = t.session_id
WHERE t.hash = $1
"""
USE_TOKEN = "UPDATE refresh_tokens SET used_at = clock_timestamp(), successor = $2 WHERE hash = $1"
PROLONG = """
UPDATE sessions SET
    refreshed_at = clock_timestamp(), expires_at = clock_timestamp() + make_interval(days => refresh_days),
    ip_address = CASE WHEN $2 = '' THEN ip_address ELSE $2 END
WHERE id = $1
"""
END = "UPDATE sessions SET ended_at = clock_timestamp() WHERE id = $1 AND account_id = $2 AND ended_at IS NULL"
END_ALL = "UPDATE sessions SET ended_at = clock_timestamp() WHERE account_id = $1 AND ended_at IS NULL"
NOW = "SELECT clock_timestamp()"
LIST_ENDED = "SELECT id, ended_at FROM sessions WHERE (ended_at, id) > ($1, $2) ORDER BY ended_at, id LIMIT $3"
LIST_NOT_BEFORE = """
SELECT id, not_before FROM accounts WHERE (not_before, id) > ($1, $2) ORDER BY not_before, id LIMIT $3
"""
FORGET_SUCCESSORS = """
UPDATE refresh_tokens SET successor = NULL
WHERE successor IS NOT NULL AND used_at <= clock_timestamp() - make_interval(secs => $1)
"""
# After two days its last access token, valid for one, has expired, and so has its place in the list of revocations.
FORGET_SESSIONS = """
DELETE FROM sessions WHERE id IN (
    SELECT id FROM sessions WHERE expires_at < clock_timestamp() - interval '2 days' LIMIT 1000 FOR UPDATE SKIP LOCKED
)
"""


async def add(
    conn: Connection, session_id: UUID, account_id: UUID, refresh_days: int, *, ip_address: str, user_agent: str
) -> None:
    await conn.execute(ADD_SESSION, session_id, account_id, refresh_days, ip_address, user_agent)


async def add_token(conn: Connection, hash: bytes, session_id: UUID) -> None:
    await conn.execute(ADD_TOKEN, hash, session_id)


async def lock_token(conn: Connection, hash: bytes, repeat_seconds: float) -> RefreshToken | None:
    if await conn.fetchval(LOCK_TOKEN, hash) is None:
        return None
    return await get_token(conn, hash, repeat_seconds)


async def get_token(conn: Connection, hash: bytes, repeat_seconds: float) -> RefreshToken | None:
    row = await conn.fetchrow(GET_TOKEN, hash, repeat_seconds)
    return None if row is None else RefreshToken(**row)


async def use_token(conn: Connection, hash: bytes, successor: bytes) -> None:
    await conn.execute(USE_TOKEN, hash, successor)


async def prolong(conn: Connection, session_id: UUID, ip_address: str) -> None:
    await conn.execute(PROLONG, session_id, ip_address)


async def end(conn: Connection, session_id: UUID, account_id: UUID) -> None:
    await conn.execute(END, session_id, account_id)


async def end_all(conn: Connection, account_id: UUID) -> None:
    await conn.execute(END_ALL, account_id)


async def now(conn: Connection) -> datetime:
    moment: datetime = await conn.fetchval(NOW)
    return moment


async def list_ended(conn: Connection, moment: datetime, id: UUID, most: int | None) -> list[tuple[UUID, datetime]]:
    """Sessions that ended after this moment, or in it with a higher id."""
    return [(row["id"], row["ended_at"]) for row in await conn.fetch(LIST_ENDED, moment, id, most)]


async def list_not_before(conn: Connection, moment: datetime, id: UUID, most: int | None) -> list[NotBefore]:
    return [NotBefore(row["id"], row["not_before"]) for row in await conn.fetch(LIST_NOT_BEFORE, moment, id, most)]


async def forget_successors(conn: Connection, repeat_seconds: float) -> None:
    await conn.execute(FORGET_SUCCESSORS, repeat_seconds)


async def forget_sessions(conn: Connection) -> None:
    await conn.execute(FORGET_SESSIONS)
