"""Somebody sells a recording, somebody buys it, and keeps the file whatever happens to the track."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx

from tests.support.people import Person, Stage, ok, refused
from tests.support.waiting import eventually

Tune = Callable[[str, float], Path]


def test_a_buyer_keeps_the_original_for_ever(stage: Stage, artist: Person, listener: Person, tune: Tune) -> None:
    file = tune("flac", 6.0)
    track = artist.release(file, title="For sale")
    offer = {"title": "The file", "price": 9.99, "product_type": "track", "track_id": track["id"]}
    refused(listener.post("/marketplace/products", json=offer), 403, "FORBIDDEN")
    product = ok(artist.post("/marketplace/products", json=offer), 201)
    assert (product["price"], product["status"]) == (9.99, "active")
    download = f"/marketplace/download/{product['id']}"
    refused(listener.get(download), 403, "FORBIDDEN")
    order = ok(listener.post("/marketplace/orders", json={"items": [{"product_id": product["id"]}]}), 201)
    assert (order["status"], order["total_amount"], order["currency"]) == ("completed", 9.99, "EUR")
    assert ok(listener.get(f"/marketplace/orders/{order['id']}")) == order
    assert [o["id"] for o in ok(listener.get("/marketplace/orders"))] == [order["id"]]
    bought = httpx.get(ok(listener.get(download))["url"])
    assert bought.content == file.read_bytes()
    refused(stage.person().get(download), 403, "FORBIDDEN")
    again = listener.post("/marketplace/orders", json={"items": [{"product_id": product["id"]}]})
    refused(again, 409, "CONFLICT")
    ok(artist.delete(f"/tracks/{track['id']}"))
    assert httpx.get(ok(listener.get(download))["url"]).content == file.read_bytes()
    offers = f"/marketplace/products?seller_id={artist.id}"
    eventually(lambda: ok(listener.get(offers)) == [])
    late = stage.person().post("/marketplace/orders", json={"items": [{"product_id": product["id"]}]})
    refused(late, 409, "CONFLICT")


def test_two_orders_at_once_buy_once(artist: Person, listener: Person, tune: Tune) -> None:
    track = artist.release(tune("mp3", 6.0))
    offer = {"title": "Once", "price": 1, "product_type": "track", "track_id": track["id"]}
    product = ok(artist.post("/marketplace/products", json=offer), 201)
    order = {"items": [{"product_id": product["id"]}]}
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: listener.post("/marketplace/orders", json=order).status_code, range(4)))
    assert sorted(answers) == [201, 409, 409, 409]


def test_the_server_alone_decides_price_and_seller(artist: Person, listener: Person, tune: Tune) -> None:
    track = artist.release(tune("mp3", 6.0))
    offer = {"title": "X", "price": 5, "product_type": "track", "track_id": track["id"]}
    for sneaky in ({"seller_id": listener.id}, {"status": "archived"}, {"currency": "USD"}):
        refused(artist.post("/marketplace/products", json=offer | sneaky), 422, "VALIDATION_ERROR")
    refused(artist.post("/marketplace/products", json=offer | {"price": 0.001}), 422, "VALIDATION_ERROR")
    product = ok(artist.post("/marketplace/products", json=offer), 201)
    refused(listener.put(f"/marketplace/products/{product['id']}", json={"price": 0}), 403, "FORBIDDEN")
    sneaky_order = {"items": [{"product_id": product["id"], "price": 0}]}
    refused(listener.post("/marketplace/orders", json=sneaky_order), 422, "VALIDATION_ERROR")
    refused(artist.post("/marketplace/orders", json={"items": [{"product_id": product["id"]}]}), 403, "FORBIDDEN")
    ok(artist.put(f"/marketplace/products/{product['id']}", json={"status": "archived"}))
    refused(listener.post("/marketplace/orders", json={"items": [{"product_id": product["id"]}]}), 409, "CONFLICT")
