"""Two identical requests at once under one Idempotency-Key are one deed, in every operation that takes a key."""

import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from threading import Barrier
from typing import Any

import httpx
import pytest

from gateway.config import Settings
from gateway.contracts import CONTRACTS
from tests.support import audio
from tests.support.callers import Callers, Tenant, partner_user
from tests.support.people import Person, ok
from tests.support.waiting import eventually

JSON = dict[str, Any]


@dataclass(frozen=True)
class Deed:
    """`send` does it under a key, with the usual body or another; `count` says how often it was done."""

    send: Callable[[str, bool], httpx.Response]
    count: Callable[[], int]
    status: int = 201


@dataclass(frozen=True)
class Scene:
    artist: Person
    listener: Person
    track: JSON
    tune: Path
    tenant: Tenant


def keyed(key: str) -> dict[str, str]:
    return {"Idempotency-Key": key}


def uploading(scene: Scene) -> Deed:
    person = scene.artist.stage.person("uploader")

    def send(key: str, is_other: bool) -> httpx.Response:
        title = "Another" if is_other else "The same"
        files = {"file": ("tune.mp3", scene.tune.read_bytes())}
        return person.post("/tracks", files=files, data={"title": title}, headers=keyed(key))

    return Deed(send, lambda: int(ok(person.get("/tracks", params={"user_id": person.id}))["pagination"]["total"]))


def offering(scene: Scene) -> Deed:
    def send(key: str, is_other: bool) -> httpx.Response:
        body = {
            "title": "A tune",
            "price": 2 if is_other else 1,
            "product_type": "track",
            "track_id": scene.track["id"],
        }
        return scene.artist.post("/marketplace/products", json=body, headers=keyed(key))

    return Deed(send, lambda: len(ok(scene.artist.get(f"/marketplace/products?seller_id={scene.artist.id}"))))


def ordering(scene: Scene) -> Deed:
    buyer = scene.artist.stage.person("buyer")
    service = {"title": "A mix", "price": 5, "product_type": "service"}
    first, second = (ok(scene.listener.post("/marketplace/products", json=service), 201)["id"] for _ in range(2))

    def send(key: str, is_other: bool) -> httpx.Response:
        body = {"items": [{"product_id": second if is_other else first}]}
        return buyer.post("/marketplace/orders", json=body, headers=keyed(key))

    return Deed(send, lambda: len(ok(buyer.get("/marketplace/orders"))))


def plays_of(scene: Scene, track: JSON) -> int:
    """A play without a key is counted behind those before it, so what is counted with it is final."""
    path = f"/tracks/{track['id']}/stats"
    marker = scene.artist.stage.person("marker")
    marker.play(track["id"], 1)
    heard = f"/streams/v1/audience-track/{track['id']}?main_user_id={marker.id}"
    eventually(lambda: ok(marker.get(heard))["main_user"]["streams"] == 1)
    return int(ok(scene.artist.get(path))["stats"]["total_plays"]) - 1


def playing(scene: Scene) -> Deed:
    track = scene.artist.release(scene.tune)

    def send(key: str, is_other: bool) -> httpx.Response:
        body = {"duration": 4 if is_other else 3}
        return scene.listener.post(f"/tracks/{track['id']}/play", json=body, headers=keyed(key))

    return Deed(send, lambda: plays_of(scene, track), 200)


def reporting(scene: Scene) -> Deed:
    first, second = scene.artist.release(scene.tune), scene.track

    def send(key: str, is_other: bool) -> httpx.Response:
        body = {"track_id": (second if is_other else first)["id"], "user_id": scene.listener.id}
        return scene.listener.post("/streams/v1/audience", json=body, headers=keyed(key))

    return Deed(send, lambda: plays_of(scene, first))


def keeping_a_playlist(scene: Scene) -> Deed:
    person = scene.artist.stage.person("keeper")

    def send(key: str, is_other: bool) -> httpx.Response:
        body = {"title": "Another" if is_other else "The same"}
        return person.post("/playlists", json=body, headers=keyed(key))

    return Deed(send, lambda: int(ok(person.get("/playlists", params={"user_id": person.id}))["pagination"]["total"]))


