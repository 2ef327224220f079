"""Credentials, users and delegation tokens, as a partner's back end gets them."""

from typing import Any

import pytest

from chassis import errors
from tests.contract.conftest import Public
from tests.contract.documented import assert_documented
from tests.contract.partner.conftest import (
    ADD,
    CLIENT_TOKEN,
    DELEGATION_TOKEN,
    GET,
    LIST_TRACKS,
    USER_ID,
    client,
    delegation,
    session,
)

BASE = "/partner/v1"
CREDENTIALS = {"grant_type": "client_credentials", "client_id": "id", "client_secret": "secret+&"}
NEW_USER = {"first_name": "Jane", "last_name": "Doe", "email": "user@example.com", "date_of_birth": "2019-08-24"}
DEVICE = {"deviceId": "a9b66a51-3cb6-4e66-bb94-675e83380fe5"}
USER = {
    "id": USER_ID,
    "first_name": "Jane",
    "last_name": "Doe",
    "email": "user@example.com",
    "date_of_birth": "2019-08-24",
    "status": "UNSUBSCRIBED",
    "subscription_ends_at": None,
    "pm_type": None,
    "pm_last_four": None,
    "created_at": "2019-08-24T14:15:22Z",
    "updated_at": "2019-08-24T14:15:22Z",
}


def invalid(**fields: str) -> dict[str, Any]:
    return {
        "message": "The given data was invalid.",
        "errors": {name: [message] for name, message in fields.items()},
    }


async def test_the_clock_and_the_catalogue(partner: Public) -> None:
    answer = await partner.http.get(f"{BASE}/heartbeat")
    assert answer.status_code == 200
    assert_documented("partner", "getHeartbeat", answer)
    assert not partner.services.calls
    answer = await partner.http.get(f"{BASE}/status/aggregator")
    assert (answer.status_code, answer.json()) == (200, {"status": "up"})
    partner.services.down(LIST_TRACKS)
    answer = await partner.http.get(f"{BASE}/status/aggregator")
    assert answer.json() == {"status": "down", "message": "The catalogue does not answer."}
    assert_documented("partner", "getAggregatorStatus", answer)


@pytest.mark.parametrize("body", [{"json": CREDENTIALS}, {"data": CREDENTIALS}])
async def test_a_client_token(partner: Public, body: dict[str, Any]) -> None:
    answer = await partner.http.post(f"{BASE}/oauth/token", **body)
    assert answer.status_code == 200
    assert answer.json() == {"access_token": "a.b.c", "token_type": "Bearer", "expires_in": 3600}
    assert answer.headers["cache-control"] == "no-store"
    assert_documented("partner", "issueClientToken", answer)
    [asked] = partner.services.asked(CLIENT_TOKEN)
    assert (asked.client_id, asked.client_secret) == ("id", "secret+&")


async def test_wrong_credentials(partner: Public) -> None:
    partner.services.refuse(CLIENT_TOKEN, errors.Unauthenticated("no", reason="INVALID_CREDENTIALS"))
    answer = await partner.http.post(f"{BASE}/oauth/token", json=CREDENTIALS)
    assert answer.status_code == 401
    assert answer.json() == {"message": "Client authentication failed.", "error": "invalid_client"}
    assert_documented("partner", "issueClientToken", answer)


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({"json": {}}, ["grant_type", "client_id", "client_secret"]),
        ({"json": CREDENTIALS | {"grant_type": "password"}}, ["grant_type"]),
        ({"json": CREDENTIALS | {"client_id": 7}}, ["client_id"]),
        ({"json": CREDENTIALS | {"scope": "all"}}, ["scope"]),
        ({"data": {"grant_type": "client_credentials", "client_id": "", "client_secret": "x"}}, ["client_id"]),
        ({"json": []}, ["body"]),
        ({"content": b"{", "headers": {"Content-Type": "application/json"}}, ["body"]),
        ({"content": b"a=1", "headers": {"Content-Type": "text/plain"}}, ["body"]),
        ({"content": b"a", "headers": {"Content-Type": "application/x-www-form-urlencoded"}}, ["body"]),
        ({"content": b"a=1&a=2", "headers": {"Content-Type": "application/x-www-form-urlencoded"}}, ["body"]),
        ({"content": b"\xff", "headers": {"Content-Type": "application/x-www-form-urlencoded"}}, ["body"]),
        ({"content": b""}, ["body"]),
    ],
)
async def test_credentials_that_cannot_be_read(partner: Public, body: dict[str, Any], fields: list[str]) -> None:
    answer = await partner.http.post(f"{BASE}/oauth/token", **body)
    assert answer.status_code == 422
    assert list(answer.json()["errors"]) == fields
    assert_documented("partner", "issueClientToken", answer)
    assert not partner.services.calls


