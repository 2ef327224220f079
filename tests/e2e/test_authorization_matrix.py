"""Who may do what: every operation that is built, for everybody who may knock, on real things.

A row is an operation and the thing it is asked for; a cell is the status that this caller gets. `owner` owns the thing
(of an order: bought it), `client` and `delegation` are tokens of the tenant that has the user, `refresh` is the owner's
refresh token sent as a bearer, `foreign` is the back end of another tenant.
"""

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest

from gateway.config import Settings
from gateway.contracts import CONTRACTS
from tests.support import audio
from tests.support.callers import CALLERS, Callers, again, partner_user
from tests.support.people import PASSWORD, Person, ok
from tests.support.shelves import Shelves
from tests.support.waiting import eventually

OPERATIONS = {(c.name, o.operation_id): o for c in (build(Settings()) for build in CONTRACTS) for o in c.operations()}

# Platform: a token of another kind is a bad one (401), also where a token is optional; what takes none ignores it.
MATRIX = Path(__file__).with_name("authorization_matrix.txt")


@dataclass(frozen=True)
class Row:
    contract: str
    operation: str
    thing: str
    expected: dict[str, int]

    def __str__(self) -> str:
        return "-".join(filter(None, (self.contract, self.operation, self.thing)))


def rows() -> Iterator[Row]:
    for line in MATRIX.read_text().splitlines():
        words = line.split()
        if words and words != list(CALLERS):
            cells = words[-len(CALLERS) :]
            contract, operation, *thing = words[: -len(CALLERS)]
            yield Row(contract, operation, "".join(thing), dict(zip(CALLERS, map(int, cells), strict=True)))


ROWS = list(rows())


class Things:
    """What the rows ask for, as path parameters by the thing's name; a spare one is made anew when it was used up."""

    def __init__(self, callers: Callers, tune: Path) -> None:
        self.callers, self.tune = callers, tune
        owner, seller = callers.people["owner"], callers.people["seller"]
        self.tracks = {"public": owner.release(tune), "private": owner.release(tune, is_public="false")}
        self.shelves = Shelves(callers, self.tracks["public"]["id"])
        self.sold = self._offer(owner, self.tracks["public"]["id"])
        self.bought = self._offer(seller, seller.release(tune)["id"])
        order = {"items": [{"product_id": self.bought}]}
        self.order = ok(owner.post("/marketplace/orders", json=order), 201)["id"]
        self.product = self._offer(owner, self.tracks["public"]["id"])

    def parameters(self, contract: str, thing: str) -> dict[str, str]:
        owner = self.callers.people["owner"]
        if thing in ("public", "private"):
            return self._of_track(contract, self.tracks[thing])
        if thing.endswith("list"):
            found = self._found_by(owner.user["username"]) if contract == "discovery" else ""
            return self.shelves.parameters(thing) | {"playlist_id": found}
        if thing.startswith("spare"):
            is_public = "false" if thing.endswith("private") else "true"
            return {"id": str(owner.upload(self.tune, is_public=is_public)["id"])}
        users = {"user": owner.id, "partner-user": self.callers.tenant.user_id}
        if thing in users:
            user_id = users[thing]
            names = {"id": user_id, "user_id": user_id, "artist_id": user_id, "username": owner.user["username"]}
            number = owner.user["number"] if thing == "user" else number_in(self.callers.tenant.delegation)
            own = {"user_id": hashid(number), "handle": owner.user["username"]}
            return names | own if contract == "discovery" else names
        if not thing:
            return {"time_range": "week", "address": "0x00"}
        ids = {"product": self.product, "order": self.order, "sold": self.sold, "bought": self.bought}
        return {"id": ids.get(thing, ""), "product_id": ids.get(thing, "")}

    def _of_track(self, contract: str, track: dict[str, Any]) -> dict[str, str]:
        number = track["number"]
        track_id = hashid(number) if contract == "discovery" else track["id"]
        return {"id": track["id"], "track_id": track_id, "trackId": str(number), "stream_id": track["stream_id"]}

    def _found_by(self, query: str) -> str:
        """The public list of the owner, by the id that discovery gives it."""

        def found() -> list[dict[str, Any]]:
            answer = self.callers.stage.http.get("/v1/playlists/search", params={"query": query})
            return list(answer.json()["data"])

        return str(eventually(found)[0]["id"])

    def _offer(self, seller: Person, track_id: str) -> str:
        return str(ok(seller.post("/marketplace/products", json=offer(track_id)), 201)["id"])


def hashid(number: int) -> str:
    from hashids import Hashids

    return str(Hashids("azowernasdfoia", min_length=5).encode(number))


def number_in(token: str) -> int:
    return int(jwt.decode(token, options={"verify_signature": False})["number"])


def offer(track_id: str) -> dict[str, Any]:
    return {"title": "A tune", "price": 1.5, "product_type": "track", "track_id": track_id}


def new_account() -> dict[str, str]:
    name = f"new_{uuid.uuid4().hex[:10]}"
    password = {"password": PASSWORD, "password_confirm": PASSWORD}
    return {"username": name, "email": f"{name}@example.com", **password}


