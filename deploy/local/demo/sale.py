"""A sale: the buyer gets the uploaded file, and nobody else does."""

from uuid import uuid4

from deploy.local.demo.gateway import JSON, expect, must
from deploy.local.demo.stage import MIB, Stage

PRICE = 4.99
ORDERS = "/api/v1/marketplace/orders"


def sell(stage: Stage) -> None:
    stage.screen.step("A sale")
    buyer, other, *_ = stage.listeners
    product = _offer(stage)
    download = f"/api/v1/marketplace/download/{product['id']}"
    expect(buyer.send("GET", download), 403)
    order_body = {"items": [{"product_id": product["id"]}]}
    order = buyer.post(ORDERS, order_body, key=str(uuid4()), status=201)
    settled = (order["status"], order["total_amount"], order["buyer_id"])
    must(settled == ("completed", PRICE, buyer.id), f"the order ended as {settled}")
    stage.screen.say(f"{buyer.name} bought it for {order['total_amount']} {order['currency']}, order {order['id']}")
    _compare(stage, buyer.get(download)["url"])
    expect(other.send("GET", download), 403)
    expect(buyer.send("POST", ORDERS, json=order_body), 409)
    stage.screen.say(f"the download is the uploaded file, byte for byte; {other.name}, who did not buy, gets 403")


def _offer(stage: Stage) -> JSON:
    offer = {
        "title": stage.track["title"],
        "price": PRICE,
        "product_type": "track",
        "track_id": stage.track["id"],
        "license_type": "standard",
    }
    product = stage.artist.post("/api/v1/marketplace/products", offer, key=str(uuid4()), status=201)
    must((product["price"], product["status"]) == (PRICE, "active"), f"the product was created as {product}")
    return dict(product)


def _compare(stage: Stage, url: str) -> None:
    size, place = stage.tune.path.stat().st_size, 0
    with stage.screen.bar("downloading", size) as advance, stage.tune.path.open("rb") as original:
        for chunk in stage.gateway.chunks(url):
            place += len(chunk)
            must(original.read(len(chunk)) == chunk, "the download differs from the uploaded file")
            advance(place, f"{place / MIB:.1f} MiB")
    must(place == size, f"the download ends after {place} of {size} bytes")
