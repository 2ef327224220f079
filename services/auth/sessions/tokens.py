"""Tokens (JWT, RFC 7519, signed with EdDSA, RFC 8037) and what their claims mean.

The header is `{"alg": "EdDSA", "typ": "JWT", "kid": ...}`; public keys come from `SessionsService.GetKeys`.

| claim | value |
|---|---|
| `iss` | the setting AUTH_ISSUER, `soundstage` |
| `aud` | `soundstage:app` (platform, insights, audience) or `soundstage:partner` (partner); good for no other |
| `typ` | `access` (app), `client` or `delegation` (partner) |
| `sub` | the account's id; of a client token the client id |
| `jti` | a UUID |
| `iat` | the database's time, with a fraction: refused when before the account's not-before |
| `exp` | whole seconds: access 24 h, client 1 h, delegation 10 min after `iat` |
| `sid` | access: the session's id; refused when the session has ended |
| `number` | access, delegation: the account's number |
| `tenant` | the tenant's name; `public` in access tokens |
| `role` | access, delegation: `user` or `admin`; client: `client` |
| `username` | access: the user name |
| `device` | delegation: the device's id |
"""

from datetime import datetime, timedelta
from uuid import UUID

import jwt

from chassis.ids import new_id
from services.auth.accounts.account import Account
from services.auth.sessions.keys import Keys

APP = "soundstage:app"
PARTNER = "soundstage:partner"
ACCESS_LIFE = timedelta(hours=24)
CLIENT_LIFE = timedelta(hours=1)
DELEGATION_LIFE = timedelta(minutes=10)


class Tokens:
    def __init__(self, keys: Keys, issuer: str) -> None:
        self._keys = keys
        self._issuer = issuer

    def access(self, account: Account, session_id: UUID, issued_at: datetime) -> str:
        claims = {"typ": "access", "sid": str(session_id), "username": account.username, **_person(account)}
        return self._sign(APP, claims, issued_at, ACCESS_LIFE)

    def client(self, client_id: UUID, tenant: str, issued_at: datetime) -> str:
        claims: dict[str, object] = {"typ": "client", "sub": str(client_id), "tenant": tenant, "role": "client"}
        return self._sign(PARTNER, claims, issued_at, CLIENT_LIFE)

    def delegation(self, account: Account, device_id: UUID, issued_at: datetime) -> str:
        claims = {"typ": "delegation", "device": str(device_id), **_person(account)}
        return self._sign(PARTNER, claims, issued_at, DELEGATION_LIFE)

    def _sign(self, audience: str, claims: dict[str, object], issued_at: datetime, life: timedelta) -> str:
        key = self._keys.signing()
        times = {"iat": issued_at.timestamp(), "exp": int((issued_at + life).timestamp())}
        whole = {"iss": self._issuer, "aud": audience, "jti": str(new_id()), **times, **claims}
        return jwt.encode(whole, key.private, algorithm="EdDSA", headers={"kid": key.id})


def _person(account: Account) -> dict[str, object]:
    return {"sub": str(account.id), "number": account.number, "tenant": account.tenant, "role": account.role}
