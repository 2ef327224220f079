"""Operations of the five contracts with what each of them needs: a table for when something is away."""

import time
import uuid
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

from deploy.local import tenant
from deploy.local.home import Home
from gateway.contracts.discovery import hashid
from tests.support.people import PASSWORD, Person, Stage, ok
from tests.support.system import System
from tests.support.waiting import eventually

DEADLINE_SECONDS = 10.0
UNKNOWN_APP = f"0x{'0' * 40}"


@dataclass
class Cast:
    """Who and what the operations are about."""

    stage: Stage
    artist: Person
    listener: Person
    track: dict[str, Any]
    hidden: dict[str, Any]
    product: dict[str, Any]
    tune: Path
    app_token: str
    # Of the track: how many plays were tried, and how many acknowledged.
    plays_tried: int = 0
    plays_kept: int = 0

    @classmethod
    def gather(cls, system: System, stage: Stage, tune: Path) -> "Cast":
        artist, listener = stage.person("artist"), stage.person("listener")
        track, hidden = artist.release(tune), artist.release(tune, is_public="false")
        offer = {"title": "The file", "price": 1, "product_type": "track", "track_id": track["id"]}
        product = ok(artist.post("/marketplace/products", json=offer), 201)
        ok(listener.post("/marketplace/orders", json={"items": [{"product_id": product["id"]}]}), 201)
        ok(listener.post(f"/users/{artist.id}/follow"))
        # An empty ranking needs no catalog.
        eventually(lambda: stage.http.get("/v1/tracks/trending").json()["data"], seconds=60)
        return cls(stage, artist, listener, track, hidden, product, tune, _app_token(system, stage))


def _app_token(system: System, stage: Stage) -> str:
    body = {"grant_type": "client_credentials", **tenant.credentials(Home(system.home))}
    client = {"Authorization": f"Bearer {stage.http.post('/partner/v1/oauth/token', data=body).json()['access_token']}"}
    user = {
        "first_name": "Jane",
        "last_name": "Doe",
        "email": f"{uuid.uuid4().hex}@example.com",
        "date_of_birth": "1990-08-24",
    }
    made = stage.http.post("/partner/v1/users", json=user, headers=client).json()
    device = {"deviceId": str(uuid.uuid4())}
    minted = stage.http.post(f"/partner/v1/users/{made['id']}/delegation-token", json=device, headers=client)
    return str(minted.json()["token"])


@dataclass(frozen=True)
class Operation:
    """`away` is what its contract states for when something that it needs is away."""

    name: str
    needs: frozenset[str]
    ask: Callable[[Cast], httpx.Response]
    good: int = 200
    away: int = 503
    is_once: bool = False
    is_play: bool = False

    def expected(self, lost: str) -> int:
        return self.away if lost in self.needs else self.good


@dataclass(frozen=True)
class Answered:
    operation: Operation
    response: httpx.Response | None
    seconds: float

    @property
    def is_kept_play(self) -> bool:
        return self.operation.is_play and self.response is not None and self.response.is_success

    def fault(self, lost: str) -> str:
        """What is wrong with it while `lost` is away; empty if nothing."""
        if self.response is None:
            return f"{self.operation.name}: no answer after {self.seconds:.1f} s"
        expected, told = self.operation.expected(lost), f"{self.response.status_code} {self.response.text[:200]}"
        if self.response.status_code != expected:
            return f"{self.operation.name}: {told}, not {expected}"
        if self.seconds > DEADLINE_SECONDS:
            return f"{self.operation.name}: took {self.seconds:.1f} s"
        if expected == 503 and int(self.response.headers.get("retry-after", 0)) < 1:
            return f"{self.operation.name}: 503 without Retry-After"
        if self.response.request.url.path.startswith("/api/v1/") and "x-ratelimit-reset" not in self.response.headers:
            return f"{self.operation.name}: no X-RateLimit headers"
        return ""


