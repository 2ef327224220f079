from soundstage.auth.v1.tenants_pb2 import IssueClientTokenRequest, IssueDelegationTokenRequest

from gateway.calls.wire import ask
from gateway.contract import Handlers
from gateway.contracts.partner.ids import path_uuid
from gateway.contracts.partner.limits import CLIENT_TOKENS
from gateway.contracts.partner.tokens import mapping
from gateway.contracts.partner.tokens.schemas import DelegationRequest, read_credentials
from gateway.parts import Parts
from gateway.web.reading import json_body
from gateway.web.requests import Request
from gateway.web.responses import JSONResponse

HANDLERS = Handlers()
NO_STORE = {"cache-control": "no-store"}


@HANDLERS.on("issueClientToken", limits=(CLIENT_TOKENS,))
async def issue_client_token(parts: Parts, request: Request) -> JSONResponse:
    credentials = await read_credentials(request)
    answer = await ask(
        parts.services.tenants.IssueClientToken,
        IssueClientTokenRequest(client_id=credentials.client_id, client_secret=credentials.client_secret),
    )
    return JSONResponse(mapping.client_token(answer), headers=NO_STORE)


@HANDLERS.on("issueDelegationToken")
async def issue_delegation_token(parts: Parts, request: Request) -> JSONResponse:
    user_id, body = path_uuid(request, "user_id"), await json_body(request, DelegationRequest)
    answer = await ask(
        parts.services.tenants.IssueDelegationToken,
        IssueDelegationTokenRequest(user_id=user_id, device_id=body.device_id),
    )
    return JSONResponse(mapping.delegation_token(answer), headers=NO_STORE)