def own_session(callers: Callers, caller: str) -> dict[str, Any]:
    """Signing out ends a session, so that is one made for it."""
    if caller not in callers.people:
        return {"json": {"refresh_token": "x" * 43}}
    token = again(callers.people[caller]).token
    headers = {"Authorization": f"Bearer {token['access_token']}"}
    return {"json": {"refresh_token": token["refresh_token"]}, "headers": headers}


def owners_session(callers: Callers, caller: str) -> dict[str, Any]:
    """The caller's own access token, and the refresh token of a session of the owner."""
    mine = own_session(callers, caller)
    return {**mine, "json": {"refresh_token": again(callers.people["owner"]).token["refresh_token"]}}


def refreshing(callers: Callers, _: str) -> dict[str, Any]:
    return {"json": {"refresh_token": again(callers.people["owner"]).token["refresh_token"]}}


def report(things: Things, row: Row, caller: str) -> dict[str, str]:
    """A stream of the caller's own; anonymous ones and those under another's name name the owner or the seller."""
    track = things.tracks["private" if row.thing == "private" else "public"]
    listener = things.callers.people["seller"] if row.thing == "others-name" else things.callers.person(caller)
    return {"track_id": track["id"], "user_id": listener.id}


def more(things: Things, row: Row, caller: str) -> dict[str, Any]:
    """Body, query and headers that the operation needs to succeed."""
    callers, owner = things.callers, things.callers.people["owner"]
    makers: dict[str, Callable[[], dict[str, Any]]] = {
        "registerUser": lambda: {"json": new_account()},
        "loginUser": lambda: {"json": {"email": owner.user["email"], "password": PASSWORD}},
        "refreshToken": lambda: refreshing(callers, caller),
        "logoutUser": lambda: (owners_session if row.thing else own_session)(callers, caller),
        "checkUsername": lambda: {"params": {"username": "somebody"}},
        "updateUser": lambda: {"json": {"bio": f"Changed by {caller}"}},
        "uploadTrack": lambda: {"files": {"file": ("tune.mp3", things.tune.read_bytes())}},
        "updateTrack": lambda: {"json": {"title": f"Changed by {caller}"}},
        "searchTracks": lambda: {"params": {"q": "tune", "query": "tune"}},
        "searchUsers": lambda: {"params": {"query": "owner"}},
        "searchPlaylists": lambda: {"params": {"query": "list"}},
        "resolve": lambda: {"params": {"url": f"https://audius.co/{owner.user['username']}"}},
        "search": lambda: {"params": {"q": "tune"}},
        "recordPlay": lambda: {"json": {"duration": 3}},
        "createPlaylist": lambda: {"json": {"title": "A list"}},
        "createProduct": lambda: {"json": offer(things.tracks[row.thing]["id"])},
        "updateProduct": lambda: {"json": {"title": f"Changed by {caller}"}},
        "createOrder": lambda: {"json": {"items": [{"product_id": things.product}]}},
        "createUser": lambda: {"json": partner_user()},
        "issueClientToken": lambda: {
            "json": {"grant_type": "client_credentials", "client_id": str(uuid.uuid4()), "client_secret": "wrong"}
        },
        "issueDelegationToken": lambda: {"json": {"deviceId": str(uuid.uuid4())}},
        "createAudience": lambda: {"json": report(things, row, caller)},
    }
    if row.thing in things.shelves.ids:
        return things.shelves.ready(row.operation, row.thing)
    return makers.get(row.operation, dict)()


def ask(things: Things, row: Row, caller: str, parameters: dict[str, str]) -> httpx.Response:
    operation = OPERATIONS[row.contract, row.operation]
    own = more(things, row, caller)
    headers = things.callers.headers(caller) | own.pop("headers", {})
    return things.callers.stage.http.request(
        operation.method, operation.path.format_map(parameters), headers=headers, **own
    )


@pytest.fixture(scope="module")
def things(callers: Callers, tmp_path_factory: pytest.TempPathFactory) -> Things:
    return Things(callers, audio.make(tmp_path_factory.mktemp("matrix") / "tune.mp3", 1.0))


def test_every_operation_that_is_built_has_a_row() -> None:
    built = {name for name, operation in OPERATIONS.items() if operation.is_built}
    assert {(row.contract, row.operation) for row in ROWS} == built


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_operation(things: Things, row: Row) -> None:
    parameters = things.parameters(row.contract, row.thing)
    found = {}
    for caller in CALLERS:
        answer = ask(things, row, caller, parameters)
        found[caller] = answer.status_code
        if answer.status_code == 401 and row.operation not in ("issueClientToken",):
            assert answer.headers["www-authenticate"].startswith("Bearer")
        if answer.is_success and row.thing.startswith("spare"):
            parameters = things.parameters(row.contract, row.thing)
    assert found == row.expected


def test_what_is_not_built_is_shut_all_the_same(things: Things) -> None:
    """Who needs a token for it later, needs one now; anything else of it is not looked at."""
    for operation in OPERATIONS.values():
        if not operation.is_built and operation.kinds and not operation.is_token_optional:
            path = operation.path.format_map(dict.fromkeys(operation.parameters, "1"))
            answer = things.callers.stage.http.request(operation.method, path)
            assert answer.status_code == 401, f"{operation.method} {operation.path}: {answer.status_code}"
