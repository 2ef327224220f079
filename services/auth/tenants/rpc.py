"""TenantsService on the wire."""

from typing import Any

from soundstage.auth.v1 import tenants_pb2 as pb
from soundstage.auth.v1.tenants_pb2_grpc import TenantsServiceServicer

from chassis.ids import parse
from chassis.principal import Kind, allow, allow_anyone, current
from services.auth.tenants.domain import Tenants


class TenantsRpc(TenantsServiceServicer):
    def __init__(self, tenants: Tenants) -> None:
        self._tenants = tenants

    @allow_anyone
    async def IssueClientToken(self, request: pb.IssueClientTokenRequest, context: Any) -> pb.IssueClientTokenResponse:
        issued = await self._tenants.issue_client_token(request.client_id, request.client_secret)
        return pb.IssueClientTokenResponse(access_token=issued.token, expires_in_seconds=issued.expires_in_seconds)

    @allow(Kind.CLIENT)
    async def IssueDelegationToken(
        self, request: pb.IssueDelegationTokenRequest, _: Any
    ) -> pb.IssueDelegationTokenResponse:
        user_id = parse(request.user_id, field="user_id")
        device_id = parse(request.device_id, field="device_id")
        issued = await self._tenants.issue_delegation_token(current(), user_id, device_id)
        return pb.IssueDelegationTokenResponse(token=issued.token, expires_in_seconds=issued.expires_in_seconds)
