from pydantic import TypeAdapter, ValidationError
from soundstage.auth.v1.accounts_pb2 import (
    ChangeAccountRequest,
    CheckUsernameRequest,
    GetAccountByUsernameRequest,
    GetAccountRequest,
    RegisterAccountRequest,
)
from soundstage.auth.v1.sessions_pb2 import LogInRequest, LogOutRequest, RefreshSessionRequest

from gateway.calls.wire import ask, ref
from gateway.contract import Handlers
from gateway.contracts.platform import limits
from gateway.contracts.platform.accounts import mapping
from gateway.contracts.platform.accounts.schemas import (
    LoginInput,
    ProfileInput,
    RefreshInput,
    RegisterInput,
    Username,
    UsernameQuery,
)
from gateway.contracts.platform.envelope import message, success
from gateway.parts import Parts
from gateway.web.faults import Malformed
from gateway.web.reading import in_english, json_body, path_uuid, query
from gateway.web.requests import Request
from gateway.web.responses import JSONResponse

HANDLERS = Handlers()
MAX_USER_AGENT = 255
# Passwords are hashed two at a time, so many people at once queue.
HASHING_SECONDS = 9.0

_username = TypeAdapter(Username)


@HANDLERS.on("registerUser", limits=(limits.REGISTER,), budget_seconds=HASHING_SECONDS)
async def register(parts: Parts, request: Request) -> JSONResponse:
    body = await json_body(request, RegisterInput)
    answer = await ask(
        parts.services.accounts.Register,
        RegisterAccountRequest(
            username=body.username,
            email=body.email,
            password=body.password,
            ip_address=request.address,
            user_agent=_user_agent(request),
        ),
        timeout_seconds=HASHING_SECONDS,
    )
    return success({"user": mapping.account(answer.account), "token": mapping.tokens(answer.tokens)}, 201)


@HANDLERS.on("loginUser", limits=(limits.LOGIN,), budget_seconds=HASHING_SECONDS)
async def log_in(parts: Parts, request: Request) -> JSONResponse:
    body = await json_body(request, LoginInput)
    await parts.limits.spend([limits.LOGIN_OF_EMAIL], body.email.lower())
    answer = await ask(
        parts.services.sessions.LogIn,
        LogInRequest(
            email=body.email,
            password=body.password,
            remember_me=body.remember_me,
            ip_address=request.address,
            user_agent=_user_agent(request),
        ),
        timeout_seconds=HASHING_SECONDS,
    )
    signed_in = {"user": mapping.account(answer.account), "token": mapping.tokens(answer.tokens)}
    return success({**signed_in, "requires_2fa": False})


@HANDLERS.on("refreshToken")
async def refresh(parts: Parts, request: Request) -> JSONResponse:
    body = await json_body(request, RefreshInput)
    answer = await ask(
        parts.services.sessions.Refresh,
        RefreshSessionRequest(refresh_token=body.refresh_token, ip_address=request.address),
    )
    return success(mapping.tokens(answer.tokens))


@HANDLERS.on("logoutUser")
async def log_out(parts: Parts, request: Request) -> JSONResponse:
    body = await json_body(request, RefreshInput)
    await ask(parts.services.sessions.LogOut, LogOutRequest(refresh_token=body.refresh_token))
    return message("Logged out successfully")


@HANDLERS.on("getCurrentUser")
async def get_me(parts: Parts, request: Request) -> JSONResponse:
    answer = await ask(parts.services.accounts.Get, GetAccountRequest(account=ref(str(request.principal.user_id))))
    return success(mapping.current_user(answer.account))


@HANDLERS.on("checkUsername")
async def check_username(parts: Parts, request: Request) -> JSONResponse:
    params = query(request, UsernameQuery)
    answer = await ask(parts.services.accounts.CheckUsername, CheckUsernameRequest(username=params.username))
    return success({"username": params.username, "available": answer.available})


@HANDLERS.on("getUser")
async def get_user(parts: Parts, request: Request) -> JSONResponse:
    answer = await ask(parts.services.accounts.Get, GetAccountRequest(account=ref(path_uuid(request))))
    return success({"profile": mapping.profile(answer.account)})


@HANDLERS.on("getUserByUsername")
async def get_user_by_username(parts: Parts, request: Request) -> JSONResponse:
    try:
        username = _username.validate_python(request.path_params["username"])
    except ValidationError as failure:
        raise Malformed.at("username", in_english(failure.errors()[0])) from None
    answer = await ask(parts.services.accounts.GetByUsername, GetAccountByUsernameRequest(username=username))
    return success({"profile": mapping.public_profile(answer.account)})


@HANDLERS.on("updateUser")
async def change_user(parts: Parts, request: Request) -> JSONResponse:
    account_id = path_uuid(request)
    sent = (await json_body(request, ProfileInput)).sent()
    answer = await ask(parts.services.accounts.Change, ChangeAccountRequest(id=account_id, fields=list(sent), **sent))
    return success({"profile": mapping.changed_profile(answer.account)})


def _user_agent(request: Request) -> str:
    return request.headers.get("user-agent", "")[:MAX_USER_AGENT]
