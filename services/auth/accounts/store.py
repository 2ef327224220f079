"""SQL of accounts. Every call but those of operators and exports names the tenant it may see."""

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import asyncpg

from chassis.ids import Ref
from chassis.postgres import Connection
from services.auth.accounts.account import Account, Credentials

COLUMNS = """
id, number, tenant, username, email, role, bio, avatar, location, first_name, last_name, gender, date_of_birth, version,
removed_at IS NOT NULL AS is_removed, created_at, updated_at
"""
ADD = f"""
INSERT INTO accounts (id, tenant, username, email, password_hash, first_name, last_name, date_of_birth)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING RETURNING {COLUMNS}
"""
GET = f"SELECT {COLUMNS} FROM accounts WHERE id = $1 AND removed_at IS NULL AND ($2::text IS NULL OR tenant = $2)"
GET_BY_NUMBER = f"""
SELECT {COLUMNS} FROM accounts WHERE number = $1 AND removed_at IS NULL AND ($2::text IS NULL OR tenant = $2)
"""
GET_BY_USERNAME = f"""
SELECT {COLUMNS} FROM accounts WHERE tenant = $1 AND lower(username COLLATE "C") = lower($2::text COLLATE "C")
"""
GET_CREDENTIALS = f"""
SELECT {COLUMNS}, password_hash FROM accounts
WHERE tenant = $1 AND lower(email COLLATE "C") = lower($2::text COLLATE "C")
"""
# FOR SHARE, then the time: a token issued from this row is dated before any later change to the row.
LOCK_TO_ISSUE = f"""
WITH held AS (
    SELECT {COLUMNS}, password_hash FROM accounts
    WHERE id = $1 AND removed_at IS NULL AND ($2::text IS NULL OR tenant = $2) FOR SHARE
)
SELECT *, clock_timestamp() AS issued_at FROM held
"""
LOCK_TO_CHANGE = f"""
SELECT {COLUMNS} FROM accounts
WHERE id = $1 AND removed_at IS NULL AND ($2::text IS NULL OR tenant = $2) FOR UPDATE
"""
FIND_TAKEN = """
SELECT coalesce(bool_or(lower(username COLLATE "C") = lower($2::text COLLATE "C")), false) AS username,
       coalesce(bool_or(lower(email COLLATE "C") = lower($3::text COLLATE "C")), false) AS email
FROM accounts
WHERE tenant = $1 AND (lower(username COLLATE "C") = lower($2::text COLLATE "C")
                       OR lower(email COLLATE "C") = lower($3::text COLLATE "C"))
"""
CHANGE = f"""
UPDATE accounts SET username = $2, bio = $3, first_name = $4, last_name = $5, location = $6, gender = $7, avatar = $8,
    version = version + 1, updated_at = clock_timestamp()
WHERE id = $1 RETURNING {COLUMNS}
"""
GRANT = f"""
UPDATE accounts SET role = $2, not_before = clock_timestamp(), updated_at = clock_timestamp()
WHERE id = $1 RETURNING {COLUMNS}
"""
BLANK = f"""
UPDATE accounts SET username = NULL, email = NULL, password_hash = NULL, bio = NULL, avatar = NULL, location = NULL,
    first_name = NULL, last_name = NULL, gender = NULL, date_of_birth = NULL, role = 'user', version = version + 1,
    not_before = clock_timestamp(), removed_at = clock_timestamp(), updated_at = clock_timestamp()
WHERE id = $1 RETURNING {COLUMNS}
"""
EXPORT = f"SELECT {COLUMNS} FROM accounts WHERE id > $1 ORDER BY id LIMIT $2"
LIST_BY = f"SELECT {COLUMNS} FROM accounts WHERE id = ANY($1::uuid[]) OR number = ANY($2::bigint[])"


class Issuable(NamedTuple):
    """An account held against change, what its password is checked against, and the database's time."""

    credentials: Credentials
    issued_at: datetime


class Taken(NamedTuple):
    username: bool
    email: bool


async def add(
    conn: Connection,
    account_id: UUID,
    tenant: str,
    email: str,
    *,
    username: str | None = None,
    password_hash: str | None = None,
    names: tuple[str, str] | tuple[None, None] = (None, None),
    date_of_birth: object = None,
) -> Account | None:
    """The new account, or None if its user name or email is taken. Waits for a transaction that is taking it."""
    row = await conn.fetchrow(ADD, account_id, tenant, username, email, password_hash, *names, date_of_birth)
    return None if row is None else _account(row)


async def get(conn: Connection, ref: Ref, tenant: str | None) -> Account | None:
    row = await (conn.fetchrow(GET, ref.id, tenant) if ref.id else conn.fetchrow(GET_BY_NUMBER, ref.number, tenant))
    return None if row is None else _account(row)


async def get_by_username(conn: Connection, tenant: str, username: str) -> Account | None:
    row = await conn.fetchrow(GET_BY_USERNAME, tenant, username)
    return None if row is None else _account(row)


async def get_credentials(conn: Connection, tenant: str, email: str) -> Credentials | None:
    row = await conn.fetchrow(GET_CREDENTIALS, tenant, email)
    return None if row is None else Credentials(_account(row), row["password_hash"])


async def lock_to_issue(conn: Connection, account_id: UUID, tenant: str | None = None) -> Issuable | None:
    row = await conn.fetchrow(LOCK_TO_ISSUE, account_id, tenant)
    return None if row is None else Issuable(Credentials(_account(row), row["password_hash"]), row["issued_at"])


async def lock_to_change(conn: Connection, account_id: UUID, tenant: str | None) -> Account | None:
    row = await conn.fetchrow(LOCK_TO_CHANGE, account_id, tenant)
    return None if row is None else _account(row)


async def find_taken(conn: Connection, tenant: str, username: str | None, email: str | None) -> Taken:
    row = await conn.fetchrow(FIND_TAKEN, tenant, username, email)
    assert row is not None
    return Taken(row["username"], row["email"])


async def change(conn: Connection, account_id: UUID, values: Mapping[str, str | None]) -> Account | None:
    """The changed account. None if another took the user name meanwhile; the transaction is lost then."""
    names = ("username", "bio", "first_name", "last_name", "location", "gender", "avatar")
    try:
        row = await conn.fetchrow(CHANGE, account_id, *(values[name] for name in names))
    except asyncpg.UniqueViolationError:
        return None
    assert row is not None
    return _account(row)


async def grant(conn: Connection, account_id: UUID, role: str) -> Account:
    row = await conn.fetchrow(GRANT, account_id, role)
    assert row is not None
    return _account(row)


async def blank(conn: Connection, account_id: UUID) -> Account:
    row = await conn.fetchrow(BLANK, account_id)
    assert row is not None
    return _account(row)


async def export(conn: Connection, after: UUID, limit: int) -> list[Account]:
    return [_account(row) for row in await conn.fetch(EXPORT, after, limit)]


async def list_by(conn: Connection, ids: list[UUID], numbers: list[int]) -> list[Account]:
    return [_account(row) for row in await conn.fetch(LIST_BY, ids, numbers)]


def _account(row: asyncpg.Record) -> Account:
    return Account(**{name: row[name] for name in Account.__dataclass_fields__})
