"""SessionsService on the wire."""

import json
from datetime import UTC
from typing import Any

from soundstage.auth.v1 import sessions_pb2 as pb
from soundstage.auth.v1.sessions_pb2_grpc import SessionsServiceServicer

from chassis.clock import timestamp
from chassis.errors import FieldError, Invalid
from chassis.principal import Kind, allow, allow_anyone, current
from services.auth.accounts.account import Origin
from services.auth.accounts.wire import account_message, pair_message
from services.auth.sessions.domain import Sessions
from services.auth.sessions.keys import Keys
from services.auth.sessions.session import Place


class SessionsRpc(SessionsServiceServicer):
    def __init__(self, sessions: Sessions, keys: Keys) -> None:
        self._sessions = sessions
        self._keys = keys

    @allow_anyone
    async def LogIn(self, request: pb.LogInRequest, context: Any) -> pb.LogInResponse:
        origin = Origin(request.ip_address, request.user_agent)
        signed_in = await self._sessions.log_in(request.email, request.password, origin, remember=request.remember_me)
        return pb.LogInResponse(account=account_message(signed_in.account), tokens=pair_message(signed_in.pair))

    @allow_anyone
    async def Refresh(self, request: pb.RefreshSessionRequest, context: Any) -> pb.RefreshSessionResponse:
        pair = await self._sessions.refresh(request.refresh_token, request.ip_address)
        return pb.RefreshSessionResponse(tokens=pair_message(pair))

    @allow(Kind.USER)
    async def LogOut(self, request: pb.LogOutRequest, context: Any) -> pb.LogOutResponse:
        await self._sessions.log_out(current(), request.refresh_token)
        return pb.LogOutResponse()

    # Only ids and times: gateways ask as services, and nobody else can reach us.
    @allow(Kind.SERVICE)
    async def ListRevocations(self, request: pb.ListRevocationsRequest, context: Any) -> pb.ListRevocationsResponse:
        try:
            since = request.since.ToDatetime(UTC) if request.HasField("since") else None
        except (ValueError, OverflowError):
            raise Invalid(fields=[FieldError("since", "must be a time")]) from None
        after = Place.parse(request.page) if request.page else None
        found = await self._sessions.list_revocations(since, after, max(0, request.page_size))
        return pb.ListRevocationsResponse(
            session_ids=[str(i) for i in found.session_ids],
            not_before=[pb.NotBefore(account_id=str(i), moment=timestamp(moment)) for i, moment in found.not_before],
            as_of=timestamp(found.as_of),
            next_page=str(found.next or ""),
        )

    @allow_anyone
    async def GetKeys(self, request: pb.GetKeysRequest, context: Any) -> pb.GetKeysResponse:
        return pb.GetKeysResponse(jwks_json=json.dumps(self._keys.jwks(), separators=(",", ":")))
