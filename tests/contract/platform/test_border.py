"""What every operation shares: tokens, limits, bodies, unknown paths, documents."""

import json
import re
import time
from collections.abc import AsyncIterator

import httpx
import jwt
import pytest
from soundstage.audience.v1.likes_pb2 import LikeTrackResponse
from soundstage.auth.v1.sessions_pb2 import ListRevocationsResponse, NotBefore

from chassis import errors
from tests.contract.conftest import Public
from tests.contract.documented import assert_documented
from tests.contract.doubles import Signer
from tests.contract.platform.examples import JOHN, TRACK

LIKE = f"/api/v1/tracks/{TRACK}/like"
REVOCATIONS = "auth.v1.SessionsService/ListRevocations"
SESSION = "018f3c1e-0000-7000-8000-0000000000ff"


def _liking(public: Public) -> None:
    public.services.on("audience.v1.LikesService/Like", LikeTrackResponse())


async def test_a_good_token_opens_and_the_caller_goes_along(public: Public) -> None:
    _liking(public)
    answer = await public.http.post(LIKE, headers=public.bearer())
    assert_documented("platform", "likeTrack", answer)
    assert answer.json() == {"success": True, "data": {"message": "Track liked"}}


@pytest.mark.parametrize(
    "claims",
    [{"exp": 1}, {"iss": "elsewhere"}, {"aud": "soundstage:partner"}, {"typ": "refresh"}, {"sid": None}, {"sub": "x"},
     {"jti": None}, {"exp": None}, {"typ": "client", "aud": "soundstage:partner"}],
)  # fmt: skip
async def test_a_token_that_is_not_a_users_is_401(public: Public, claims: dict[str, object]) -> None:
    _liking(public)
    typ = claims.pop("typ", "access")
    answer = await public.http.post(LIKE, headers=public.bearer(str(typ), **claims))
    assert answer.status_code == 401
    assert_documented("platform", "likeTrack", answer)
    assert answer.json()["error"]["code"] == "UNAUTHORIZED"
    assert not public.services.asked("audience.v1.LikesService/Like")


async def test_forged_tokens_are_401(public: Public) -> None:
    _liking(public)
    claims = {"iss": "soundstage", "aud": "soundstage:app", "typ": "access", "sub": JOHN, "jti": JOHN, "sid": JOHN,
              "iat": 1, "exp": int(time.time()) + 60, "number": 1}  # fmt: skip
    none = jwt.encode(claims, "", algorithm="none", headers={"kid": public.signer.kid})
    public_key = jwt.PyJWKSet.from_json(public.signer.jwks).keys[0]
    with_public_key = jwt.encode(
        claims, str(public_key.key_id) * 2, algorithm="HS256", headers={"kid": public.signer.kid}
    )
    foreign = Signer().token(headers={"kid": public.signer.kid})
    for token in (none, with_public_key, foreign, "x", "a.b.c", "x" * 9000, ""):
        headers = {"Authorization": f"Bearer {token}"}
        assert (await public.http.post(LIKE, headers=headers)).status_code == 401, token
    assert (await public.http.post(LIKE, headers={"Authorization": "Basic abc"})).status_code == 401
    # Where a token is optional, a bad one is still 401.
    assert (await public.http.get("/api/v1/tracks", headers={"Authorization": "Bearer x"})).status_code == 401


async def test_an_ended_session_and_an_old_token_are_refused(public: Public) -> None:
    _liking(public)
    ended, old = public.bearer(sid=SESSION), public.bearer(sub=JOHN)
    assert (await public.http.post(LIKE, headers=ended)).status_code == 200
    assert (await public.http.post(LIKE, headers=old)).status_code == 200
    listed = ListRevocationsResponse(session_ids=[SESSION], not_before=[NotBefore(account_id=JOHN)])
    listed.not_before[0].moment.GetCurrentTime()
    listed.as_of.GetCurrentTime()
    public.services.on(REVOCATIONS, listed)
    await public.built.revocations.poll()
    assert (await public.http.post(LIKE, headers=ended)).status_code == 401
    assert (await public.http.post(LIKE, headers=old)).status_code == 401
    assert (await public.http.post(LIKE, headers=public.bearer(sub=JOHN))).status_code == 200
    # While auth is down, the last list stands.
    public.services.down(REVOCATIONS)
    with pytest.raises(errors.Unavailable):
        await public.built.revocations.poll()
    assert (await public.http.post(LIKE, headers=ended)).status_code == 401


