from soundstage.auth.v1.accounts_pb2 import AddRequest, GetRequest
from soundstage.auth.v1.tenants_pb2 import IssueClientTokenRequest, IssueDelegationTokenRequest

from chassis.errors import NotFound
from gateway.calls.wire import ref
from gateway.contract import Handlers
from gateway.contracts.partner import mapping
from gateway.contracts.partner.limits import CLIENT_TOKENS
from gateway.contracts.partner.schemas import DelegationRequest, NewUser, read_credentials
from gateway.parts import Parts
from gateway.web.answers import Answer, Headers, json_answer
from gateway.web.reading import idempotency_key, is_uuid, json_body
from gateway.web.requests import Request

HANDLERS = Handlers()
NO_STORE: Headers = [(b"cache-control", b"no-store")]


@HANDLERS.on("issueClientToken", limits=(CLIENT_TOKENS,))
async def issue_client_token(parts: Parts, request: Request) -> Answer:
    asked = await read_credentials(request)
    answer = await parts.calls.auth.issue_client_token(
        IssueClientTokenRequest(client_id=asked.client_id, client_secret=asked.client_secret)
    )
    return json_answer(200, mapping.client_token(answer), [*NO_STORE])


@HANDLERS.on("createUser")
async def add_user(parts: Parts, request: Request) -> Answer:
    key, new = idempotency_key(request), await json_body(request, NewUser)
    answer = await parts.calls.auth.add_account(AddRequest(**new.model_dump(), idempotency_key=key))
    return json_answer(201, mapping.user(answer.account))


@HANDLERS.on("getUser")
async def get_user(parts: Parts, request: Request) -> Answer:
    answer = await parts.calls.auth.get_account(GetRequest(account=ref(_user_id(request))))
    return json_answer(200, mapping.user(answer.account))


@HANDLERS.on("issueDelegationToken")
async def issue_delegation_token(parts: Parts, request: Request) -> Answer:
    user_id, asked = _user_id(request), await json_body(request, DelegationRequest)
    answer = await parts.calls.auth.issue_delegation_token(
        IssueDelegationTokenRequest(user_id=user_id, device_id=asked.device_id)
    )
    return json_answer(200, mapping.delegation_token(answer), [*NO_STORE])


def _user_id(request: Request) -> str:
    """An id that cannot be read is as unknown as any other."""
    if not is_uuid(request.params["user_id"]):
        raise NotFound()
    return request.params["user_id"].lower()
