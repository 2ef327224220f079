"""The caller. The gateway derives it from a token; services trust it because network policies decide who connects."""

import json
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar
from uuid import UUID

from chassis.errors import Forbidden, Unauthenticated

METADATA_KEY = "soundstage-principal-bin"
PUBLIC_TENANT = "public"
_POLICY = "__allowed_kinds__"
_Method = TypeVar("_Method", bound=Callable[..., Any])


class Kind(StrEnum):
    ANONYMOUS = "anonymous"
    USER = "user"
    CLIENT = "client"
    DELEGATION = "delegation"
    SESSION = "session"
    # Another of our processes, acting for itself.
    SERVICE = "service"


@dataclass(frozen=True, slots=True)
class Principal:
    kind: Kind
    account_id: UUID | None = None
    number: int | None = None
    tenant: str = PUBLIC_TENANT
    role: str = "user"
    session_id: UUID | None = None
    device_id: UUID | None = None

    @property
    def is_admin(self) -> bool:
        return self.kind is Kind.USER and self.role == "admin"

    @property
    def is_anonymous(self) -> bool:
        return self.kind is Kind.ANONYMOUS

    @property
    def user_id(self) -> UUID:
        """The calling account; raises Unauthenticated if there is none."""
        if self.account_id is None:
            raise Unauthenticated()
        return self.account_id

    def is_(self, account_id: UUID | None) -> bool:
        return self.account_id is not None and self.account_id == account_id


ANONYMOUS = Principal(Kind.ANONYMOUS)
SERVICE = Principal(Kind.SERVICE)

_current: ContextVar[Principal] = ContextVar("principal", default=ANONYMOUS)


def current() -> Principal:
    return _current.get()


def enter(principal: Principal) -> None:
    """Makes `principal` the caller for the rest of this task."""
    _current.set(principal)


def encode(principal: Principal) -> bytes:
    p = principal
    ids = [str(i) if i else None for i in (p.account_id, p.session_id, p.device_id)]
    return json.dumps([p.kind, p.number, p.tenant, p.role, *ids], separators=(",", ":")).encode()


def decode(encoded: bytes) -> Principal:
    kind, number, tenant, role, *ids = json.loads(encoded)
    account_id, session_id, device_id = (UUID(i) if i else None for i in ids)
    return Principal(Kind(kind), account_id, number, tenant, role, session_id, device_id)


def allow(*kinds: Kind) -> Callable[[_Method], _Method]:
    """States who may call an RPC; a server refuses to start if a method does not state it."""

    def stated(method: _Method) -> _Method:
        setattr(method, _POLICY, frozenset(kinds))
        return method

    return stated


allow_anyone = allow(*Kind)
allow_services = allow(Kind.SERVICE)


def policy_of(method: Callable[..., Any]) -> frozenset[Kind] | None:
    return getattr(method, _POLICY, None)


def check(principal: Principal, allowed: frozenset[Kind]) -> None:
    if principal.kind in allowed:
        return
    raise Unauthenticated() if principal.is_anonymous else Forbidden()
