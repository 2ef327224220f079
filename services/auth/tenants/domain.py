"""Tenants: partners whose back ends hold client credentials, and the tokens they get for them."""

import hashlib
import re
import secrets
from datetime import timedelta
from hmac import compare_digest
from uuid import UUID, uuid4

from chassis.errors import AlreadyExists, Invalid, NotFound, Unauthenticated
from chassis.ids import parse
from chassis.postgres import Database
from chassis.principal import Principal
from services.auth.accounts import store as accounts
from services.auth.sessions.tokens import CLIENT_LIFE, DELEGATION_LIFE, Tokens
from services.auth.tenants import store
from services.auth.tenants.tenant import ClientCredentials, Credentials, Issued

NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
# Compared with when the client does not exist.
NO_SECRET = bytes(32)


class Tenants:
    def __init__(self, database: Database, tokens: Tokens) -> None:
        self._database = database
        self._tokens = tokens

    async def add(self, name: str) -> ClientCredentials:
        if not NAME.fullmatch(name):
            raise Invalid(
                "A tenant's name must be 1 to 63 lower-case letters, digits and hyphens, and not begin with a hyphen."
            )
        new = ClientCredentials(name, uuid4(), secrets.token_urlsafe(32))
        async with self._database.transaction() as conn:
            if not await store.add(conn, name, new.client_id, _digest(new.client_secret)):
                raise AlreadyExists(f"The tenant {name} exists already; its secret is not shown again.")
        return new

    async def issue_client_token(self, client_id: str, client_secret: str) -> Issued:
        """A token for the tenant's back end. An unknown client and a wrong secret are the same error."""
        found = await self._find(client_id)
        is_right = compare_digest(found.secret_hash if found else NO_SECRET, _digest(client_secret))
        if found is None or not is_right:
            raise Unauthenticated("Client authentication failed.", reason="INVALID_CREDENTIALS")
        return _issued(self._tokens.client(found.client_id, found.name, found.read_at), CLIENT_LIFE)

    async def issue_delegation_token(self, caller: Principal, user_id: UUID, device_id: UUID) -> Issued:
        """A token for one user of the caller's tenant on one device."""
        async with self._database.transaction() as conn:
            held = await accounts.lock_to_issue(conn, user_id, caller.tenant)
        if held is None:
            raise NotFound("No such user.")
        return _issued(self._tokens.delegation(held.credentials.account, device_id, held.issued_at), DELEGATION_LIFE)

    async def _find(self, client_id: str) -> Credentials | None:
        try:
            key = parse(client_id)
        except Invalid:
            return None
        async with self._database.connection() as conn:
            return await store.get_credentials(conn, key)


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()


def _issued(token: str, life: timedelta) -> Issued:
    return Issued(token, int(life.total_seconds()))
