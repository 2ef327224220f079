from soundstage.auth.v1.accounts_pb2 import AddAccountRequest, GetAccountRequest

from gateway.calls.wire import ask, ref
from gateway.contract import Handlers
from gateway.contracts.partner.ids import path_uuid
from gateway.contracts.partner.users import mapping
from gateway.contracts.partner.users.schemas import NewUser
from gateway.parts import Parts
from gateway.web.reading import idempotency_key, json_body
from gateway.web.requests import Request
from gateway.web.responses import JSONResponse

HANDLERS = Handlers()


@HANDLERS.on("createUser")
async def add_user(parts: Parts, request: Request) -> JSONResponse:
    key, new = idempotency_key(request), await json_body(request, NewUser)
    answer = await ask(parts.services.accounts.Add, AddAccountRequest(**new.model_dump(), idempotency_key=key))
    return JSONResponse(mapping.user(answer.account), 201)


@HANDLERS.on("getUser")
async def get_user(parts: Parts, request: Request) -> JSONResponse:
    account = ref(path_uuid(request, "user_id"))
    answer = await ask(parts.services.accounts.Get, GetAccountRequest(account=account))
    return JSONResponse(mapping.user(answer.account))
