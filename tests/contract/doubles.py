"""The services as a contract test needs them: answers by method, over real gRPC, and tokens that the gateway believes.

They pin bodies and errors of the border alone; that the services really answer so is for the end-to-end tests.
"""

import inspect
import json
import time
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import grpc
import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from google.protobuf import descriptor_pool, message_factory

from chassis import errors, principal, rpc_errors

Reply = Callable[[Any], Any]


class Services(grpc.GenericRpcHandler):  # type: ignore[type-arg]
    """Every service in one server: `on("catalog.v1.TracksService/GetBatch", lambda request: answer)`."""

    def __init__(self) -> None:
        self._replies: dict[str, Reply] = {}
        # What was asked, in order: method and request.
        self.calls: list[tuple[str, Any]] = []
        # On whose behalf the last call came.
        self.caller = principal.ANONYMOUS

    def on(self, method: str, reply: Reply | Any) -> None:
        self._replies[method] = reply if callable(reply) else lambda _request: reply

    def down(self, method: str) -> None:
        self.on(method, _raise(errors.Unavailable()))

    def refuse(self, method: str, error: errors.Error) -> None:
        self.on(method, _raise(error))

    def asked(self, method: str) -> list[Any]:
        return [request for name, request in self.calls if name == method]

    def service(self, details: grpc.HandlerCallDetails) -> Any:
        name = details.method.removeprefix("/soundstage.")
        if name not in self._replies:
            return None
        described = descriptor_pool.Default().FindMethodByName(details.method[1:].replace("/", "."))
        kind = message_factory.GetMessageClass(described.input_type)
        behaviour = self._streamed(name) if described.client_streaming else self._unary(name)
        build = (
            grpc.stream_unary_rpc_method_handler if described.client_streaming else grpc.unary_unary_rpc_method_handler
        )
        return build(
            behaviour, request_deserializer=kind.FromString, response_serializer=lambda m: m.SerializeToString()
        )

    def _unary(self, name: str) -> Any:
        async def answer(request: Any, context: Any) -> Any:
            self.calls.append((name, request))
            self.caller = principal.decode(dict(context.invocation_metadata())[principal.METADATA_KEY])
            return await self._replied(name, request, context)

        return answer

    def _streamed(self, name: str) -> Any:
        async def answer(requests: Any, context: Any) -> Any:
            return await self._replied(name, requests, context)

        return answer

    async def _replied(self, name: str, request: Any, context: Any) -> Any:
        try:
            reply = self._replies[name](request)
            return await reply if inspect.isawaitable(reply) else reply
        except errors.Error as error:
            status = rpc_errors.to_status(error)
            await context.abort(status.code, status.details, status.trailing_metadata)


class Signer:
    """Signs what auth would sign."""

    def __init__(self) -> None:
        self.kid = uuid4().hex
        self._private = Ed25519PrivateKey.generate()
        public = json.loads(jwt.algorithms.OKPAlgorithm.to_jwk(self._private.public_key()))
        self.jwks = json.dumps({"keys": [public | {"kid": self.kid, "alg": "EdDSA", "use": "sig"}]})

    def token(self, typ: str = "access", *, headers: dict[str, Any] | None = None, **changes: Any) -> str:
        """A good token of this kind with some claims changed; None takes a claim out."""
        now = time.time()
        audience = "soundstage:app" if typ == "access" else "soundstage:partner"
        claims = {
            "iss": "soundstage", "aud": audience, "typ": typ, "sub": str(uuid4()), "jti": str(uuid4()), "iat": now,
            "exp": int(now) + 600, "sid": str(uuid4()), "number": 7, "tenant": "public", "role": "user",
        }  # fmt: skip
        kept = {name: value for name, value in (claims | changes).items() if value is not None}
        return jwt.encode(kept, self._private, algorithm="EdDSA", headers={"kid": self.kid} | (headers or {}))


def _raise(error: errors.Error) -> Reply:
    def reply(_request: Any) -> Any:
        raise error

    return reply
