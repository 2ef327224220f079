"""Two gateways side by side behave as one: neither holds a rule or a state that the other lacks.

Both run with the default limits and a Redis of their own, beside the system whose own gateway is made generous.
"""

import uuid
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from tests.support.beside import Beside, beside, calls, environ
from tests.support.outage import stopped
from tests.support.people import PASSWORD, Person, Stage, ok, refused
from tests.support.system import System
from tests.support.waiting import eventually

pytestmark = pytest.mark.processes

Tune = Callable[[str, float], Path]
Pair = tuple[Stage, Stage]
LIMIT_HEADERS = ("x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset")
_addresses = count(1)


@pytest.fixture(scope="module")
def gateways(running_system: System) -> Iterator[tuple[Beside, Beside]]:
    redis = f"{_redis_of(running_system)}/9"
    # Each story comes from an address of its own.
    settings = {"RATE_LIMIT_FACTOR": "1", "GATEWAY_REDIS_URL": redis, "TRUSTED_PROXIES": "127.0.0.1/32"}
    with beside(running_system, "gateway", **settings) as one, beside(running_system, "gateway", **settings) as other:
        yield one, other


def _redis_of(running_system: System) -> str:
    return environ(running_system, "gateway")["GATEWAY_REDIS_URL"].rpartition("/")[0]


@pytest.fixture
def pair(gateways: tuple[Beside, Beside]) -> Iterator[Pair]:
    address = f"198.51.100.{next(_addresses)}"
    with Stage(gateways[0].url) as one, Stage(gateways[1].url) as other:
        for stage in (one, other):
            stage.http.headers["X-Forwarded-For"] = address
        yield one, other


def at(stage: Stage, person: Person) -> Person:
    """The same person, come through another gateway."""
    return Person(stage, person.user, person.token)


def log_in(stage: Stage, email: str, password: str = PASSWORD) -> httpx.Response:
    return stage.http.post("/api/v1/auth/login", json={"email": email, "password": password})


def standing(answer: httpx.Response) -> tuple[int, int]:
    """How many the limit allows and how many are left."""
    limit, remaining, reset_at = (int(answer.headers[name]) for name in LIMIT_HEADERS)
    assert reset_at > 1_700_000_000
    return limit, remaining


def test_who_registers_at_one_is_known_at_the_other(pair: Pair) -> None:
    one, other = pair
    person = one.person()
    assert ok(at(other, person).get("/auth/me"))["username"] == person.user["username"]
    person.token = ok(log_in(other, person.user["email"]))["token"]
    ok(at(one, person).get("/auth/me"))
    # A session that ends at one ends at both.
    ok(at(one, person).post("/auth/logout", json={"refresh_token": person.token["refresh_token"]}))
    eventually(lambda: all(at(stage, person).get("/auth/me").status_code == 401 for stage in pair))
    again = other.http.post("/api/v1/auth/refresh", json={"refresh_token": person.token["refresh_token"]})
    refused(again, 401, "INVALID_REFRESH_TOKEN")


def test_an_upload_at_one_is_followed_and_played_at_the_other(pair: Pair, tune: Tune) -> None:
    one, other = pair
    artist = one.person("artist")
    file, key = tune("mp3", 2.0), {"Idempotency-Key": uuid.uuid4().hex}
    uploaded = artist.upload(file, headers=key)
    assert at(other, artist).upload(file, headers=key)["id"] == uploaded["id"]

    def processed() -> bool:
        return bool(ok(at(other, artist).get(f"/tracks/{uploaded['id']}/status"))["status"] == "completed")

    eventually(processed)
    playlist = urlsplit(artist.track(uploaded["id"])["hls_url"]).path
    assert other.http.get(playlist).content == one.http.get(playlist).content != b""
    assert other.http.get(playlist.replace("/f.k1.", "/f.k1.9")).status_code == 403
    play = artist.play(uploaded["id"], key="once")
    assert at(other, artist).play(uploaded["id"], key="once") == play
    changed = at(other, artist).post(
        f"/tracks/{uploaded['id']}/play", json={"duration": 9}, headers={"Idempotency-Key": "once"}
    )
    refused(changed, 422, "IDEMPOTENCY_KEY_REUSED")


def test_an_order_repeated_at_the_other_buys_once(pair: Pair, artist: Person, tune: Tune) -> None:
    one, _ = pair
    track = artist.release(tune("mp3", 2.0))
    offer = {"title": "Once", "price": 1, "product_type": "track", "track_id": track["id"]}
    product = ok(artist.post("/marketplace/products", json=offer), 201)
    buyer, order = one.person("buyer"), {"items": [{"product_id": product["id"]}]}
    bought = [
        ok(at(stage, buyer).post("/marketplace/orders", json=order, headers={"Idempotency-Key": "mine"}), 201)
        for stage in pair
    ]
    assert bought[0] == bought[1]


