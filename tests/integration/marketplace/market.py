"""Marketplace as its callers see it, over gRPC, with a catalog and a payment provider that tests command."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any
from uuid import UUID

from soundstage.catalog.v1 import tracks_pb2
from soundstage.catalog.v1.tracks_pb2_grpc import add_TracksServiceServicer_to_server
from soundstage.common.v1 import common_pb2
from soundstage.marketplace.v1 import events_pb2, orders_pb2, orders_pb2_grpc, products_pb2, products_pb2_grpc

from chassis.client import Channel, call
from chassis.events import Event, Record
from chassis.ids import new_id
from chassis.principal import Kind, Principal
from services.marketplace import wiring
from services.marketplace.config import Settings
from services.marketplace.wiring import Parts
from tests.integration.marketplace.awkward import Awkward
from tests.support.outbox import EVENTS
from tests.support.owners import Catalog, running, serving
from tests.support.waiting import until

TIMEOUT_SECONDS = 0.3
WAITING = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
OUTBOX = f"SELECT type, key, payload FROM {EVENTS} ORDER BY id"


def somebody(role: str = "user") -> Principal:
    return Principal(Kind.USER, account_id=new_id(), number=1, role=role)


class Market:
    def __init__(self, parts: Parts, channel: Channel, catalog: Catalog) -> None:
        self.database, self.settlement, self._copies = parts.database, parts.settlement, parts.copies
        self.catalog = catalog
        self._products = products_pb2_grpc.ProductsServiceStub(channel.grpc)
        self._orders = orders_pb2_grpc.OrdersServiceStub(channel.grpc)

    # -- catalog's side
    def track(self, owner: Principal, **more: Any) -> tracks_pb2.TrackState:
        """A track that catalog knows of."""
        state = tracks_pb2.TrackState(
            id=str(new_id()), number=1, owner_id=str(owner.account_id), recording_id=str(new_id()), title="Song",
            format="flac", is_public=True, status=tracks_pb2.TRACK_STATUS_COMPLETED, version=1,
        )  # fmt: skip
        return self.update(state, version=1, **more)

    def update(self, state: tracks_pb2.TrackState, **more: Any) -> tracks_pb2.TrackState:
        """The next state of a track, known to catalog alone."""
        after = tracks_pb2.TrackState()
        after.CopyFrom(state)
        for name, value in {"version": state.version + 1, **more}.items():
            setattr(after, name, value)
        self.catalog.states[after.id] = after
        return after

    async def hear(self, state: tracks_pb2.TrackState, kind: str = "TrackChanged") -> None:
        """The state's event arrives."""
        event = Event.of("soundstage.catalog.v1", state.id, state, type=kind)
        headers = event.headers()
        await self._copies.apply(Record(event.topic, 0, 0, event.key.encode(), event.payload, headers))

    async def remove(self, state: tracks_pb2.TrackState) -> None:
        await self.hear(self.update(state, is_removed=True), "TrackRemoved")

    # -- the callers' side
    async def sell(self, seller: Principal, **fields: Any) -> products_pb2.Product:
        """A track of the seller's for 9.99, unless `fields` say otherwise."""
        kind = fields.setdefault("type", products_pb2.PRODUCT_TYPE_TRACK)
        if kind == products_pb2.PRODUCT_TYPE_TRACK and "track_id" not in fields:
            fields["track_id"] = self.track(seller).id
        request = products_pb2.AddProductRequest(**{"title": "Product", "price_minor": 999, **fields})
        answer: products_pb2.AddProductResponse = await call(self._products.Add, request, caller=seller)
        return answer.product

    async def change(self, caller: Principal, product_id: str, *, fields: list[str], **values: Any) -> Any:
        request = products_pb2.ChangeProductRequest(id=product_id, fields=fields, **values)
        return (await call(self._products.Change, request, caller=caller)).product

    async def list_products(self, caller: Principal, **request: Any) -> list[products_pb2.Product]:
        answer = await call(self._products.List, products_pb2.ListProductsRequest(**request), caller=caller)
        return list(answer.products)

    async def download(self, caller: Principal, product_id: str) -> products_pb2.GetProductDownloadResponse:
        request = products_pb2.GetProductDownloadRequest(product_id=product_id)
        answer: products_pb2.GetProductDownloadResponse = await call(self._products.GetDownload, request, caller=caller)
        return answer

    async def buy(self, buyer: Principal, *product_ids: str, key: str = "") -> orders_pb2.Order:
        request = orders_pb2.AddOrderRequest(product_ids=product_ids, idempotency_key=key)
        answer: orders_pb2.AddOrderResponse = await call(self._orders.Add, request, caller=buyer)
        return answer.order

    async def list_orders(self, caller: Principal, **page: int) -> list[orders_pb2.Order]:
        request = orders_pb2.ListOrdersRequest(page=common_pb2.Page(**page))
        answer = await call(self._orders.List, request, caller=caller)
        return list(answer.orders)

    async def get_order(self, caller: Principal, order_id: str) -> orders_pb2.Order:
        request = orders_pb2.GetOrderRequest(id=order_id)
        answer: orders_pb2.GetOrderResponse = await call(self._orders.Get, request, caller=caller)
        return answer.order

    # -- what it publishes
    async def published(self, *kinds: str) -> list[Any]:
        """The events of these kinds in the outbox, oldest first."""
        async with self.database.connection() as conn:
            rows = await conn.fetch(OUTBOX)
        return [getattr(events_pb2, row["type"]).FromString(row["payload"]) for row in rows if row["type"] in kinds]

    async def run_out(self, order_id: str | UUID) -> None:
        """The time that somebody held the order for has passed."""
        async with self.database.connection() as conn:
            await conn.execute("UPDATE orders SET held_until = clock_timestamp() WHERE id = $1", UUID(str(order_id)))

    async def someone_waits(self) -> None:
        """Until a transaction waits for another's lock."""

        async def is_waiting() -> bool:
            async with self.database.connection() as conn:
                return bool(await conn.fetchval(WAITING))

        await until(is_waiting)


@asynccontextmanager
async def opened(database_url: str, provider: Awkward) -> AsyncIterator[Market]:
    catalog = Catalog()  # type: ignore[abstract]
    async with AsyncExitStack() as stack:
        settings = Settings(
            port=0,
            metrics_port=0,
            database_url=database_url,
            catalog_address=await stack.enter_async_context(serving((catalog, add_TracksServiceServicer_to_server))),
            payment_timeout_seconds=TIMEOUT_SECONDS,
            settle_poll_seconds=0.05,
        )
        parts = wiring.parts(settings, stack, provider)
        await stack.enter_async_context(running(parts.server))
        channel = Channel(f"127.0.0.1:{parts.server.port}")
        stack.push_async_callback(channel.close)
        yield Market(parts, channel, catalog)
