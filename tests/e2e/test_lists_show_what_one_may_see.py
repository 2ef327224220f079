"""What a list, a search or a profile shows depends on who asks: nothing private comes out of any of them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support import audio
from tests.support.callers import Callers
from tests.support.people import Person, ok
from tests.support.waiting import eventually

PEOPLE = ("anonymous", "other", "owner", "admin")
Show = Callable[[Person], set[str]]


@pytest.fixture(scope="module")
def tracks(callers: Callers, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """One of each kind, whose titles nobody else has; both played by somebody."""
    owner, tune = callers.people["owner"], audio.make(tmp_path_factory.mktemp("lists") / "tune.mp3", 1.0)
    word = f"zq{owner.user['username'].removeprefix('owner_')}"
    public = owner.release(tune, title=f"{word} open")
    private = owner.release(tune, title=f"{word} hidden", is_public="false")
    eventually(lambda: owner.get("/tracks/search", params={"q": word}).json()["tracks"])
    return {"public": public["id"], "private": private["id"], "word": word}


def shown(callers: Callers, show: Show) -> dict[str, set[str]]:
    people = {name: callers.people.get(name) or callers.stage.stranger() for name in PEOPLE}
    return {name: show(person) for name, person in people.items()}


def test_tracks_of_an_owner(callers: Callers, tracks: dict[str, Any]) -> None:
    mine = {tracks["public"]: "public", tracks["private"]: "private"}
    query = {"user_id": callers.people["owner"].id, "limit": 100}

    def show(person: Person) -> set[str]:
        listed = ok(person.get("/tracks", params=query))["tracks"]
        return {mine[track["id"]] for track in listed if track["id"] in mine}

    assert shown(callers, show) == {
        "anonymous": {"public"},
        "other": {"public"},
        "owner": {"public", "private"},
        # Beyond what is public a list holds the caller's own alone; an admin sees the rest by its id.
        "admin": {"public"},
    }


@pytest.mark.parametrize("path", ["/tracks/search", "/search"])
def test_a_search_finds_what_is_public_only(callers: Callers, tracks: dict[str, Any], path: str) -> None:
    def show(person: Person) -> set[str]:
        body = person.get(path, params={"q": tracks["word"], "limit": 100}).json()
        return {track["id"] for track in body.get("data", body)["tracks"]}

    found = shown(callers, show)
    assert all(tracks["public"] in ids and tracks["private"] not in ids for ids in found.values()), found


def test_products_on_offer(callers: Callers, tracks: dict[str, Any]) -> None:
    owner, names = callers.people["owner"], {}
    for status in ("active", "draft", "archived"):
        body = {"title": status, "price": 1, "product_type": "track", "track_id": tracks["public"]}
        product = ok(owner.post("/marketplace/products", json=body), 201)
        ok(owner.put(f"/marketplace/products/{product['id']}", json={"status": status}))
        names[product["id"]] = status

    def show(person: Person) -> set[str]:
        query = {"seller_id": owner.id, "limit": 100}
        answers = [ok(person.get("/marketplace/products", params={**query, "status": s})) for s in names.values()]
        return {names[product["id"]] for listed in answers for product in listed if product["id"] in names}

    everything = set(names.values())
    assert shown(callers, show) == {
        "anonymous": {"active"},
        "other": {"active"},
        "owner": everything,
        "admin": everything,
    }


def test_an_email_is_for_oneself_and_admins(callers: Callers) -> None:
    owner = callers.people["owner"]

    def show(person: Person) -> set[str]:
        keys: set[str] = set(ok(person.get(f"/users/{owner.id}"))["profile"])
        return keys & {"email"}

    assert shown(callers, show) == {"anonymous": set(), "other": set(), "owner": {"email"}, "admin": {"email"}}


def test_an_artists_audience_names_only_tracks_that_one_may_see(callers: Callers, tracks: dict[str, Any]) -> None:
    owner = callers.people["owner"]
    bare = {tracks[kind].replace("-", ""): kind for kind in ("public", "private")}

    def show(name: str) -> set[str]:
        listed = ok(callers.people[name].get(f"/streams/v1/artist-audience/{owner.id}"))["tracks"]
        return {bare[track["track_id"]] for track in listed if track["track_id"] in bare}

    everything = {"public", "private"}
    assert {name: show(name) for name in ("other", "owner", "admin")} == {
        "other": {"public"},
        "owner": everything,
        "admin": everything,
    }


def test_orders_are_the_callers_own(callers: Callers, tmp_path: Path) -> None:
    seller, buyer = callers.people["seller"], callers.people["other"]
    service = {"title": "A mix", "price": 5, "product_type": "service"}
    product = ok(seller.post("/marketplace/products", json=service), 201)["id"]
    order = ok(buyer.post("/marketplace/orders", json={"items": [{"product_id": product}]}), 201)["id"]
    lists = {name: ok(person.get("/marketplace/orders?limit=100")) for name, person in callers.people.items()}
    assert {name for name, orders in lists.items() if order in {one["id"] for one in orders}} == {"other"}
