from soundstage.marketplace.v1.orders_pb2 import Order, OrderStatus
from soundstage.marketplace.v1.products_pb2 import Product, ProductStatus, ProductType

from gateway.web.fields import JSON, moment, or_null

STATUSES = {
    "draft": ProductStatus.PRODUCT_STATUS_DRAFT,
    "active": ProductStatus.PRODUCT_STATUS_ACTIVE,
    "archived": ProductStatus.PRODUCT_STATUS_ARCHIVED,
}
TYPES = {
    "track": ProductType.PRODUCT_TYPE_TRACK,
    "pack": ProductType.PRODUCT_TYPE_PACK,
    "service": ProductType.PRODUCT_TYPE_SERVICE,
}
_STATUS_NAMES = {status: name for name, status in STATUSES.items()}
_TYPE_NAMES = {kind: name for name, kind in TYPES.items()}
_ORDER_STATUS_NAMES = {
    OrderStatus.ORDER_STATUS_PENDING: "pending",
    OrderStatus.ORDER_STATUS_COMPLETED: "completed",
    OrderStatus.ORDER_STATUS_FAILED: "failed",
    OrderStatus.ORDER_STATUS_REFUNDED: "refunded",
}


def amount(minor: int) -> float:
    return minor / 100


def product(p: Product) -> JSON:
    return {
        "id": p.id,
        "title": p.title,
        "price": amount(p.price_minor),
        "status": _STATUS_NAMES[p.status],
        "created_at": moment(p.created_at),
        "description": or_null(p, "description"),
        "currency": p.currency,
        "product_type": _TYPE_NAMES[p.type],
        "seller_id": p.seller_id,
        "track_id": p.track_id or None,
        "license_type": p.license_type,
    }


def order_summary(o: Order) -> JSON:
    return {
        "id": o.id,
        "total_amount": amount(o.total_minor),
        "status": _ORDER_STATUS_NAMES[o.status],
        "created_at": moment(o.created_at),
    }


def order(o: Order) -> JSON:
    lines = [{"product_id": line.product_id, "price": amount(line.price_minor)} for line in o.lines]
    return {**order_summary(o), "buyer_id": o.buyer_id, "currency": o.currency, "items": lines}
