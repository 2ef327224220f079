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
import pytest

from gateway.contracts import CONTRACTS
from tests.support import audio
from tests.support.callers import CALLERS, Callers, again, partner_user
from tests.support.people import PASSWORD, Person, ok

OPERATIONS = {(c.name, o.operation_id): o for c in (build() for build in CONTRACTS) for o in c.operations()}

# Platform: a token of another kind is a bad one (401), also where a token is optional; what takes none ignores it.
MATRIX = """
                                  anonymous other owner admin client delegation refresh foreign
platform registerUser                   201   201   201   201    201        201     201     201
platform loginUser                      200   200   200   200    200        200     200     200
platform refreshToken                   200   200   200   200    200        200     200     200
platform checkUsername                  200   200   200   200    200        200     200     200
platform logoutUser                     401   200   200   200    401        401     401     401
platform logoutUser refresh-token       401   403   200   403    401        401     401     401
platform getCurrentUser                 401   200   200   200    401        401     401     401
platform getUser user                   200   200   200   200    401        401     401     401
platform getUser partner-user           404   404   404   404    401        401     401     401
platform getUserByUsername user         200   200   200   200    401        401     401     401
platform updateUser user                401   403   200   200    401        401     401     401
platform updateUser partner-user        401   404   404   404    401        401     401     401
platform followUser user                401   200   422   200    401        401     401     401
platform followUser partner-user        401   404   404   404    401        401     401     401
platform unfollowUser user              401   200   200   200    401        401     401     401
platform listTracks                     200   200   200   200    401        401     401     401
platform uploadTrack                    401   201   201   201    401        401     401     401
platform searchTracks                   200   200   200   200    401        401     401     401
platform search                         200   200   200   200    401        401     401     401
platform getTrack public                200   200   200   200    401        401     401     401
platform getTrack private               403   403   200   200    401        401     401     401
platform updateTrack public             401   403   200   200    401        401     401     401
platform updateTrack private            401   403   200   200    401        401     401     401
platform deleteTrack spare              401   403   200   200    401        401     401     401
platform deleteTrack spare-private      401   403   200   200    401        401     401     401
platform getTrackStats public           200   200   200   200    401        401     401     401
platform getTrackStats private          403   403   200   200    401        401     401     401
platform likeTrack public               401   200   200   200    401        401     401     401
platform likeTrack private              401   403   200   200    401        401     401     401
platform unlikeTrack public             401   200   200   200    401        401     401     401
platform unlikeTrack private            401   200   200   200    401        401     401     401
platform listTrackLikes public          200   200   200   200    401        401     401     401
platform listTrackLikes private         403   403   200   200    401        401     401     401
platform getTrackStatus public          401   403   200   200    401        401     401     401
platform getTrackStatus private         401   403   200   200    401        401     401     401
platform recordPlay public              401   200   200   200    401        401     401     401
platform recordPlay private             401   403   200   200    401        401     401     401
platform getTrackDashboard public       401   403   200   200    401        401     401     401
platform getTrackDashboard private      401   403   200   200    401        401     401     401
platform listProducts                   200   200   200   200    401        401     401     401
platform createProduct public           401   403   201   403    401        401     401     401
platform createProduct private          401   403   201   403    401        401     401     401
platform updateProduct product          401   403   200   403    401        401     401     401
platform createOrder product            401   201   403   201    401        401     401     401
platform listOrders                     401   200   200   200    401        401     401     401
platform getOrder order                 401   403   200   200    401        401     401     401
platform getDownloadUrl sold            401   403   200   200    401        401     401     401
platform getDownloadUrl bought          401   403   200   200    401        401     401     401
platform getSwaggerUi                   200   200   200   200    200        200     200     200
platform getRedoc                       200   200   200   200    200        200     200     200
platform getOpenApiDocument             200   200   200   200    200        200     200     200
platform getJwks                        200   200   200   200    200        200     200     200

                                  anonymous other owner admin client delegation refresh foreign
insights getTrackAnalytics public       401   403   200   200    401        401     401     401
insights getTrackAnalytics private      401   403   200   200    401        401     401     401
insights getTrackCharts public          401   403   200   200    401        401     401     401
insights getTrackCharts private         401   403   200   200    401        401     401     401
insights getTrackRealtime public        401   403   200   200    401        401     401     401
insights getTrackRealtime private       401   403   200   200    401        401     401     401

                                  anonymous other owner admin client delegation refresh foreign
discovery getUser user                  200   200   200   200    200        200     200     200
discovery getTrack public               200   200   200   200    200        200     200     200
discovery getTrack private              404   404   404   404    404        404     404     404
discovery streamTrack public            200   200   200   200    200        200     200     200
discovery streamTrack private           404   404   404   404    404        404     404     404
discovery headTrackStream public        200   200   200   200    200        200     200     200
discovery headTrackStream private       404   404   404   404    404        404     404     404
discovery listHosts                     200   200   200   200    200        200     200     200
discovery getHealth                     200   200   200   200    200        200     200     200

                                  anonymous other owner admin client delegation refresh foreign
partner getHeartbeat                    200   200   200   200    200        200     200     200
partner getAggregatorStatus             200   200   200   200    200        200     200     200
partner issueClientToken                401   401   401   401    401        401     401     401
partner createUser                      401   403   403   403    201        403     401     201
partner getUser partner-user            401   403   403   403    200        403     401     404
partner getUser user                    401   403   403   403    404        403     401     404
partner issueDelegationToken partner-user 401 403   403   403    200        403     401     404
partner issueDelegationToken user       401   403   403   403    404        403     401     404
partner getStreamManifest public        401   403   403   403    403        200     401     403
partner getStreamManifest private       401   403   403   403    403        404     401     403

                                  anonymous other owner admin client delegation refresh foreign
audience createAudience public          201   201   201   201    401        401     401     401
audience createAudience private         403   403   201   201    401        401     401     401
audience createAudience others-name     201   403   403   403    401        401     401     401
audience getTrackAudience public        401   200   200   200    401        401     401     401
audience getTrackAudience private       401   403   200   200    401        401     401     401
audience getTopAudience public          401   200   200   200    401        401     401     401
audience getTopAudience private         401   403   200   200    401        401     401     401
audience getArtistAudience user         401   200   200   200    401        401     401     401
"""