async def test_a_body_that_is_too_large(partner: Public) -> None:
    for media_type in ("application/json", "application/x-www-form-urlencoded"):
        body = {"content": b"a" * (1024 * 1024 + 1), "headers": {"Content-Type": media_type}}
        answer = await partner.http.post(f"{BASE}/oauth/token", **body)  # type: ignore[arg-type]
        assert (answer.status_code, answer.json()) == (413, {"message": "The request body is too large."})


async def test_guessing_secrets_is_limited(partner: Public, still_limits: None) -> None:
    statuses = [(await partner.http.post(f"{BASE}/oauth/token", json=CREDENTIALS)) for _ in range(61)]
    assert [a.status_code for a in statuses] == [200] * 60 + [429]
    assert statuses[-1].json() == {"message": "Too Many Attempts."}
    assert_documented("partner", "issueClientToken", statuses[-1])
    assert len(partner.services.asked(CLIENT_TOKEN)) == 60


async def test_a_user_is_created(partner: Public) -> None:
    headers = client(partner) | {"Idempotency-Key": "7d1f4a0e"}
    answer = await partner.http.post(f"{BASE}/users", json=NEW_USER, headers=headers)
    assert (answer.status_code, answer.json()) == (201, USER)
    assert_documented("partner", "createUser", answer)
    [asked] = partner.services.asked(ADD)
    assert (asked.email, asked.date_of_birth, asked.idempotency_key) == ("user@example.com", "2019-08-24", "7d1f4a0e")


@pytest.mark.parametrize(
    ("error", "status", "body"),
    [
        (
            errors.AlreadyExists(fields=[errors.FieldError("email", "The email is taken.")]),
            422,
            invalid(email="The email is taken."),
        ),
        (
            errors.Invalid(fields=[errors.FieldError("date_of_birth", "must be a day before today")]),
            422,
            invalid(date_of_birth="The date of birth field must be a day before today."),
        ),
        (
            errors.Conflict("A request with this key is in progress.", reason="IDEMPOTENCY_IN_FLIGHT"),
            409,
            {"message": "A request with this key is in progress."},
        ),
        (errors.Unavailable(), 503, {"message": "Service unavailable. Try again later."}),
        (errors.Internal("with a secret"), 500, {"message": "Server Error"}),
    ],
)
async def test_what_auth_says_no_to(partner: Public, error: errors.Error, status: int, body: dict[str, Any]) -> None:
    partner.services.refuse(ADD, error)
    answer = await partner.http.post(f"{BASE}/users", json=NEW_USER, headers=client(partner))
    assert (answer.status_code, answer.json()) == (status, body)
    if status != 500:
        assert_documented("partner", "createUser", answer)


@pytest.mark.parametrize(
    ("changes", "field", "message"),
    [
        ({"role": "admin"}, "role", "The role field is not a known field."),
        ({"first_name": " "}, "first_name", "The first name field must not be blank or contain control characters."),
        ({"last_name": ""}, "last_name", "The last name field must not be empty."),
        ({"email": None}, "email", "The email field must be a string."),
        ({"email": "x" * 256}, "email", "The email field must have at most 255 characters."),
    ],
)
async def test_a_user_that_cannot_be_read(partner: Public, changes: dict[str, Any], field: str, message: str) -> None:
    answer = await partner.http.post(f"{BASE}/users", json=NEW_USER | changes, headers=client(partner))
    assert (answer.status_code, answer.json()) == (422, invalid(**{field: message}))
    assert not partner.services.asked(ADD)


