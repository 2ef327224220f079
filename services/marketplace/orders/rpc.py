"""Orders on the wire."""

from typing import Any

from soundstage.marketplace.v1 import orders_pb2 as pb
from soundstage.marketplace.v1.orders_pb2_grpc import OrdersServiceServicer

from chassis.clock import timestamp
from chassis.idempotency import fingerprint
from chassis.ids import parse
from chassis.pages import Page
from chassis.principal import Kind, allow, current
from services.marketplace.orders.domain import MAX_PAGE, Orders, field_of
from services.marketplace.orders.order import Order, Status

STATUS = {
    Status.PENDING: pb.ORDER_STATUS_PENDING,
    Status.COMPLETED: pb.ORDER_STATUS_COMPLETED,
    Status.FAILED: pb.ORDER_STATUS_FAILED,
    Status.REFUNDED: pb.ORDER_STATUS_REFUNDED,
}


class OrdersRpc(OrdersServiceServicer):
    def __init__(self, orders: Orders) -> None:
        self._orders = orders

    @allow(Kind.USER)
    async def Add(self, request: pb.AddOrderRequest, context: Any) -> pb.AddOrderResponse:
        product_ids = [parse(text, field=field_of(place)) for place, text in enumerate(request.product_ids)]
        order = await self._orders.add(current(), product_ids, request.idempotency_key, fingerprint(request))
        return pb.AddOrderResponse(order=to_message(order))

    @allow(Kind.USER)
    async def List(self, request: pb.ListOrdersRequest, context: Any) -> pb.ListOrdersResponse:
        page = Page.of(request.page.offset, request.page.limit, most=MAX_PAGE)
        return pb.ListOrdersResponse(orders=[to_message(o) for o in await self._orders.list_page(current(), page)])

    @allow(Kind.USER)
    async def Get(self, request: pb.GetOrderRequest, context: Any) -> pb.GetOrderResponse:
        return pb.GetOrderResponse(order=to_message(await self._orders.get(current(), parse(request.id))))


def to_message(order: Order) -> pb.Order:
    return pb.Order(
        id=str(order.id),
        buyer_id=str(order.buyer_id),
        total_minor=order.total_minor,
        currency=order.currency,
        status=STATUS[order.status],
        lines=[pb.OrderLine(product_id=str(line.product_id), price_minor=line.price_minor) for line in order.lines],
        created_at=timestamp(order.created_at),
    )
