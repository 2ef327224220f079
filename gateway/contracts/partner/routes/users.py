from soundstage.auth.v1.accounts_pb2 import AddAccountRequest, GetAccountRequest
from soundstage.auth.v1.tenants_pb2 import IssueClientTokenRequest, IssueDelegationTokenRequest

from chassis.errors import NotFound
from gateway.calls.wire import ask, ref
from gateway.contract import Handlers
from gateway.contracts.partner import mapping
from gateway.contracts.partner.limits import CLIENT_TOKENS
from gateway.contracts.partner.schemas import DelegationRequest, NewUser, read_credentials
from gateway.parts import Parts
from gateway.web.reading import idempotency_key, is_uuid, json_body
from gateway.web.requests import Request
from gateway.web.responses import JSONResponse

HANDLERS = Handlers()
NO_STORE = {"cache-control": "no-store"}


@HANDLERS.on("issueClientToken", limits=(CLIENT_TOKENS,))
async def issue_client_token(parts: Parts, request: Request) -> JSONResponse:
    asked = await read_credentials(request)
    answer = await ask(
        parts.services.tenants.IssueClientToken,
        IssueClientTokenRequest(client_id=asked.client_id, client_secret=asked.client_secret),
    )
    return JSONResponse(mapping.client_token(answer), headers=NO_STORE)


@HANDLERS.on("createUser")
async def add_user(parts: Parts, request: Request) -> JSONResponse:
    key, new = idempotency_key(request), await json_body(request, NewUser)
    answer = await ask(parts.services.accounts.Add, AddAccountRequest(**new.model_dump(), idempotency_key=key))
    return JSONResponse(mapping.user(answer.account), 201)


@HANDLERS.on("getUser")
async def get_user(parts: Parts, request: Request) -> JSONResponse:
    answer = await ask(parts.services.accounts.Get, GetAccountRequest(account=ref(_user_id(request))))
    return JSONResponse(mapping.user(answer.account))


@HANDLERS.on("issueDelegationToken")
async def issue_delegation_token(parts: Parts, request: Request) -> JSONResponse:
    user_id, asked = _user_id(request), await json_body(request, DelegationRequest)
    answer = await ask(
        parts.services.tenants.IssueDelegationToken,
        IssueDelegationTokenRequest(user_id=user_id, device_id=asked.device_id),
    )
    return JSONResponse(mapping.delegation_token(answer), headers=NO_STORE)


def _user_id(request: Request) -> str:
    """An id that cannot be read is as unknown as any other."""
    user_id: str = request.path_params["user_id"]
    if not is_uuid(user_id):
        raise NotFound()
    return user_id.lower()