async def test_every_page_of_revocations_is_fetched(public: Public) -> None:
    _liking(public)
    pages = {
        "": ListRevocationsResponse(next_page="2"),
        "2": ListRevocationsResponse(session_ids=[SESSION], next_page="3"),
        "3": ListRevocationsResponse(not_before=[]),
    }
    pages[""].as_of.GetCurrentTime()
    public.services.on(REVOCATIONS, lambda request: pages[request.page])
    await public.built.revocations.poll()
    assert (await public.http.post(LIKE, headers=public.bearer(sid=SESSION))).status_code == 401


async def test_a_new_key_is_fetched_but_unknown_ones_do_not_ask_auth_each_time(public: Public) -> None:
    for _ in range(5):
        answer = await public.http.post(LIKE, headers={"Authorization": f"Bearer {Signer().token()}"})
        assert answer.status_code == 401
    assert len(public.services.asked("auth.v1.SessionsService/GetKeys")) == 1


async def test_a_limited_answer_costs_no_call(public: Public, still_limits: None) -> None:
    _liking(public)
    answers = [await public.http.post(LIKE, headers=public.bearer()) for _ in range(101)]
    assert [a.status_code for a in answers] == [200] * 100 + [429]
    assert [a.headers["X-RateLimit-Remaining"] for a in answers[:3]] == ["99", "98", "97"]
    assert_documented("platform", "likeTrack", answers[-1])
    assert len(public.services.asked("audience.v1.LikesService/Like")) == 100
    unknown = await public.http.get("/api/v1/nothing")
    assert unknown.status_code == 429
    # Documents outside the base path are free.
    assert "X-RateLimit-Limit" not in (await public.http.get("/swagger/doc.json")).headers


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [("GET", "/api/v1/tracks/initiate", "POST"), ("DELETE", "/api/v1/sessions/stats", "GET, HEAD"),
     ("PATCH", f"/api/v1/tracks/{TRACK}", "DELETE, GET, HEAD, PUT"), ("POST", "/swagger/doc.json", "GET, HEAD")],
)  # fmt: skip
async def test_static_paths_win_and_a_wrong_method_is_405(public: Public, method: str, path: str, allow: str) -> None:
    answer = await public.http.request(method, path)
    assert (answer.status_code, answer.headers["Allow"]) == (405, allow)
    assert answer.json()["error"]["code"] == "METHOD_NOT_ALLOWED"


@pytest.mark.parametrize("path", ["/api/v1/nothing", "/api/v1/tracks/x/y/z", "/nothing", "/api/v1/tracks/", "/api/v1"])
async def test_an_unknown_path_is_404_in_the_envelope(public: Public, path: str) -> None:
    answer = await public.http.get(path)
    assert answer.status_code == 404
    expected = {"code": "NOT_FOUND", "message": "Resource not found", "details": []}
    assert answer.json() == {"success": False, "error": expected}


async def test_a_malformed_id_is_400_before_the_body_is_looked_at(public: Public) -> None:
    for bad in ("x", TRACK.replace("-", ""), f"{{{TRACK}}}", "%00", "%FF"):
        answer = await public.http.put(f"/api/v1/tracks/{bad}", content=b"nonsense", headers=public.bearer())
        assert (answer.status_code, answer.json()["error"]["message"]) == (400, "id must be a UUID")


BODY = f"/api/v1/tracks/{TRACK}/play"
JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"{", JSON, 400),
        (b"", JSON, 400),
        (b"\xff\xfe", JSON, 400),
        (b"[" * 10_000 + b"]" * 10_000, JSON, 400),
        (b'{"a":' * 10_000 + b"1" + b"}" * 10_000, JSON, 400),
        (b"[" * 200_000, JSON, 400),
        (b'{"duration": NaN}', JSON, 400),
        (b'{"duration": 1e400}', JSON, 422),
        (b'{"duration": ' + b"9" * 5000 + b"}", JSON, 400),
        (b'{"duration": 1, "\\ud800": 1}', JSON, 422),
        (b'"' + b"x" * 1024 * 1024 + b'"', JSON, 413),
        (b"{}", {"Content-Type": "text/plain"}, 415),
        (b"{}", {}, 415),
        (b"{}", {"Content-Type": "application/json; charset=utf-8"}, 422),
        (b'{"duration": 1.0e1, "more": 1}', JSON, 422),
    ],
)
async def test_a_body_that_cannot_be_read(public: Public, body: bytes, headers: dict[str, str], status: int) -> None:
    answer = await public.http.post(BODY, content=body, headers=public.bearer() | headers)
    assert answer.status_code == status
    assert_documented("platform", "recordPlay", answer)


