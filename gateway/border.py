"""The contracts' border: limits, identity, time, errors, CORS, spans and metrics around every operation.

An ASGI middleware in front of the FastAPI application (docs/decisions/0011). Which operations there are is declared by
the contracts' documents (`contract.py`); each error is rendered by the contract that owns the path. What is neither an
operation, nor media, nor below a contract's base path goes on to the application.
"""

from collections.abc import Awaitable, Sequence
from functools import cache, partial
from time import perf_counter

from opentelemetry.trace import SpanKind
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chassis import clock, errors, principal, telemetry
from gateway import addresses, cors, media
from gateway.app_names import AppNames
from gateway.contract import Contract, Operation
from gateway.limits import Exceeded, Limit, Standing
from gateway.parts import Parts
from gateway.web.faults import MethodNotAllowed
from gateway.web.requests import Request
from gateway.web.routing import Routes

log = telemetry.logger(__name__)


class Border:
    """`contracts[0]` also answers for paths that belong to none."""

    def __init__(self, app: ASGIApp, parts: Parts, contracts: Sequence[Contract], app_names: AppNames) -> None:
        self._app = app
        self._parts = parts
        self._app_names = app_names
        self._home = contracts[0]
        self.operations = [operation for contract in contracts for operation in contract.operations()]
        self._routes = Routes(self.operations)
        # The longest base path first: insights lies below platform's.
        self._owners = sorted(((c.base_path + "/", c) for c in contracts), key=lambda pair: -len(pair[0]))
        settings = parts.settings
        self._media_limit = Limit("media", settings.media_reads_per_minute, 60)
        self._most_working, self._most_bodies = settings.max_requests, settings.max_bodies
        self._working = self._bodies = 0
        self._measured = cache(
            lambda operation, status: telemetry.HTTP_SECONDS.labels(
                operation.contract.name, operation.operation_id, status
            )
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        # Requests of one connection share a context.
        principal.enter(principal.ANONYMOUS)
        request = Request(scope, partial(self._receive, receive), addresses.client(scope, self._parts.settings.proxies))
        try:
            self._working += 1
            try:
                answer = await self._answer(request)
            finally:
                self._working -= 1
            await answer(scope, receive, send)
        except ClientDisconnect:
            pass  # nobody is left to answer

    async def _receive(self, receive: Receive) -> Message:
        """A client that is still sending takes none of the places of requests that work."""
        if self._bodies >= self._most_bodies:
            raise errors.Unavailable(retry_after_seconds=1)
        self._working -= 1
        self._bodies += 1
        try:
            return await receive()
        finally:
            self._working += 1
            self._bodies -= 1

    async def _answer(self, request: Request) -> ASGIApp:
        if preflight := cors.preflight(request):
            return preflight
        if request.path.startswith(media.PREFIX):
            return cors.opened(await self._media(request))
        try:
            operation, request.scope["path_params"] = self._routes.match(request.method, request.path)
        except errors.NotFound as error:
            owner = self._owner(request.path)
            return await self._refused(request, owner, error) if owner else _as_get(self._app)
        except MethodNotAllowed as error:
            return await self._refused(request, error.owner or self._home, error)
        answer = await self._observed(request, operation)
        return _bodiless(answer) if request.method == "HEAD" else answer

    def _owner(self, path: str) -> Contract | None:
        """The contract at whose base path this is, or below it."""
        return next((contract for base, contract in self._owners if f"{path}/".startswith(base)), None)

    async def _media(self, request: Request) -> Response:
        started = perf_counter()
        try:
            self._check_room()
            await self._spend_of_address(request, [self._media_limit])
            answer = await self._parts.media.answer(request)
        except errors.Error as error:
            answer = media.render(error)
        except Exception:
            log.exception("media.failed")
            answer = media.render(errors.Internal())
        telemetry.HTTP_SECONDS.labels("media", "getMedia", answer.status_code).observe(perf_counter() - started)
        return answer

    async def _observed(self, request: Request, operation: Operation) -> Response:
        started = perf_counter()
        status = 499
        try:
            with telemetry.span(
                operation.operation_id, parent=request.headers.get("traceparent"), kind=SpanKind.SERVER
            ) as span:
                answer = await self._rendered(request, operation)
                status = answer.status_code
                if span.is_recording():
                    span.set_attribute("http.response.status_code", status)
                return answer
        finally:
            self._measured(operation, status).observe(perf_counter() - started)

    async def _rendered(self, request: Request, operation: Operation) -> Response:
        try:
            with clock.budget(operation.handled.budget_seconds):
                answer = await self._operate(request, operation)
        except errors.Error as error:
            answer = operation.contract.render(error)
        except ClientDisconnect:
            raise
        except Exception:
            log.exception("request.failed", operation=operation.operation_id)
            answer = operation.contract.render(errors.Internal())
        return _with_rate_limit_headers(cors.opened(answer), request.standing)

    async def _operate(self, request: Request, operation: Operation) -> Response:
        """Limit, token, limit of the account, then the handler: in this order in every contract."""
        self._check_room()
        if operation.limits:
            await self._spend_of_address(request, operation.limits)
        self._app_names.count(operation.path, request.scope["query_string"])
        if operation.kinds:
            request.principal = await self._parts.identity.identify(
                request.headers.get("authorization"),
                operation.kinds,
                is_optional=operation.is_token_optional,
                wrong_kind=operation.contract.wrong_kind,
            )
            principal.enter(request.principal)
        if operation.account_limits and request.principal.account_id:
            who = str(request.principal.account_id)
            await self._spend(request, self._parts.limits.spend(operation.account_limits, who))
        return await operation.handled.handler(self._parts, request)

    async def _refused(self, request: Request, owner: Contract, error: errors.Error) -> Response:
        """A path or method that no document declares, in the words of its contract."""
        try:
            if owner.limits and f"{request.path}/".startswith(f"{owner.base_path}/"):
                await self._spend_of_address(request, owner.limits)
        except errors.Error as limited:
            error = limited
        return _with_rate_limit_headers(cors.opened(owner.render(error)), request.standing)

    def _check_room(self) -> None:
        if self._working > self._most_working:
            raise errors.Unavailable(retry_after_seconds=1)

    async def _spend_of_address(self, request: Request, limits: Sequence[Limit]) -> None:
        await self._spend(request, self._parts.limits.spend_of_address(limits, request.address))

    async def _spend(self, request: Request, spending: Awaitable[Standing]) -> None:
        try:
            standing = await spending
        except Exceeded as exceeded:
            request.standing = exceeded.standing
            raise
        if request.standing is None or standing.remaining < request.standing.remaining:
            request.standing = standing


def _bodiless(answer: Response) -> Response:
    """The answer to HEAD: what GET answers, without its body."""
    head = Response(status_code=answer.status_code)
    head.raw_headers = answer.raw_headers
    return head


def _as_get(app: ASGIApp) -> ASGIApp:
    """HEAD works wherever GET does; the server leaves the body out."""

    async def call(scope: Scope, receive: Receive, send: Send) -> None:
        await app({**scope, "method": "GET"} if scope["method"] == "HEAD" else scope, receive, send)

    return call


def _with_rate_limit_headers(answer: Response, standing: Standing | None) -> Response:
    if standing is not None:
        answer.raw_headers += [
            (b"x-ratelimit-limit", b"%d" % standing.limit),
            (b"x-ratelimit-remaining", b"%d" % standing.remaining),
            (b"x-ratelimit-reset", b"%d" % standing.reset_at),
        ]
    return answer
