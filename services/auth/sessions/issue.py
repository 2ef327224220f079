"""A session's tokens: what signing up, signing in and refreshing hand out."""

import re
from datetime import datetime
from uuid import UUID

from chassis.ids import new_id
from chassis.postgres import Connection
from services.auth.accounts.account import Account, Origin
from services.auth.accounts.signed_in import Pair
from services.auth.sessions import refresh, store
from services.auth.sessions.tokens import ACCESS_LIFE, Tokens

REFRESH_DAYS = 30
REMEMBERED_REFRESH_DAYS = 90
ORIGIN_LENGTH = 512
CONTROL = re.compile(r"[\x00-\x1f\x7f]")


async def open_session(
    conn: Connection, tokens: Tokens, account: Account, origin: Origin, *, remember: bool, issued_at: datetime
) -> Pair:
    """A new session of `account`, in the caller's transaction."""
    session_id = new_id()
    days = REMEMBERED_REFRESH_DAYS if remember else REFRESH_DAYS
    await store.add(
        conn,
        session_id,
        account.id,
        days,
        ip_address=clean(origin.ip_address),
        user_agent=clean(origin.user_agent),
    )
    successor = await add_refresh(conn, session_id)
    return pair(tokens.access(account, session_id, issued_at), successor)


def pair(access: str, refresh_token: str) -> Pair:
    return Pair(access, refresh_token, int(ACCESS_LIFE.total_seconds()))


async def add_refresh(conn: Connection, session_id: UUID) -> str:
    """The text of a new refresh token of the session."""
    text = refresh.new_text()
    await store.add_token(conn, refresh.digest(text), session_id)
    return text


def clean(text: str) -> str:
    """What a client says of itself, without control characters and cut to a length."""
    return CONTROL.sub("", text)[:ORIGIN_LENGTH]