def ask_all(cast: Cast, operations: Iterable[Operation]) -> list[Answered]:
    """All of them at once, since each may wait for its deadline."""

    def ask(operation: Operation) -> Answered:
        started = time.monotonic()
        try:
            response = operation.ask(cast)
        except httpx.TransportError:
            response = None
        return Answered(operation, response, time.monotonic() - started)

    chosen = list(operations)
    with ThreadPoolExecutor(len(chosen)) as pool:
        answers = list(pool.map(ask, chosen))
    cast.plays_tried += sum(operation.is_play for operation in chosen)
    cast.plays_kept += sum(one.is_kept_play for one in answers)
    return answers


def become_whole(cast: Cast, seconds: float) -> None:
    """Waits until everything is answered as it should be; says what is not."""
    deadline = time.monotonic() + seconds
    wanted = [*OPERATIONS]
    while wanted:
        faults = {one.operation: fault for one in ask_all(cast, wanted) if (fault := one.fault("nothing"))}
        wanted = [*faults]
        assert not wanted or time.monotonic() < deadline, list(faults.values())


def _log_in(c: Cast) -> httpx.Response:
    return c.stage.http.post("/api/v1/auth/login", json={"email": c.artist.user["email"], "password": PASSWORD})


def _register(c: Cast) -> httpx.Response:
    name = f"late_{uuid.uuid4().hex[:10]}"
    body = {"username": name, "email": f"{name}@example.com", "password": PASSWORD, "password_confirm": PASSWORD}
    return c.stage.http.post("/api/v1/auth/register", json=body)


def _upload(c: Cast) -> httpx.Response:
    with c.tune.open("rb") as file:
        return c.artist.post("/tracks", files={"file": (c.tune.name, file)})


def _manifest(c: Cast) -> httpx.Response:
    headers = {"Authorization": f"Bearer {c.app_token}"}
    return c.stage.http.get(f"/partner/v1/streams/{c.track['stream_id']}/manifest.m3u8", headers=headers)


def _media(c: Cast) -> httpx.Response:
    return c.stage.http.get(urlsplit(c.track["hls_url"]).path)


def _discovered(c: Cast, rest: str) -> httpx.Response:
    return c.stage.http.get(f"/v1/tracks/{hashid.encode(c.track['number'])}{rest}")


def _hashid(person: Person) -> str:
    return hashid.encode(person.user["number"])


def _play(c: Cast) -> httpx.Response:
    return c.listener.post(f"/tracks/{c.track['id']}/play", json={"duration": 1})


def _like(c: Cast) -> httpx.Response:
    return c.listener.post(f"/tracks/{c.track['id']}/like")


def _figures(c: Cast) -> httpx.Response:
    return c.artist.get(f"/producer-intelligence/insights/tracks/{c.track['number']}")


AUTH = frozenset({"auth", "postgres"})
CATALOG = frozenset({"catalog", "postgres", "mongo"})
# People, and tracks that everyone may see, are shown from catalog's Postgres.
SHOWN = frozenset({"catalog", "postgres"})
STREAMING = frozenset({"streaming", "postgres"})
AUDIENCE = frozenset({"audience", "postgres"})
MARKET = frozenset({"marketplace", "postgres"})
INSIGHTS = frozenset({"insights", "postgres"})
NOTHING: frozenset[str] = frozenset()

