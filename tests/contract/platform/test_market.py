import pytest
from soundstage.marketplace.v1.orders_pb2 import (
    AddOrderResponse,
    GetOrderResponse,
    ListOrdersResponse,
)
from soundstage.marketplace.v1.products_pb2 import (
    AddProductResponse,
    ChangeProductResponse,
    GetProductDownloadResponse,
    ListProductsResponse,
    ProductStatus,
    ProductType,
)

from tests.contract.conftest import Public
from tests.contract.documented import assert_documented
from tests.contract.platform.examples import JOHN, ORDER, PRODUCT, RECORDING, TRACK, order, product

PRODUCTS, ORDERS = "/api/v1/marketplace/products", "/api/v1/marketplace/orders"
ADD = "marketplace.v1.ProductsService/Add"
SALE = {"title": "My Product", "price": 9.99, "product_type": "track", "track_id": TRACK}
JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize(
    ("price", "minor"),
    [
        ("9.99", 999),
        ("0", 0),
        ("0.1", 10),
        ("10", 1000),
        ("999999.99", 99999999),
        ("1e2", 10000),
        ("9.990", 999),
        ("0.29", 29),
    ],
)
async def test_money_is_exact(public: Public, price: str, minor: int) -> None:
    public.services.on(ADD, AddProductResponse(product=product(price_minor=minor)))
    body = f'{{"title":"My Product","price":{price},"product_type":"track","track_id":"{TRACK.upper()}"}}'
    answer = await public.http.post(PRODUCTS, content=body, headers=public.bearer() | JSON)
    assert_documented("platform", "createProduct", answer)
    [asked] = public.services.asked(ADD)
    assert (asked.price_minor, asked.track_id, asked.type) == (minor, TRACK, ProductType.PRODUCT_TYPE_TRACK)
    assert asked.license_type == "standard"
    assert round(answer.json()["data"]["price"] * 100) == minor


@pytest.mark.parametrize(
    "price",
    ["9.999", "-0.01", "1000000", "9.990000000000000000000000000000000001", '"9.99"', "true", "null", "1e-3", "1e999"],
)
async def test_a_price_that_is_none_is_422(public: Public, price: str) -> None:
    body = f'{{"title":"x","price":{price},"product_type":"pack"}}'
    answer = await public.http.post(PRODUCTS, content=body, headers=public.bearer() | JSON)
    assert answer.status_code == 422
    assert_documented("platform", "createProduct", answer)
    assert [d["field"] for d in answer.json()["error"]["details"]] == ["price"]


@pytest.mark.parametrize(
    ("change", "field"),
    [({"track_id": None}, "track_id"), ({"track_id": "x"}, "track_id"), ({"status": "active"}, "status"),
     ({"seller_id": JOHN}, "seller_id"), ({"product_type": "song"}, "product_type"),
     ({"license_type": "A"}, "license_type")],
)  # fmt: skip
async def test_a_wrong_product_is_422(public: Public, change: dict[str, object], field: str) -> None:
    answer = await public.http.post(PRODUCTS, json=SALE | change, headers=public.bearer())
    assert answer.status_code == 422
    assert [d["field"] for d in answer.json()["error"]["details"]] == [field]


async def test_changing_and_listing_products(public: Public) -> None:
    public.services.on(
        "marketplace.v1.ProductsService/Change", ChangeProductResponse(product=product(price_minor=1299))
    )
    change = {"price": 12.99, "status": "archived", "description": ""}
    answer = await public.http.put(f"{PRODUCTS}/{PRODUCT}", json=change, headers=public.bearer())
    assert_documented("platform", "updateProduct", answer)
    [asked] = public.services.asked("marketplace.v1.ProductsService/Change")
    assert sorted(asked.fields) == ["description", "price_minor", "status"]
    assert (asked.price_minor, asked.status) == (1299, ProductStatus.PRODUCT_STATUS_ARCHIVED)
    assert not asked.HasField("description")
    free = await public.http.put(f"{PRODUCTS}/{PRODUCT}", json={"price": 0}, headers=public.bearer())
    assert free.status_code == 200
    assert public.services.asked("marketplace.v1.ProductsService/Change")[1].price_minor == 0
    public.services.on("marketplace.v1.ProductsService/List", ListProductsResponse(products=[product()]))
    listed = await public.http.get(PRODUCTS, params={"seller_id": JOHN, "status": "draft"})
    assert_documented("platform", "listProducts", listed)
    assert listed.json()["data"][0]["price"] == 9.99


async def test_orders(public: Public) -> None:
    public.services.on("marketplace.v1.OrdersService/Add", AddOrderResponse(order=order()))
    public.services.on("marketplace.v1.OrdersService/Get", GetOrderResponse(order=order()))
    public.services.on("marketplace.v1.OrdersService/List", ListOrdersResponse(orders=[order()]))
    headers = public.bearer(sub=JOHN) | {"Idempotency-Key": "once"}
    bought = await public.http.post(ORDERS, json={"items": [{"product_id": PRODUCT}]}, headers=headers)
    assert_documented("platform", "createOrder", bought)
    assert bought.json()["data"]["total_amount"] == 9.99
    [asked] = public.services.asked("marketplace.v1.OrdersService/Add")
    assert (list(asked.product_ids), asked.idempotency_key) == ([PRODUCT], "once")
    read = await public.http.get(f"{ORDERS}/{ORDER}", headers=headers)
    assert_documented("platform", "getOrder", read)
    assert read.json() == bought.json()
    assert_documented("platform", "listOrders", await public.http.get(ORDERS, headers=headers))


@pytest.mark.parametrize(
    ("items", "field"),
    [
        ([], "items"),
        ([{"product_id": PRODUCT}, {"product_id": PRODUCT.upper()}], "items"),
        ([{"product_id": "x"}], "items.0.product_id"),
        ([{"product_id": PRODUCT, "price": 1}], "items.0.price"),
        ([{"product_id": PRODUCT}] * 51, "items"),
    ],
)
async def test_a_wrong_order_is_422(public: Public, items: list[object], field: str) -> None:
    answer = await public.http.post(ORDERS, json={"items": items}, headers=public.bearer())
    assert answer.status_code == 422
    assert answer.json()["error"]["details"][0]["field"] == field


async def test_a_download_link_is_absolute_and_works_without_a_token(public: Public) -> None:
    (public.storage / "originals").mkdir(parents=True)
    (public.storage / "originals" / RECORDING).write_bytes(b"ID3 the original")
    download = GetProductDownloadResponse(object=f"originals/{RECORDING}", title='My "Träck"/1', format="mp3")
    public.services.on("marketplace.v1.ProductsService/GetDownload", download)
    link = await public.http.get(f"/api/v1/marketplace/download/{PRODUCT}", headers=public.bearer())
    assert_documented("platform", "getDownloadUrl", link)
    file = await public.http.get(link.json()["data"]["url"])
    assert file.content == b"ID3 the original"
    assert file.headers["Content-Type"] == "audio/mpeg"
    assert file.headers["Content-Disposition"] == (
        "attachment; filename=\"My _Tr_ck__1.mp3\"; filename*=UTF-8''My%20%22Tr%C3%A4ck%22%2F1.mp3"
    )
    # The signature is for this file name and this object alone.
    assert (await public.http.get(link.json()["data"]["url"].replace("Tr", "tr"))).status_code == 403
