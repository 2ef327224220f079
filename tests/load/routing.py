"""What it costs to bring a request to its handler: the contracts' tree beside Starlette's and FastAPI's own routing.

    python -m tests.load.routing

In one run, each answers every operation of the five documents with the same empty response; no server, no network.
"""

import asyncio
from collections.abc import Sequence
from statistics import median
from time import perf_counter

from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.config import Settings
from gateway.contract import Operation
from gateway.contracts import CONTRACTS
from gateway.web.routing import Routes

ROUNDS = 300


async def handle(request: Request) -> Response:
    return Response(status_code=204)


def of_tree(operations: Sequence[Operation]) -> ASGIApp:
    routes = Routes(operations)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        _, scope["path_params"] = routes.match(scope["method"], scope["path"])
        answer = await handle(Request(scope, receive, send))
        await answer(scope, receive, send)

    return app


def of_starlette(operations: Sequence[Operation]) -> ASGIApp:
    return Starlette(routes=[Route(o.path, handle, methods=[o.method]) for o in operations])


def of_fastapi(operations: Sequence[Operation]) -> ASGIApp:
    app = FastAPI(openapi_url=None)
    for operation in operations:
        app.add_api_route(operation.path, handle, methods=[operation.method], response_model=None)
    return app


async def seconds(app: ASGIApp, operation: Operation) -> float:
    """For one request, the median of the rounds."""
    path = operation.path.replace("{", "").replace("}", "")
    statuses: set[int] = set()

    async def receive() -> Message:
        return {"type": "http.request"}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            statuses.add(message["status"])

    taken = []
    for _ in range(ROUNDS):
        scope = {
            "type": "http",
            "method": operation.method,
            "path": path,
            "root_path": "",
            "query_string": b"",
            "headers": [],
        }
        start = perf_counter()
        await app(scope, receive, send)
        taken.append(perf_counter() - start)
    if statuses != {204}:
        raise SystemExit(f"{operation.method} {path} answered {statuses}")
    return median(taken)


async def main() -> None:
    operations = [operation for contract in CONTRACTS for operation in contract(Settings()).operations()]
    print(f"{len(operations)} operations, microseconds a request")
    base = 0.0
    for name, app in (("tree", of_tree), ("Starlette", of_starlette), ("FastAPI", of_fastapi)):
        served = app(operations)
        each = sorted([1e6 * await seconds(served, operation) for operation in operations])
        middle = median(each)
        base = base or middle
        print(f"{name:10} median {middle:6.1f}   worst {each[-1]:6.1f}   ratio {middle / base:5.1f}")


if __name__ == "__main__":
    asyncio.run(main())