OPERATIONS = [
    Operation("heartbeat", NOTHING, lambda c: c.stage.http.get("/partner/v1/heartbeat")),
    Operation("host list", NOTHING, lambda c: c.stage.http.get("/")),
    Operation("keys", NOTHING, lambda c: c.stage.http.get("/.well-known/jwks.json")),
    Operation("media", NOTHING, _media),
    # The token is checked before the id is looked at.
    Operation("bad id", NOTHING, lambda c: c.artist.get("/marketplace/orders/x"), good=400),
    Operation("no token", NOTHING, lambda c: c.stage.stranger().get("/marketplace/orders/x"), good=401),
    Operation("who am I", AUTH, lambda c: c.artist.get("/auth/me")),
    Operation("log in", AUTH, _log_in, is_once=True),
    Operation("register", AUTH, _register, good=201, is_once=True),
    Operation("track", SHOWN, lambda c: c.stage.stranger().get(f"/tracks/{c.track['id']}")),
    Operation("hidden track", CATALOG, lambda c: c.artist.get(f"/tracks/{c.hidden['id']}")),
    Operation("tracks", CATALOG, lambda c: c.artist.get("/tracks")),
    Operation("search", SHOWN, lambda c: c.artist.get("/tracks/search", params={"q": "tune"})),
    Operation("rename", CATALOG, lambda c: c.artist.put(f"/tracks/{c.hidden['id']}", json={"title": uuid.uuid4().hex})),
    Operation("new playlist", CATALOG, lambda c: c.listener.post("/playlists", json={"title": "Kept"}), good=201),
    Operation("find people", SHOWN, lambda c: c.artist.get("/search", params={"q": "artist", "type": "users"})),
    Operation("aggregator", SHOWN, lambda c: c.stage.http.get("/partner/v1/status/aggregator")),
    Operation("health", CATALOG | AUDIENCE | INSIGHTS, lambda c: c.stage.http.get("/health_check"), away=500),
    Operation("upload", STREAMING | CATALOG, _upload, good=201, is_once=True),
    Operation("progress", SHOWN | STREAMING, lambda c: c.artist.get(f"/tracks/{c.track['id']}/status")),
    Operation("manifest", STREAMING, _manifest),
    Operation("trending", SHOWN | INSIGHTS, lambda c: c.stage.http.get("/v1/tracks/trending")),
    Operation("favorites", SHOWN | AUDIENCE, lambda c: c.stage.http.get(f"/v1/users/{_hashid(c.listener)}/favorites")),
    Operation("top people", SHOWN, lambda c: c.stage.http.get("/v1/users/top")),
    Operation("app", INSIGHTS, lambda c: c.stage.http.get(f"/v1/developer_apps/{UNKNOWN_APP}"), good=404),
    Operation("silent stream", SHOWN, lambda c: _discovered(c, "/stream?skip_play_count=true")),
    Operation("counted stream", SHOWN | AUDIENCE, lambda c: _discovered(c, "/stream"), is_play=True),
    Operation("play", AUDIENCE, _play, is_play=True),
    Operation("like", AUDIENCE, _like),
    Operation("likes", AUDIENCE | SHOWN, lambda c: c.listener.get(f"/tracks/{c.track['id']}/likes")),
    Operation("repost", AUDIENCE, lambda c: c.listener.post(f"/tracks/{c.track['id']}/repost")),
    Operation("followers", AUDIENCE | SHOWN, lambda c: c.listener.get(f"/users/{c.artist.id}/followers")),
    Operation("stats", INSIGHTS, lambda c: c.listener.get(f"/tracks/{c.track['id']}/stats")),
    Operation("figures", INSIGHTS, _figures, away=500),
    Operation("listeners", INSIGHTS | SHOWN, lambda c: c.artist.get(f"/streams/v1/top-audience/{c.track['id']}")),
    Operation("products", MARKET, lambda c: c.listener.get("/marketplace/products")),
    Operation("download", MARKET, lambda c: c.listener.get(f"/marketplace/download/{c.product['id']}")),
]


def check_plays(cast: Cast, seconds: float) -> None:
    """Every acknowledged play is counted within this time, and none that was not tried."""

    def counted() -> int | None:
        plays = int(ok(cast.listener.get(f"/tracks/{cast.track['id']}/stats"))["stats"]["total_plays"])
        return plays if plays >= cast.plays_kept else None

    assert eventually(counted, seconds) <= cast.plays_tried
