"""Signing in, staying signed in, signing out."""

from datetime import datetime, timedelta
from uuid import UUID

from chassis.errors import Forbidden, Unauthenticated
from chassis.postgres import Connection, Database
from chassis.principal import PUBLIC_TENANT, Principal
from services.auth.accounts import rules
from services.auth.accounts import store as accounts
from services.auth.accounts.account import Account, Credentials, Origin
from services.auth.accounts.passwords import Passwords
from services.auth.accounts.signed_in import Pair, SignedIn
from services.auth.sessions import issue, refresh, store
from services.auth.sessions.session import NotBefore, Place, RefreshToken, Revocations
from services.auth.sessions.tokens import ACCESS_LIFE, Tokens

# How long a used refresh token gives its successor again (gateway/contracts: platform and partner).
REPEAT_SECONDS = 10.0
# Slightly longer than an access token lives, for gateways whose clock is behind.
MATTERS_FOR = ACCESS_LIFE + timedelta(minutes=5)

FIRST_ID = UUID(int=0)


class Sessions:
    def __init__(self, database: Database, passwords: Passwords, tokens: Tokens) -> None:
        self._database = database
        self._passwords = passwords
        self._tokens = tokens

    async def open(self, conn: Connection, account: Account, origin: Origin) -> Pair:
        """A new session of an account that was just made, in the caller's transaction."""
        return await issue.open_session(
            conn, self._tokens, account, origin, remember=False, issued_at=await store.now(conn)
        )

    async def end_all(self, conn: Connection, account_id: UUID) -> None:
        await store.end_all(conn, account_id)

    async def log_in(self, email: str, password: str, origin: Origin, *, remember: bool) -> SignedIn:
        """Opens a session. Unknown email, wrong password and removed account: the same error after the same work."""
        found = await self._find(email)
        is_right = await self._passwords.matches(found.password_hash if found else None, password)
        if found is None or not is_right:
            raise _refused()
        async with self._database.transaction() as conn:
            held = await accounts.lock_to_issue(conn, found.account.id)
            if held is None or held.credentials.password_hash != found.password_hash:
                raise _refused()
            account = held.credentials.account
            pair = await issue.open_session(
                conn, self._tokens, account, origin, remember=remember, issued_at=held.issued_at
            )
        return SignedIn(account, pair)

    async def refresh(self, text: str, ip_address: str) -> Pair:
        """Exchanges a refresh token for its successor; a repeat within 10 s yields the same one.

        A later repeat ends the session, and that is committed before Unauthenticated INVALID_REFRESH_TOKEN is raised.
        """
        async with self._database.transaction() as conn:
            pair = await self._rotate(conn, text, issue.clean(ip_address))
        if pair is None:
            raise Unauthenticated("The refresh token is invalid or has expired.", reason="INVALID_REFRESH_TOKEN")
        return pair

    async def log_out(self, caller: Principal, text: str) -> None:
        """Ends the caller's session and that of the refresh token. Raises Forbidden if it is another account's."""
        async with self._database.transaction() as conn:
            token = await store.get_token(conn, refresh.digest(text), REPEAT_SECONDS)
            if token is not None and token.account_id != caller.user_id:
                raise Forbidden("The refresh token belongs to another account.")
            # In order of id, as everywhere, against deadlocks.
            for session_id in sorted({i for i in (caller.session_id, token.session_id if token else None) if i}):
                await store.end(conn, session_id, caller.user_id)

    async def list_revocations(self, since: datetime | None, after: Place | None, most: int) -> Revocations:
        """What was revoked at or after `since`; without it, all that could matter to a token that has not expired.

        At most `most` of them, those that follow `after`; 0 for all.
        """
        async with self._database.connection() as conn:
            # Read before the lists, so that what is committed in between is listed twice rather than never.
            as_of = await store.now(conn)
            oldest = as_of - MATTERS_FOR
            start = Place(False, max(since, oldest) if since else oldest, FIRST_ID)
            ended: list[tuple[UUID, datetime]] = []
            not_before: list[NotBefore] = []
            if after is None or not after.is_account:
                ended = await store.list_ended(conn, *(after or start)[1:], most or None)
            if not most or len(ended) < most:
                place = after if after is not None and after.is_account else start
                not_before = await store.list_not_before(conn, *place[1:], most - len(ended) if most else None)
        last = Place(True, not_before[-1].moment, not_before[-1].account_id) if not_before else None
        if last is None and ended:
            last = Place(False, ended[-1][1], ended[-1][0])
        is_full = most and len(ended) + len(not_before) == most
        return Revocations([id for id, _ in ended], not_before, as_of, last if is_full else None)

    async def _find(self, email: str) -> Credentials | None:
        if not rules.is_email(email):
            return None
        async with self._database.connection() as conn:
            return await accounts.get_credentials(conn, PUBLIC_TENANT, email)

    async def _rotate(self, conn: Connection, text: str, ip_address: str) -> Pair | None:
        token = await store.lock_token(conn, refresh.digest(text), REPEAT_SECONDS)
        if token is None or token.is_expired or token.is_ended:
            return None
        held = await accounts.lock_to_issue(conn, token.account_id)
        successor = await self._successor(conn, token, text, ip_address)
        if held is None or successor is None:
            await store.end(conn, token.session_id, token.account_id)
            return None
        access = self._tokens.access(held.credentials.account, token.session_id, held.issued_at)
        return issue.pair(access, successor)

    async def _successor(self, conn: Connection, token: RefreshToken, text: str, ip_address: str) -> str | None:
        """The next token; None if this one was used too long ago, so somebody else may have it."""
        if token.is_used:
            return refresh.unseal(token.successor, text) if token.is_repeatable and token.successor else None
        await store.prolong(conn, token.session_id, ip_address)
        successor = await issue.add_refresh(conn, token.session_id)
        await store.use_token(conn, token.hash, refresh.seal(successor, text))
        return successor


def _refused() -> Unauthenticated:
    return Unauthenticated("Email and password do not match an account.", reason="INVALID_CREDENTIALS")