def sharing(scene: Scene) -> Deed:
    person = scene.artist.stage.person("keeper")
    first, second = (ok(person.post("/playlists", json={"title": "P"}), 201)["playlist"]["id"] for _ in range(2))
    tokens: set[str] = set()

    def send(key: str, is_other: bool) -> httpx.Response:
        answer = person.post(f"/playlists/{second if is_other else first}/share", headers=keyed(key))
        if answer.is_success:
            tokens.add(answer.json()["data"]["share_token"])
        return answer

    def count() -> int:
        """The links that anybody was told of and that open it."""
        answers = [person.get(f"/playlists/shared/{token}") for token in tokens]
        return [ok(answer)["playlist"]["id"] for answer in answers].count(first)

    return Deed(send, count, 200)


def adding_a_user(scene: Scene) -> Deed:
    same, other = partner_user(), partner_user()
    token = {"Authorization": f"Bearer {scene.tenant.client}"}
    http = scene.artist.stage.http

    def send(key: str, is_other: bool) -> httpx.Response:
        return http.post("/partner/v1/users", json=other if is_other else same, headers=token | keyed(key))

    def count() -> int:
        """1: the first address is taken, the second is free."""
        answers = [http.post("/partner/v1/users", json=body, headers=token) for body in (same, other)]
        return [answer.status_code for answer in answers].count(422)

    return Deed(send, count)


DEEDS: dict[tuple[str, str], Callable[[Scene], Deed]] = {
    ("platform", "uploadTrack"): uploading,
    ("platform", "createProduct"): offering,
    ("platform", "createOrder"): ordering,
    ("platform", "recordPlay"): playing,
    ("platform", "createPlaylist"): keeping_a_playlist,
    ("platform", "createShareLink"): sharing,
    ("audience", "createAudience"): reporting,
    ("partner", "createUser"): adding_a_user,
}
IN_FLIGHT: dict[str, Callable[[JSON], bool]] = {
    "platform": lambda body: body["error"]["code"] == "IDEMPOTENCY_IN_FLIGHT",
    "audience": lambda body: body["error"]["code"] == "IDEMPOTENCY_IN_FLIGHT",
    "partner": lambda body: body.keys() == {"message"},
}
REUSED: dict[str, Callable[[JSON], bool]] = {
    "platform": lambda body: body["error"]["code"] == "IDEMPOTENCY_KEY_REUSED",
    "audience": lambda body: body["error"]["code"] == "IDEMPOTENCY_KEY_REUSED",
    "partner": lambda body: list(body["errors"]) == ["Idempotency-Key"],
}


@pytest.fixture(scope="module")
def scene(callers: Callers, tmp_path_factory: pytest.TempPathFactory) -> Scene:
    tune, stage = audio.make(tmp_path_factory.mktemp("twice") / "tune.mp3", 1.0), callers.stage
    artist = stage.person("artist")
    return Scene(artist, stage.person("listener"), artist.release(tune), tune, callers.tenant)


def test_every_operation_that_takes_a_key_is_tried() -> None:
    takes = {
        (contract.name, operation.operation_id)
        for contract in (build(Settings()) for build in CONTRACTS)
        for operation in contract.operations()
        if operation.is_built and takes_key(contract.document, operation.operation_id)
    }
    assert takes == DEEDS.keys()


def takes_key(document: JSON, operation_id: str) -> bool:
    specs = (spec for item in document["paths"].values() for spec in item.values() if isinstance(spec, dict))
    spec = next(spec for spec in specs if spec.get("operationId") == operation_id)
    return any(
        parameter.get("name") == "Idempotency-Key" or "IdempotencyKey" in parameter.get("$ref", "")
        for parameter in spec.get("parameters", [])
    )


@pytest.mark.parametrize(("contract", "operation"), DEEDS)
def test_twice_at_once_is_once(scene: Scene, contract: str, operation: str) -> None:
    deed, key = DEEDS[contract, operation](scene), uuid.uuid4().hex
    start = Barrier(2)

    def at_once(_: int) -> httpx.Response:
        start.wait(10)
        return deed.send(key, False)

    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(at_once, range(2)))
    done = [answer for answer in answers if answer.status_code == deed.status]
    assert done, [answer.text for answer in answers]
    for answer in answers:
        if answer not in done:
            assert answer.status_code == 409, answer.text
            assert IN_FLIGHT[contract](answer.json())
    later = deed.send(key, False)
    assert [answer.json() for answer in done] == [later.json()] * len(done)
    other = deed.send(key, True)
    assert other.status_code == 422, other.text
    assert REUSED[contract](other.json())
    assert deed.count() == 1
