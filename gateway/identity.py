"""Who calls: bearer tokens to principals. The algorithm is pinned, keys come from auth, ended sessions are refused.

A checked token is kept by its digest until it expires, because a signature costs more than the rest of a play; the
revocation list is looked at every time.
"""

from collections.abc import Collection
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any
from uuid import UUID

import jwt

from chassis import clock, errors
from chassis.principal import ANONYMOUS, PUBLIC_TENANT, Kind, Principal
from gateway.keys import Keys
from gateway.revocations import Revocations

ALGORITHM = "EdDSA"
APP = "soundstage:app"
PARTNER = "soundstage:partner"
# What auth signs (services/auth/sessions/tokens.py has the table): `typ` and `aud` together say the kind.
KINDS = {
    ("access", APP): Kind.USER,
    ("client", PARTNER): Kind.CLIENT,
    ("delegation", PARTNER): Kind.DELEGATION,
    ("session", PARTNER): Kind.SESSION,
}
MAX_TOKEN_BYTES = 4096
MAX_KEPT = 50_000

# `iat` is the database's time and may be ahead of ours; it is compared only with revocation times.
_OPTIONS: Any = {"require": ["iss", "aud", "exp", "iat", "sub", "jti"], "verify_iat": False}


@dataclass(frozen=True, slots=True)
class Checked:
    principal: Principal
    issued_at: float
    expires_at: float


class Identity:
    def __init__(self, keys: Keys, revocations: Revocations, *, issuer: str) -> None:
        self._issuer = issuer
        self._keys = keys
        self._revocations = revocations
        self._kept: dict[bytes, Checked] = {}

    async def identify(
        self,
        authorization: str | None,
        kinds: Collection[Kind],
        *,
        is_optional: bool,
        wrong_kind: type[errors.Error] = errors.Unauthenticated,
    ) -> Principal:
        """The caller. Raises Unauthenticated without a valid token, `wrong_kind` for a valid one of another kind."""
        if authorization is None:
            if is_optional:
                return ANONYMOUS
            raise errors.Unauthenticated()
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer":
            raise errors.Unauthenticated()
        checked = await self._checked(token.strip())
        if checked.principal.kind not in kinds:
            raise wrong_kind()
        return checked.principal

    async def _checked(self, token: str) -> Checked:
        if not self._revocations.is_ready:
            # Before the first whole list, a revoked session could pass.
            raise errors.Unavailable()
        digest = blake2b(token.encode("latin-1", "replace"), digest_size=16).digest()
        checked = self._kept.get(digest)
        if checked is None:
            checked = await self._verified(token)
            self._keep(digest, checked)
        if checked.expires_at <= clock.utc_now().timestamp():
            self._kept.pop(digest, None)
            raise errors.Unauthenticated()
        caller = checked.principal
        if self._revocations.refuse(caller.session_id, caller.account_id, checked.issued_at):
            raise errors.Unauthenticated()
        return checked

    async def _verified(self, token: str) -> Checked:
        if not 0 < len(token) <= MAX_TOKEN_BYTES:
            raise errors.Unauthenticated()
        try:
            header = jwt.get_unverified_header(token)
            if header.get("alg") != ALGORITHM:
                raise errors.Unauthenticated()
            key = await self._keys.get(str(header.get("kid")))
            return _read(
                jwt.decode(
                    token, key, algorithms=[ALGORITHM], issuer=self._issuer, audience=[APP, PARTNER], options=_OPTIONS
                )
            )
        except (jwt.InvalidTokenError, KeyError, TypeError, ValueError):
            raise errors.Unauthenticated() from None

    def _keep(self, digest: bytes, checked: Checked) -> None:
        self._kept[digest] = checked
        if len(self._kept) > MAX_KEPT:
            del self._kept[next(iter(self._kept))]


def _read(claims: dict[str, Any]) -> Checked:
    """The principal in the claims. Raises ValueError, KeyError or TypeError for invalid ones."""
    kind = KINDS[claims["typ"], claims["aud"]]
    device, session = claims.get("device"), claims.get("sid")
    principal = Principal(
        kind=kind,
        account_id=None if kind is Kind.CLIENT else UUID(claims["sub"]),
        number=None if kind is Kind.CLIENT else int(claims["number"]),
        tenant=str(claims.get("tenant", PUBLIC_TENANT)),
        role=str(claims.get("role", "user")),
        session_id=UUID(session) if session else None,
        device_id=UUID(device) if device else None,
    )
    if kind in (Kind.USER, Kind.SESSION) and principal.session_id is None:
        raise ValueError("a token of a session must name it")
    return Checked(principal, float(claims["iat"]), float(claims["exp"]))
