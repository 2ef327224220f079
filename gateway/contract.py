"""A public contract: its document declares the operations, its folder handles them; one without a handler is 501."""

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pkgutil import walk_packages
from typing import Any

from starlette.responses import Response

from chassis import errors
from chassis.principal import Kind
from gateway import documents
from gateway.limits import Limit
from gateway.parts import Parts
from gateway.web.faults import NotBuilt
from gateway.web.requests import Request

Handler = Callable[[Parts, Request], Awaitable[Response]]

BUDGET_SECONDS = 10.0
_METHODS = frozenset({"get", "put", "post", "delete", "options", "head", "patch", "trace"})
_PARAMETER = re.compile(r"\{([^}]+)\}")


@dataclass(frozen=True, slots=True)
class Handled:
    """An operation's handler, its time budget, and its limits beside its contract's."""

    handler: Handler
    limits: tuple[Limit, ...] = ()
    budget_seconds: float = BUDGET_SECONDS


class Handlers(dict[str, Handled]):
    """The handlers of a contract by operationId."""

    def on(
        self, operation_id: str, *, limits: tuple[Limit, ...] = (), budget_seconds: float = BUDGET_SECONDS
    ) -> Callable[[Handler], Handler]:
        def keep(handler: Handler) -> Handler:
            self._add(operation_id, Handled(handler, limits, budget_seconds))
            return handler

        return keep

    @classmethod
    def of(cls, package: str) -> "Handlers":
        """All of a contract: `HANDLERS` of every module in its package."""
        found = cls()
        for file in walk_packages(import_module(package).__path__, f"{package}."):
            for operation_id, handled in getattr(import_module(file.name), "HANDLERS", {}).items():
                found._add(operation_id, handled)
        return found

    def _add(self, operation_id: str, handled: Handled) -> None:
        if operation_id in self:
            raise ValueError(f"{operation_id} has two handlers")
        self[operation_id] = handled


@dataclass(frozen=True, slots=True, eq=False)
class Operation:
    """One operation of a document, bound to its handler. `kinds`: the tokens it accepts; empty: no token is read."""

    contract: "Contract"
    operation_id: str
    method: str
    path: str
    parameters: tuple[str, ...]
    kinds: frozenset[Kind]
    is_token_optional: bool
    handled: Handled
    is_built: bool
    limits: tuple[Limit, ...]
    account_limits: tuple[Limit, ...]


@dataclass(frozen=True)
class Contract:
    """`accepts` says which kind of token each security scheme of the document means; `render` owns every error body."""

    name: str
    handlers: Mapping[str, Handled]
    render: Callable[[errors.Error], Response]
    accepts: Mapping[str, Kind] = field(default_factory=dict)
    # For every path under the base path, known or not; documents outside it are not limited.
    limits: tuple[Limit, ...] = ()
    # The error for a valid token of a kind that the operation does not accept.
    wrong_kind: type[errors.Error] = errors.Unauthenticated

    @property
    def document(self) -> dict[str, Any]:
        return documents.load(self.name)

    @property
    def base_path(self) -> str:
        return _base(self.document)

    def operations(self) -> list[Operation]:
        """Every operation of the document, at its full path."""
        found = [
            self._operation(method, path, item, spec)
            for path, item in self.document["paths"].items()
            for method, spec in item.items()
            if method in _METHODS
        ]
        unknown = self.handlers.keys() - {o.operation_id for o in found}
        if unknown:
            raise ValueError(f"{self.name} declares no operation {sorted(unknown)}")
        return found

    def _operation(self, method: str, path: str, item: dict[str, Any], spec: dict[str, Any]) -> Operation:
        base = _base(spec) if "servers" in spec else _base(item) if "servers" in item else self.base_path
        handled = self.handlers.get(spec["operationId"])
        schemes: list[dict[str, Any]] = spec.get("security", self.document.get("security", []))
        limits = (self.limits if base == self.base_path else ()) + (handled.limits if handled else ())
        return Operation(
            contract=self,
            operation_id=spec["operationId"],
            method=method.upper(),
            path=base + path if path != "/" or not base else base,
            parameters=tuple(_PARAMETER.findall(path)),
            kinds=frozenset(self.accepts[name] for scheme in schemes for name in scheme if self._is_bearer(name)),
            is_token_optional={} in schemes,
            handled=handled or Handled(_not_built),
            is_built=handled is not None,
            limits=tuple(limit for limit in limits if not limit.is_per_account),
            account_limits=tuple(limit for limit in limits if limit.is_per_account),
        )

    def _is_bearer(self, scheme: str) -> bool:
        """Other schemes, such as a payment provider's signature, are checked by the handler."""
        return bool(self.document["components"]["securitySchemes"][scheme]["type"] == "http")


async def _not_built(_parts: Parts, _request: Request) -> Response:
    raise NotBuilt()


def _base(document: Mapping[str, Any]) -> str:
    servers = document.get("servers") or [{"url": "/"}]
    return str(servers[0]["url"]).rstrip("/")
