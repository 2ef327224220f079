from soundstage.marketplace.v1.orders_pb2 import (
    AddOrderRequest,
    GetOrderRequest,
    ListOrdersRequest,
)
from soundstage.marketplace.v1.products_pb2 import (
    AddProductRequest,
    ChangeProductRequest,
    GetProductDownloadRequest,
    ListProductsRequest,
    ProductStatus,
)

from gateway.calls.wire import ask, page
from gateway.contract import Handlers
from gateway.contracts.platform.envelope import success
from gateway.contracts.platform.fields import Pages
from gateway.contracts.platform.marketplace import mapping
from gateway.contracts.platform.marketplace.schemas import OrderInput, ProductChangeInput, ProductInput, ProductsQuery
from gateway.parts import Parts
from gateway.web.reading import idempotency_key, json_body, path_uuid, query
from gateway.web.requests import Request
from gateway.web.responses import JSONResponse

HANDLERS = Handlers()


@HANDLERS.on("listProducts")
async def list_products(parts: Parts, request: Request) -> JSONResponse:
    params = query(request, ProductsQuery)
    answer = await ask(
        parts.services.products.List,
        ListProductsRequest(
            page=page(params.page, params.limit),
            status=mapping.STATUSES[params.status] if params.status else ProductStatus.PRODUCT_STATUS_UNSPECIFIED,
            seller_id=params.seller_id,
        ),
    )
    return success([mapping.product(product) for product in answer.products])


@HANDLERS.on("createProduct")
async def add_product(parts: Parts, request: Request) -> JSONResponse:
    key = idempotency_key(request)
    body = await json_body(request, ProductInput)
    answer = await ask(
        parts.services.products.Add,
        AddProductRequest(
            title=body.title,
            description=body.description or None,
            price_minor=body.price,
            type=mapping.TYPES[body.product_type],
            track_id=body.track_id,
            license_type=body.license_type,
            idempotency_key=key,
        ),
    )
    return success(mapping.product(answer.product), 201)


@HANDLERS.on("updateProduct")
async def change_product(parts: Parts, request: Request) -> JSONResponse:
    product_id = path_uuid(request)
    sent = (await json_body(request, ProductChangeInput)).sent()
    # The contract calls it price, the service by its unit.
    values = {("price_minor" if name == "price" else name): value for name, value in sent.items()}
    if "status" in values:
        values["status"] = mapping.STATUSES[values["status"]]
    answer = await ask(
        parts.services.products.Change, ChangeProductRequest(id=product_id, fields=list(values), **values)
    )
    return success(mapping.product(answer.product))


@HANDLERS.on("createOrder")
async def add_order(parts: Parts, request: Request) -> JSONResponse:
    key = idempotency_key(request)
    body = await json_body(request, OrderInput)
    answer = await ask(
        parts.services.orders.Add,
        AddOrderRequest(product_ids=[item.product_id for item in body.items], idempotency_key=key),
    )
    return success(mapping.order(answer.order), 201)


@HANDLERS.on("listOrders")
async def list_orders(parts: Parts, request: Request) -> JSONResponse:
    params = query(request, Pages)
    answer = await ask(parts.services.orders.List, ListOrdersRequest(page=page(params.page, params.limit)))
    return success([mapping.order_summary(order) for order in answer.orders])


@HANDLERS.on("getOrder")
async def get_order(parts: Parts, request: Request) -> JSONResponse:
    answer = await ask(parts.services.orders.Get, GetOrderRequest(id=path_uuid(request)))
    return success(mapping.order(answer.order))


@HANDLERS.on("getDownloadUrl")
async def get_download(parts: Parts, request: Request) -> JSONResponse:
    product_id = path_uuid(request, "product_id")
    answer = await ask(parts.services.products.GetDownload, GetProductDownloadRequest(product_id=product_id))
    link = parts.media.object_link(parts.origin(request), answer.object, f"{answer.title}.{answer.format}")
    return success({"url": link})
