"""Products on the wire."""

from typing import Any
from uuid import UUID

from soundstage.marketplace.v1 import products_pb2 as pb
from soundstage.marketplace.v1.products_pb2_grpc import ProductsServiceServicer

from chassis.clock import timestamp
from chassis.idempotency import fingerprint
from chassis.ids import parse
from chassis.pages import Page
from chassis.principal import Kind, allow, allow_anyone, current
from services.marketplace.products.domain import MAX_PAGE, Products
from services.marketplace.products.product import Change, Offer, Product, Status, Type

STATUS = {
    Status.DRAFT: pb.PRODUCT_STATUS_DRAFT,
    Status.ACTIVE: pb.PRODUCT_STATUS_ACTIVE,
    Status.ARCHIVED: pb.PRODUCT_STATUS_ARCHIVED,
}
TYPE = {
    Type.TRACK: pb.PRODUCT_TYPE_TRACK,
    Type.PACK: pb.PRODUCT_TYPE_PACK,
    Type.SERVICE: pb.PRODUCT_TYPE_SERVICE,
}
STATUS_OF = {number: status for status, number in STATUS.items()}
TYPE_OF = {number: kind for kind, number in TYPE.items()}


class ProductsRpc(ProductsServiceServicer):
    def __init__(self, products: Products) -> None:
        self._products = products

    @allow_anyone
    async def List(self, request: pb.ListProductsRequest, context: Any) -> pb.ListProductsResponse:
        page = Page.of(request.page.offset, request.page.limit, most=MAX_PAGE)
        seller_id = _id(request, "seller_id")
        products = await self._products.list_page(current(), page, STATUS_OF.get(request.status), seller_id)
        return pb.ListProductsResponse(products=[to_message(product) for product in products])

    @allow(Kind.USER)
    async def Add(self, request: pb.AddProductRequest, context: Any) -> pb.AddProductResponse:
        offer = Offer(
            title=request.title,
            description=request.description,
            price_minor=request.price_minor,
            type=TYPE_OF.get(request.type),
            track_id=_id(request, "track_id"),
            license_type=request.license_type,
        )
        product = await self._products.add(current(), offer, request.idempotency_key, fingerprint(request))
        return pb.AddProductResponse(product=to_message(product))

    @allow(Kind.USER)
    async def Change(self, request: pb.ChangeProductRequest, context: Any) -> pb.ChangeProductResponse:
        change = Change(
            fields=frozenset(request.fields),
            title=request.title,
            description=request.description,
            price_minor=request.price_minor,
            status=STATUS_OF.get(request.status),
        )
        product = await self._products.change(current(), parse(request.id), change)
        return pb.ChangeProductResponse(product=to_message(product))

    @allow(Kind.USER)
    async def GetDownload(self, request: pb.GetProductDownloadRequest, context: Any) -> pb.GetProductDownloadResponse:
        file = await self._products.get_download(current(), parse(request.product_id, field="product_id"))
        return pb.GetProductDownloadResponse(
            object=f"originals/{file.recording_id}", title=file.title, format=file.format
        )


def to_message(product: Product) -> pb.Product:
    p = product
    return pb.Product(
        id=str(p.id),
        seller_id=str(p.seller_id),
        title=p.title,
        description=p.description,
        price_minor=p.price_minor,
        currency=p.currency,
        status=STATUS[p.status],
        type=TYPE[p.type],
        track_id=str(p.track_id or ""),
        license_type=p.license_type,
        created_at=timestamp(p.created_at),
    )


def _id(request: pb.ListProductsRequest | pb.AddProductRequest, field: str) -> UUID | None:
    text = getattr(request, field)
    return parse(text, field=field) if text else None