@pytest.mark.parametrize("key", ["", "with space", "x" * 256])
async def test_a_key_that_cannot_be_one(partner: Public, key: str) -> None:
    headers = client(partner) | {"Idempotency-Key": key}
    answer = await partner.http.post(f"{BASE}/users", json=NEW_USER, headers=headers)
    assert (answer.status_code, list(answer.json()["errors"])) == (422, ["Idempotency-Key"])


async def test_a_user_is_read(partner: Public) -> None:
    answer = await partner.http.get(f"{BASE}/users/{USER_ID.upper()}", headers=client(partner))
    assert (answer.status_code, answer.json()) == (200, USER)
    assert_documented("partner", "getUser", answer)
    assert partner.services.asked(GET)[0].account.id == USER_ID
    partner.services.refuse(GET, errors.NotFound("internal words"))
    answer = await partner.http.get(f"{BASE}/users/{USER_ID}", headers=client(partner))
    assert (answer.status_code, answer.json()) == (404, {"message": "Not found."})


@pytest.mark.parametrize("user_id", ["7", "not-a-uuid", USER_ID.replace("-", ""), "%00", "..%2f"])
async def test_an_id_that_cannot_be_read_is_unknown(partner: Public, user_id: str) -> None:
    for method, path in (("GET", ""), ("POST", "/delegation-token")):
        answer = await partner.http.request(
            method, f"{BASE}/users/{user_id}{path}", headers=client(partner), json=DEVICE
        )
        assert (answer.status_code, answer.json()) == (404, {"message": "Not found."})


async def test_a_delegation_token(partner: Public) -> None:
    path = f"{BASE}/users/{USER_ID}/delegation-token"
    answer = await partner.http.post(path, json=DEVICE, headers=client(partner))
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    assert answer.json() == {"token_type": "Bearer", "expires_in": 600, "token": "d.e.f"}
    assert_documented("partner", "issueDelegationToken", answer)
    [asked] = partner.services.asked(DELEGATION_TOKEN)
    assert (asked.user_id, asked.device_id) == (USER_ID, DEVICE["deviceId"])
    for body in ({}, {"deviceId": "x"}, {"deviceId": 7}, {"device_id": DEVICE["deviceId"]}):
        answer = await partner.http.post(path, json=body, headers=client(partner))
        assert answer.status_code == 422
        assert "deviceId" in answer.json()["errors"]


async def test_only_a_client_token_opens_users(partner: Public) -> None:
    for method, path in (("GET", USER_ID), ("POST", f"{USER_ID}/delegation-token")):
        url = f"{BASE}/users/{path}"
        for headers in (delegation(partner), session(partner), partner.bearer("access")):
            answer = await partner.http.request(method, url, headers=headers, json=DEVICE)
            assert (answer.status_code, answer.json()) == (403, {"message": "This action is unauthorized."})
        for headers in ({}, {"Authorization": "Bearer x"}, {"Authorization": "Basic eA=="}):
            answer = await partner.http.request(method, url, headers=headers, json=DEVICE)
            assert (answer.status_code, answer.json()) == (401, {"message": "Unauthenticated."})
            assert answer.headers["www-authenticate"] == "Bearer"
    assert not [name for name, _ in partner.services.calls if "Accounts" in name or "Tenants" in name]


async def test_paths_methods_and_what_is_not_built(partner: Public) -> None:
    answer = await partner.http.get(f"{BASE}/nothing")
    assert (answer.status_code, list(answer.json())) == (404, ["message"])
    answer = await partner.http.delete(f"{BASE}/heartbeat")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")
    for method, path in (("GET", "/users"), ("PATCH", f"/users/{USER_ID}"), ("POST", "/auth/otp"), ("GET", "/home")):
        headers = delegation(partner) if path == "/home" else client(partner)
        answer = await partner.http.request(method, f"{BASE}{path}", headers=headers)
        assert (answer.status_code, list(answer.json())) == (501, ["message"]), path
    assert (await partner.http.post(f"{BASE}/webhooks/stripe")).status_code == 501
