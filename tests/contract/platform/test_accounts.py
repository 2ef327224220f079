from typing import Any

import pytest
from soundstage.auth.v1.accounts_pb2 import (
    Account,
    CheckUsernameResponse,
    GetAccountResponse,
    RegisterAccountResponse,
    Tokens,
)
from soundstage.auth.v1.sessions_pb2 import LogInResponse

from chassis import errors
from chassis.errors import FieldError
from tests.contract.conftest import Public

JOHN = "018f3c1e-0000-7000-8000-000000000001"
REGISTER = {
    "username": "johndoe",
    "email": "john@example.com",
    "password": "SecurePassword123!",
    "password_confirm": "SecurePassword123!",
}


def _john(**more: Any) -> Account:
    account = Account(id=JOHN, number=294, username="johndoe", role="user", tenant="public", **more)
    account.created_at.FromJsonString("2025-01-01T00:00:00Z")
    return account


async def test_registering_answers_the_account_and_its_tokens(public: Public) -> None:
    tokens = Tokens(access_token="a", refresh_token="r", expires_in_seconds=86400)
    public.services.on(
        "auth.v1.AccountsService/Register",
        RegisterAccountResponse(account=_john(email="john@example.com"), tokens=tokens),
    )
    answer = await public.http.post("/api/v1/auth/register", json=REGISTER)
    assert answer.status_code == 201
    assert answer.json() == {
        "success": True,
        "data": {
            "user": {
                "id": JOHN,
                "username": "johndoe",
                "email": "john@example.com",
                "number": 294,
                "handle": "johndoe",
            },
            "token": {"access_token": "a", "refresh_token": "r", "expires_in": 86400},
        },
    }
    [asked] = public.services.asked("auth.v1.AccountsService/Register")
    assert (asked.username, asked.ip_address) == ("johndoe", "192.0.2.1")


async def test_spaces_around_an_email_are_forgiven(public: Public) -> None:
    register, login = "auth.v1.AccountsService/Register", "auth.v1.SessionsService/LogIn"
    public.services.on(register, RegisterAccountResponse(account=_john()))
    public.services.on(login, LogInResponse(account=_john()))
    typed = {"email": " john@example.com\t"}
    await public.http.post("/api/v1/auth/register", json=REGISTER | typed)
    await public.http.post("/api/v1/auth/login", json={"password": REGISTER["password"]} | typed)
    assert [public.services.asked(call)[0].email for call in (register, login)] == ["john@example.com"] * 2


async def test_a_taken_name_is_a_conflict_that_names_it(public: Public) -> None:
    taken = errors.AlreadyExists("This user name is taken", fields=[FieldError("username", "is taken")])
    public.services.refuse("auth.v1.AccountsService/Register", taken)
    answer = await public.http.post("/api/v1/auth/register", json=REGISTER)
    assert answer.status_code == 409
    assert answer.json() == {
        "success": False,
        "error": {
            "code": "CONFLICT",
            "message": "This user name is taken",
            "details": [{"field": "username", "message": "is taken"}],
        },
    }


@pytest.mark.parametrize(
    ("change", "field", "message"),
    [
        ({"username": "ab"}, "username", "must have at least 3 characters"),
        (
            {"username": "-abc"},
            "username",
            "must contain only ASCII letters, digits, _, . and -, and not start with . or -",
        ),
        ({"email": "john@localhost"}, "email", "must be an email address, such as name@example.com"),
        ({"password": "short"}, "password", "must have at least 8 characters"),
        ({"password_confirm": "Another1!"}, "password_confirm", "must be the same as password"),
        ({"role": "admin"}, "role", "is not a known field"),
        ({"username": 5}, "username", "must be a string"),
        ({"password": "nul\x00nulnul"}, "password", "must not contain NUL characters"),
    ],
)
async def test_a_wrong_field_is_named(public: Public, change: dict[str, object], field: str, message: str) -> None:
    answer = await public.http.post("/api/v1/auth/register", json=REGISTER | change)
    assert answer.status_code == 422
    error = answer.json()["error"]
    assert (error["code"], error["message"]) == ("VALIDATION_ERROR", "Validation failed")
    assert {"field": field, "message": message} in error["details"]
    assert public.services.calls == []