async def test_a_body_without_a_length_is_cut_off_at_its_bound(public: Public) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(10_000):
            yield b" " * 65536

    answer = await public.http.post(BODY, content=endless(), headers=public.bearer() | JSON)
    assert answer.status_code == 413


@pytest.mark.parametrize("key", ["", "with space", "x" * 256, "é"])
async def test_a_malformed_key_is_400(public: Public, key: str) -> None:
    headers = httpx.Headers(public.bearer() | {"Idempotency-Key": key}, encoding="latin-1")
    answer = await public.http.post(BODY, json={"duration": 1}, headers=headers)
    assert answer.status_code == 400
    assert answer.json()["error"]["details"][0]["field"] == "Idempotency-Key"


async def test_what_is_not_built_says_so(public: Public) -> None:
    answer = await public.http.get("/api/v1/notifications", headers=public.bearer())
    assert answer.status_code == 501
    assert answer.json()["error"]["code"] == "INTERNAL_ERROR"
    # Its token is looked at all the same.
    assert (await public.http.get("/api/v1/notifications")).status_code == 401


async def test_an_error_that_nobody_foresaw_says_nothing(public: Public) -> None:
    def broken(_request: object) -> None:
        raise RuntimeError("secret detail")

    public.services.on("audience.v1.LikesService/Like", broken)
    answer = await public.http.post(LIKE, headers=public.bearer())
    assert answer.status_code == 500
    assert_documented("platform", "likeTrack", answer)
    assert "secret" not in answer.text


async def test_browsers_may_ask(public: Public) -> None:
    headers = {"Origin": "https://app.example", "Access-Control-Request-Method": "POST"}
    preflight = await public.http.options(LIKE, headers=headers)
    assert preflight.status_code == 204
    assert "Idempotency-Key" in preflight.headers["Access-Control-Allow-Headers"]
    assert (await public.http.post(LIKE)).headers["Access-Control-Allow-Origin"] == "*"


async def test_the_documents(public: Public) -> None:
    document = await public.http.get("/swagger/doc.json")
    assert document.json()["openapi"] == "3.1.0"
    assert document.json()["info"]["title"] == "Platform API"
    keys = await public.http.get("/.well-known/jwks.json")
    assert_documented("platform", "getJwks", keys)
    assert keys.json() == json.loads(public.signer.jwks)
    for name in ("platform", "insights", "discovery", "partner", "audience"):
        served = await public.http.get(f"/docs/{name}/openapi.json")
        assert served.json()["openapi"].startswith("3.") and served.json()["paths"]
    for path in ("/docs/nothing", "/docs/../config.py/openapi.json", "/docs/platform/openapi.yaml"):
        assert (await public.http.get(path)).status_code == 404
    for path in ("/swagger/index.html", "/redoc", "/docs/partner", "/docs/partner/redoc"):
        page = await public.http.get(path)
        assert page.headers["Content-Type"].startswith("text/html")
        links = re.findall(r'(?:src|href)="([^"]*)"', page.text)
        assert links and all(link.startswith("/docs/") for link in links)
        assert "default-src 'none'" in page.headers["Content-Security-Policy"]


async def test_what_is_no_contract_s_is_refused_in_the_words_of_the_platform(public: Public) -> None:
    for method, path in (("GET", "/nowhere"), ("GET", "/docs/assets/nothing.js"), ("POST", "/nowhere")):
        answer = await public.http.request(method, path)
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "NOT_FOUND")
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
    wrong = await public.http.post("/docs/platform")
    assert (wrong.status_code, wrong.json()["error"]["code"]) == (405, "METHOD_NOT_ALLOWED")
    assert wrong.headers["Allow"] == "GET"


async def test_no_token_is_believed_before_the_first_whole_list(public: Public) -> None:
    _liking(public)
    public.built.revocations._whole_at = None
    answer = await public.http.post(LIKE, headers=public.bearer())
    assert answer.status_code == 503
    assert_documented("platform", "likeTrack", answer)
    await public.built.revocations.poll()
    assert (await public.http.post(LIKE, headers=public.bearer())).status_code == 200
