"""What holds in front of every contract, whichever path is asked for."""

import pytest
from soundstage.audience.v1.likes_pb2 import LikeTrackResponse
from soundstage.catalog.v1.tracks_pb2 import ListTracksResponse

from chassis import errors
from tests.contract.conftest import Public
from tests.contract.documented import assert_documented

TRACK = "018f3c1e-0000-7000-8000-0000000000aa"
LIST = "catalog.v1.TracksService/List"
LOGIN = "auth.v1.SessionsService/LogIn"


async def test_nobody_is_taken_for_whom_the_connection_served_before(public: Public) -> None:
    """Requests that are pipelined share the context of their connection."""
    public.services.on("audience.v1.LikesService/Like", LikeTrackResponse())
    public.services.on(LIST, ListTracksResponse())
    assert (await public.http.post(f"/api/v1/tracks/{TRACK}/like", headers=public.bearer())).status_code == 200
    assert not public.services.caller.is_anonymous
    await public.http.get("/health_check")
    assert public.services.caller.is_anonymous


@pytest.mark.parametrize("path", ["/api/v1/tracks", "/health_check", "/", "/v1/tracks/trending", "/docs/platform"])
async def test_head_is_get_without_its_body(public: Public, path: str) -> None:
    public.services.on(LIST, ListTracksResponse())
    head, get = await public.http.head(path), await public.http.get(path)
    assert (head.status_code, head.headers["content-type"]) == (get.status_code, get.headers["content-type"])
    assert head.headers["content-length"] == str(len(get.content))
    if not path.startswith("/docs"):  # uvicorn leaves those bodies out
        assert head.content == b""


@pytest.mark.parametrize(
    ("path", "keys", "is_limited"),
    [
        ("/api/v1", {"success", "error"}, True),
        ("/api/v1/", {"success", "error"}, True),
        ("/api/v1/tracks/", {"success", "error"}, True),
        ("/v1", {"message"}, True),
        ("/v1/tracks/", {"message"}, True),
        ("/partner/v1", {"message"}, False),
    ],
)
async def test_a_contract_answers_in_its_words_at_its_base_path(
    public: Public, path: str, keys: set[str], is_limited: bool
) -> None:
    answer = await public.http.get(path)
    assert answer.status_code == 404
    assert set(answer.json()) == keys
    assert ("x-ratelimit-remaining" in answer.headers) == is_limited
    assert answer.headers["access-control-allow-origin"] == "*"


async def test_a_path_outside_the_base_path_is_refused_in_its_contracts_words(public: Public) -> None:
    answer = await public.http.post("/health_check")
    assert (answer.status_code, set(answer.json()), answer.headers["allow"]) == (405, {"message"}, "GET, HEAD")


async def test_reads_of_discovery_and_media_are_limited(public: Public, still_limits: None) -> None:
    answers = [await public.http.get("/v1/tracks/!") for _ in range(601)]
    assert [a.status_code for a in answers[-2:]] == [404, 429]
    assert_documented("discovery", "getTrack", answers[-1])
    # Apart from each other.
    statuses = [(await public.http.get("/media/x/y")).status_code for _ in range(3001)]
    assert statuses == [403] * 3000 + [429]
    assert "retry-after" in (await public.http.get("/media/x/y")).headers


async def test_guessing_a_password_is_limited_by_email_too(public: Public, still_limits: None) -> None:
    """And by few attempts while Redis is away, as here: no gateway knows then what the others allowed."""
    public.services.refuse(LOGIN, errors.Unauthenticated())
    transport, statuses = public.http._transport, []
    for n in range(6):
        transport.client = (f"192.0.2.{n + 10}", 5000)  # type: ignore[attr-defined]
        sent = {"email": "john@example.com" if n % 2 else "JOHN@example.com ", "password": "x"}
        statuses.append((await public.http.post("/api/v1/auth/login", json=sent)).status_code)
    assert statuses == [401] * 5 + [429]
    other = {"email": "jane@example.com", "password": "x"}
    assert (await public.http.post("/api/v1/auth/login", json=other)).status_code == 401


async def test_logins_stay_strict_without_redis(public: Public, still_limits: None) -> None:
    public.services.refuse(LOGIN, errors.Unauthenticated())
    answers = [
        await public.http.post("/api/v1/auth/login", json={"email": f"{n}@example.com", "password": "x"})
        for n in range(3)
    ]
    assert [a.status_code for a in answers] == [401, 401, 429]
    assert int(answers[-1].headers["retry-after"]) == 30