async def test_registering_more_than_five_times_a_minute_is_limited(public: Public) -> None:
    answers = [await public.http.post("/api/v1/auth/register", json={}) for _ in range(6)]
    assert [a.status_code for a in answers] == [422] * 5 + [429]
    limited = answers[-1]
    assert limited.json()["error"]["code"] == "RATE_LIMIT_EXCEEDED"
    assert limited.headers["X-RateLimit-Limit"] == "5"
    assert limited.headers["X-RateLimit-Remaining"] == "0"
    assert 1 <= int(limited.headers["Retry-After"]) <= 12
    # The wider limit goes on: other operations are open.
    me = await public.http.get("/api/v1/auth/me")
    assert me.status_code == 401
    assert me.headers["WWW-Authenticate"] == "Bearer"
    assert me.headers["X-RateLimit-Limit"] == "100"


async def test_a_login_takes_no_notice_of_an_expired_token(public: Public) -> None:
    public.services.refuse(
        "auth.v1.SessionsService/LogIn", errors.Unauthenticated("No such account", reason="INVALID_CREDENTIALS")
    )
    answer = await public.http.post(
        "/api/v1/auth/login",
        json={"email": "john@example.com", "password": "wrong"},
        headers=public.bearer(exp=1),
    )
    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == "INVALID_CREDENTIALS"


async def test_an_email_is_there_only_when_auth_gave_it(public: Public) -> None:
    public.services.on("auth.v1.AccountsService/Get", GetAccountResponse(account=_john()))
    profile = (await public.http.get(f"/api/v1/users/{JOHN.upper()}")).json()["data"]["profile"]
    assert profile == {
        "id": JOHN,
        "username": "johndoe",
        "bio": None,
        "avatar": None,
        "location": None,
        "created_at": "2025-01-01T00:00:00Z",
        "number": 294,
        "handle": "johndoe",
    }
    public.services.on("auth.v1.AccountsService/Get", GetAccountResponse(account=_john(email="john@example.com")))
    profile = (await public.http.get(f"/api/v1/users/{JOHN}", headers=public.bearer())).json()["data"]["profile"]
    assert profile["email"] == "john@example.com"


async def test_a_profile_changes_only_in_what_is_sent(public: Public) -> None:
    public.services.on("auth.v1.AccountsService/Change", GetAccountResponse(account=_john(bio="New")))
    url, headers = f"/api/v1/users/{JOHN}", public.bearer(sub=JOHN)
    changed = await public.http.put(url, json={"bio": "New", "location": "", "gender": None}, headers=headers)
    assert changed.status_code == 200
    [asked] = public.services.asked("auth.v1.AccountsService/Change")
    assert list(asked.fields) == ["bio", "gender", "location"]
    assert asked.bio == "New" and not asked.HasField("location") and not asked.HasField("gender")
    empty = await public.http.put(url, json={}, headers=headers)
    assert empty.status_code == 422
    assert empty.json()["error"]["details"] == [{"field": "", "message": "must name at least one field"}]
    null_name = await public.http.put(url, json={"username": None}, headers=headers)
    assert null_name.json()["error"]["details"] == [{"field": "username", "message": "must be a string"}]


async def test_a_name_that_nobody_could_have_is_400(public: Public) -> None:
    public.services.on("auth.v1.AccountsService/CheckUsername", CheckUsernameResponse(available=True))
    free = await public.http.get("/api/v1/auth/check-username", params={"username": "johndoe"})
    assert free.json() == {"success": True, "data": {"username": "johndoe", "available": True}}
    bad = await public.http.get("/api/v1/auth/check-username", params={"username": "no way"})
    assert bad.status_code == 400
    missing = await public.http.get("/api/v1/auth/check-username")
    assert missing.json()["error"] == {
        "code": "BAD_REQUEST",
        "message": "username is required",
        "details": [{"field": "username", "message": "is required"}],
    }
    assert (await public.http.get("/api/v1/users/by-username/a%2Fb")).status_code == 400
