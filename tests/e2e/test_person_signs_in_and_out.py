"""Accounts and sessions: names are taken once, tokens end when they should, a stolen refresh token ends its family."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tests.support.people import PASSWORD, Person, Stage, ok, refused
from tests.support.waiting import eventually


def test_a_name_is_taken_once(stage: Stage) -> None:
    person = stage.person()
    name, email = person.user["username"], person.user["email"]
    assert ok(stage.http.get("/api/v1/auth/check-username", params={"username": name.upper()}))["available"] is False
    body = {"username": name.upper(), "email": email.upper(), "password": PASSWORD, "password_confirm": PASSWORD}
    error = refused(stage.http.post("/api/v1/auth/register", json=body), 409, "CONFLICT")
    assert {detail["field"] for detail in error["details"]} == {"username", "email"}


def test_two_who_want_one_name_at_once(stage: Stage) -> None:
    name = stage.person().user["username"] + "_x"

    def register(n: int) -> int:
        body = {
            "username": name,
            "email": f"{name}{n}@example.com",
            "password": PASSWORD,
            "password_confirm": PASSWORD,
        }
        return stage.http.post("/api/v1/auth/register", json=body).status_code

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(register, range(4))) == [201, 409, 409, 409]


def log_in(stage: Stage, person: Person, password: str = PASSWORD) -> Any:
    return stage.http.post("/api/v1/auth/login", json={"email": person.user["email"], "password": password})


def test_wrong_password_and_unknown_email_answer_alike(stage: Stage) -> None:
    person = stage.person()
    wrong = refused(log_in(stage, person, "not the password"), 401, "INVALID_CREDENTIALS")
    person.user["email"] = "nobody@example.com"
    assert refused(log_in(stage, person), 401, "INVALID_CREDENTIALS") == wrong


def test_a_session_ends_within_five_seconds(stage: Stage) -> None:
    person = stage.person()
    assert ok(person.get("/auth/me"))["username"] == person.user["username"]
    ok(person.post("/auth/logout", json={"refresh_token": person.token["refresh_token"]}))
    eventually(lambda: person.get("/auth/me").status_code == 401)
    again = stage.http.post("/api/v1/auth/refresh", json={"refresh_token": person.token["refresh_token"]})
    refused(again, 401, "INVALID_REFRESH_TOKEN")
    ok(log_in(stage, person))


def test_a_refresh_token_is_used_once_and_repeats_its_answer_for_a_moment(stage: Stage) -> None:
    person = stage.person()
    body = {"refresh_token": person.token["refresh_token"]}
    with ThreadPoolExecutor(2) as pool:
        one, other = pool.map(lambda _: ok(stage.http.post("/api/v1/auth/refresh", json=body)), range(2))
    assert one["refresh_token"] == other["refresh_token"] != body["refresh_token"]
    person.token = one
    ok(person.get("/auth/me"))


def test_email_is_nobody_elses_business(stage: Stage) -> None:
    person, other = stage.person(), stage.person()
    assert ok(person.get(f"/users/{person.id}"))["profile"]["email"] == person.user["email"]
    for viewer in (other, stage.stranger()):
        assert "email" not in ok(viewer.get(f"/users/{person.id}"))["profile"]
    assert "email" not in ok(other.get(f"/users/by-username/{person.user['username'].upper()}"))["profile"]
    refused(other.put(f"/users/{person.id}", json={"bio": "mine now"}), 403, "FORBIDDEN")
    changed = ok(person.put(f"/users/{person.id}", json={"bio": "Updated bio", "first_name": "John"}))["profile"]
    assert (changed["bio"], changed["first_name"], changed["last_name"]) == ("Updated bio", "John", None)