@dataclass(frozen=True)
class Row:
    contract: str
    operation: str
    thing: str
    expected: dict[str, int]

    def __str__(self) -> str:
        return "-".join(filter(None, (self.contract, self.operation, self.thing)))


def rows() -> Iterator[Row]:
    for line in MATRIX.splitlines():
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
        self.sold = self._offer(owner, self.tracks["public"]["id"])
        self.bought = self._offer(seller, seller.release(tune)["id"])
        order = {"items": [{"product_id": self.bought}]}
        self.order = ok(owner.post("/marketplace/orders", json=order), 201)["id"]
        self.product = self._offer(owner, self.tracks["public"]["id"])

    def parameters(self, contract: str, thing: str) -> dict[str, str]:
        owner = self.callers.people["owner"]
        if thing in ("public", "private"):
            return self._of_track(contract, self.tracks[thing])
        if thing.startswith("spare"):
            is_public = "false" if thing.endswith("private") else "true"
            return {"id": str(owner.upload(self.tune, is_public=is_public)["id"])}
        users = {"user": owner.id, "partner-user": self.callers.tenant.user_id}
        if thing in users:
            user_id = users[thing]
            names = {"id": user_id, "user_id": user_id, "artist_id": user_id, "username": owner.user["username"]}
            return {**names, "user_id": hashid(owner.user["number"])} if contract == "discovery" else names
        ids = {"product": self.product, "order": self.order, "sold": self.sold, "bought": self.bought}
        return {"id": ids.get(thing, ""), "product_id": ids.get(thing, "")}

    def _of_track(self, contract: str, track: dict[str, Any]) -> dict[str, str]:
        number = track["number"]
        track_id = hashid(number) if contract == "discovery" else track["id"]
        return {"id": track["id"], "track_id": track_id, "trackId": str(number), "stream_id": track["stream_id"]}

    def _offer(self, seller: Person, track_id: str) -> str:
        return str(ok(seller.post("/marketplace/products", json=offer(track_id)), 201)["id"])


def hashid(number: int) -> str:
    from hashids import Hashids

    return str(Hashids("azowernasdfoia", min_length=5).encode(number))


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
        "searchTracks": lambda: {"params": {"q": "tune"}},
        "search": lambda: {"params": {"q": "tune"}},
        "recordPlay": lambda: {"json": {"duration": 3}},
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
