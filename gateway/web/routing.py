"""From method and path to an operation. The routes are those that the contracts' documents declare, and no others."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import unquote

from chassis.errors import NotFound
from gateway.web.faults import MethodNotAllowed

if TYPE_CHECKING:
    from gateway.contract import Operation


@dataclass(slots=True)
class _Node:
    static: dict[str, "_Node"] = field(default_factory=dict)
    any: "_Node | None" = None
    operations: dict[str, "Operation"] = field(default_factory=dict)
    allow: str = ""


class Routes:
    """A tree of path segments. A static segment wins over a parameter for every method, and there is no way back.

    Starlette's router would go on to the parameter for a method that the static path lacks, skips paths with a
    line feed in them, and tries 180 expressions in turn (docs/decisions/0011 has the cost).
    """

    def __init__(self, operations: Iterable["Operation"]) -> None:
        self._root = _Node()
        for operation in operations:
            self._add(operation)

    def match(self, method: str, path: str) -> tuple["Operation", dict[str, str]]:
        """The operation and its path parameters; NotFound, MethodNotAllowed. HEAD is GET unless it is declared."""
        node, values = self._root, []
        for segment in path[1:].split("/"):
            following = node.static.get(segment)
            if following is None:
                following = node.any
                if following is None or not segment:
                    raise NotFound()
                values.append(unquote(segment) if "%" in segment else segment)
            node = following
        if not node.operations:
            raise NotFound()
        operation = node.operations.get(method) or (node.operations.get("GET") if method == "HEAD" else None)
        if operation is None:
            raise MethodNotAllowed(node.allow, owner=next(iter(node.operations.values())).contract)
        return operation, dict(zip(operation.parameters, values, strict=True))

    def _add(self, operation: "Operation") -> None:
        node = self._root
        for segment in operation.path[1:].split("/"):
            if segment.startswith("{"):
                node.any = node.any or _Node()
                node = node.any
            else:
                node = node.static.setdefault(segment, _Node())
        if operation.method in node.operations:
            raise ValueError(f"{operation.method} {operation.path} is declared twice")
        node.operations[operation.method] = operation
        methods = {*node.operations, "HEAD"} if "GET" in node.operations else {*node.operations}
        node.allow = ", ".join(sorted(methods))