def test_a_limit_spent_at_one_is_spent_at_the_other(running_system: System, pair: Pair) -> None:
    one, other = pair
    answers = [log_in(stage, "nobody@example.com") for stage in (one, other, one, other, one)]
    assert [answer.status_code for answer in answers] == [401] * 5
    assert [standing(answer) for answer in answers] == [(5, left) for left in (4, 3, 2, 1, 0)]
    before = calls(running_system, "auth", "LogIn")
    for stage in pair:
        limited = log_in(stage, "nobody@example.com")
        refused(limited, 429, "RATE_LIMIT_EXCEEDED")
        assert standing(limited) == (5, 0)
        assert 1 <= int(limited.headers["retry-after"]) <= 12
    # The refusals cost no call, and other limits of the same address stand.
    assert calls(running_system, "auth", "LogIn") == before
    assert ok(one.person("late").get("/auth/me"))


def test_five_may_register_from_one_address_in_a_minute(running_system: System, pair: Pair) -> None:
    people = [pair[n % 2].person() for n in range(5)]
    before = calls(running_system, "auth", "Register")
    body = {"username": "sixth", "email": "sixth@example.com", "password": PASSWORD, "password_confirm": PASSWORD}
    limited = pair[1].http.post("/api/v1/auth/register", json=body)
    refused(limited, 429, "RATE_LIMIT_EXCEEDED")
    assert calls(running_system, "auth", "Register") == before
    # Another address is another limit.
    pair[1].http.headers["X-Forwarded-For"] = f"203.0.113.{next(_addresses)}"
    assert standing(log_in(pair[1], people[0].user["email"])) == (5, 4)


def test_ten_uploads_an_hour_are_the_users_whatever_the_address(running_system: System, pair: Pair) -> None:
    artist = pair[0].person("artist")
    for n in range(10):
        empty = at(pair[n % 2], artist).post("/tracks", files={"title": (None, "no file")})
        refused(empty, 422, "VALIDATION_ERROR")
        assert standing(empty) == (10, 9 - n)
    before = calls(running_system, "streaming", "Receive")
    pair[1].http.headers["X-Forwarded-For"] = f"203.0.113.{next(_addresses)}"
    limited = at(pair[1], artist).post("/tracks", files={"file": ("tune.mp3", b"x" * 1000)})
    refused(limited, 429, "RATE_LIMIT_EXCEEDED")
    assert 1 <= int(limited.headers["retry-after"]) <= 360
    assert calls(running_system, "streaming", "Receive") == before
    other = pair[1].person("artist")
    refused(other.post("/tracks", files={"title": (None, "no file")}), 422, "VALIDATION_ERROR")


def test_a_hundred_requests_a_minute_from_one_address(running_system: System, pair: Pair) -> None:
    path = f"/api/v1/tracks/{uuid.uuid4()}"
    answers = [pair[n % 2].http.get(path) for n in range(100)]
    assert {answer.status_code for answer in answers} == {404}
    # It refills at 100 a minute, also while they were sent.
    assert standing(answers[0]) == (100, 99)
    limited: list[httpx.Response] = []
    while not limited:
        before = calls(running_system, "catalog", "GetBatch")
        limited = [answer for answer in (stage.http.get(path) for stage in pair) if answer.status_code == 429]
    refused(limited[0], 429, "RATE_LIMIT_EXCEEDED")
    assert standing(limited[0]) == (100, 0)
    assert int(limited[0].headers["retry-after"]) == 1
    assert calls(running_system, "catalog", "GetBatch") - before == 2 - len(limited)


def test_every_platform_answer_says_where_the_caller_stands(pair: Pair) -> None:
    one, _ = pair
    person = one.person()
    answers: dict[int, Callable[[], httpx.Response]] = {
        200: lambda: person.get("/auth/me"),
        400: lambda: person.get("/tracks/x"),
        401: lambda: one.stranger().get("/auth/me"),
        404: lambda: person.get("/no/such/path"),
        405: lambda: person.delete("/auth/me"),
        409: lambda: person.post("/auth/register", json=_body(person.user)),
        422: lambda: person.post(f"/tracks/{uuid.uuid4()}/play", json={"duration": -1}),
        501: lambda: person.get("/notifications"),
    }
    for status, ask in answers.items():
        answer = ask()
        assert (answer.status_code, standing(answer)[0]) == (status, 5 if status == 409 else 100), answer.text


def _body(user: dict[str, Any]) -> dict[str, Any]:
    return {
        "username": user["username"],
        "email": user["email"],
        "password": PASSWORD,
        "password_confirm": PASSWORD,
    }


def test_one_setting_multiplies_all_limits(stage: Stage, running_system: System) -> None:
    factor = int(running_system.environ["RATE_LIMIT_FACTOR"])
    answer = log_in(stage, "nobody@example.com")
    assert standing(answer)[0] == 5 * factor
    assert standing(stage.http.get("/api/v1/tracks"))[0] == 100 * factor
    figures = stage.http.get("/api/v1/producer-intelligence/insights/tracks/1")
    assert int(figures.headers["x-ratelimit-limit"]) == 500 * factor


def test_without_redis_the_limits_are_each_gateways_own(running_system: System, pair: Pair) -> None:
    with stopped(running_system, "valkey"):
        for stage in pair:
            # Nobody knows what the others allow, so each allows two logins instead of five.
            answers = [log_in(stage, "nobody@example.com").status_code for _ in range(3)]
            assert answers == [401] * 2 + [429]
    eventually(lambda: log_in(pair[0], "nobody@example.com").status_code == 401)
