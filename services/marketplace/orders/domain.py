"""The rules of orders: who may buy what, at what price, and who may see it. `settlement` brings them to their end."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from chassis import clock, idempotency
from chassis.errors import Conflict, FieldError, Forbidden, Invalid, NotFound, Unavailable
from chassis.ids import new_id
from chassis.pages import Page
from chassis.postgres import Connection, Database
from chassis.principal import Principal
from services.marketplace import events
from services.marketplace.orders import store
from services.marketplace.orders.order import Line, Order, Status
from services.marketplace.orders.settlement import OPERATION, Settlement
from services.marketplace.products import store as product_store
from services.marketplace.products.product import Product
from services.marketplace.products.product import Status as ProductStatus
from services.marketplace.products.product import Type as ProductType
from services.marketplace.tracks import store as track_store
from services.marketplace.tracks.domain import Tracks
from services.marketplace.tracks.track import Track

MAX_LINES, MAX_PAGE = 50, 100


class Orders:
    def __init__(self, database: Database, tracks: Tracks, settlement: Settlement) -> None:
        self._database = database
        self._tracks = tracks
        self._settlement = settlement

    async def add(self, caller: Principal, product_ids: Sequence[UUID], key: str, fingerprint: bytes) -> Order:
        """Buys all or none. Raises Unavailable when the payment provider is: then nothing was bought."""
        _check_each_once(product_ids)

        async def placed_or_refusal() -> tuple[Order, bool] | _Unfinished:
            try:
                return await self._place_once(caller.user_id, product_ids, key, fingerprint)
            except _Unfinished as refusal:
                return refusal

        placed = await self._tracks.asked.read(
            placed_or_refusal, lambda placed: placed.track_ids if isinstance(placed, _Unfinished) else []
        )
        if isinstance(placed, _Unfinished):
            raise placed
        order, is_new = placed
        if order.status is not Status.PENDING:
            return order
        return await (self._settlement.settle(order) if is_new else self._settlement.resume(order))

    async def list_page(self, caller: Principal, page: Page) -> list[Order]:
        async with self._database.connection() as conn:
            return await store.list_for(conn, caller.user_id, page)

    async def get(self, caller: Principal, order_id: UUID) -> Order:
        async with self._database.connection() as conn:
            order = await store.get(conn, order_id)
        if order is None:
            raise NotFound("No such order")
        if not (caller.is_(order.buyer_id) or caller.is_admin):
            raise Forbidden("Only the buyer may see an order")
        return order

    async def _place_once(
        self, buyer_id: UUID, product_ids: Sequence[UUID], key: str, fingerprint: bytes
    ) -> tuple[Order, bool]:
        """The order that this request places, or that its key placed before; and whether it is new."""
        placed: list[Order] = []

        async def place() -> bytes:
            placed.append(await self._place(conn, buyer_id, product_ids, key))
            return placed[0].id.bytes

        async with self._database.transaction() as conn:
            answer = await idempotency.once(
                conn, caller=str(buyer_id), operation=OPERATION, key=key, fingerprint=fingerprint, do=place
            )
            order = placed[0] if placed else await store.get(conn, UUID(bytes=answer))
        if order is None:
            # The first request is withdrawing it just now.
            raise Unavailable(retry_after_seconds=1)
        return order, bool(placed)

    async def _place(self, conn: Connection, buyer_id: UUID, product_ids: Sequence[UUID], key: str) -> Order:
        # Tracks before products, as in every transaction that locks both.
        tracks = await track_store.lock_shared(conn, await product_store.list_track_ids(conn, list(product_ids)))
        found = await product_store.lock_shared(conn, list(product_ids))
        products = _check_sellable(buyer_id, product_ids, found, tracks)
        order = _order(buyer_id, products, tracks, key)
        if not await store.add(conn, order, self._settlement.held_seconds):
            raise Conflict("You have already bought this, or an order for it is pending")
        if order.status is Status.COMPLETED:
            await self._database.add_event(conn, events.order_completed(order))
        return order


class _Unfinished(Conflict):
    """A track is still being processed, as far as our copy knows; `waiting` are places and ids."""

    def __init__(self, waiting: Mapping[int, UUID]) -> None:
        fields = [FieldError(field_of(place), "is still being processed") for place in waiting]
        super().__init__("A track is still being processed; buy it once it is completed", fields=fields)
        self.track_ids = list(waiting.values())


def _check_each_once(product_ids: Sequence[UUID]) -> None:
    if not 1 <= len(product_ids) <= MAX_LINES:
        raise Invalid(fields=[FieldError("items", f"must contain 1 to {MAX_LINES} products")])
    repeated = [place for place, named in enumerate(product_ids) if named in product_ids[:place]]
    if repeated:
        raise Invalid(fields=[FieldError(field_of(place), "must appear once") for place in repeated])


def _check_sellable(
    buyer_id: UUID, product_ids: Sequence[UUID], found: dict[UUID, Product], tracks: dict[UUID, Track]
) -> list[Product]:
    """The products in the order asked; existence is checked before permission, permission before state."""
    if unknown := [place for place, named in enumerate(product_ids) if named not in found]:
        raise NotFound("No such product", fields=[FieldError(field_of(place), "is unknown") for place in unknown])
    products = [found[named] for named in product_ids]
    if own := [place for place, product in enumerate(products) if product.seller_id == buyer_id]:
        message = "You cannot buy your own products"
        raise Forbidden(message, fields=[FieldError(field_of(place), "is your own") for place in own])
    if closed := [place for place, product in enumerate(products) if not _is_on_sale(product, tracks)]:
        raise Conflict("No longer on sale", fields=[FieldError(field_of(place), "is not on sale") for place in closed])
    waiting = {place: id for place, p in enumerate(products) if (id := p.track_id) and not tracks[id].is_completed}
    if waiting:
        raise _Unfinished(waiting)
    if len({product.currency for product in products}) > 1:
        raise Conflict("The products are sold in different currencies")
    return products


def _is_on_sale(product: Product, tracks: dict[UUID, Track]) -> bool:
    if product.status is not ProductStatus.ACTIVE:
        return False
    if product.track_id is None:
        return True
    return not (tracks[product.track_id].is_removed or tracks[product.track_id].is_failed)


def _order(buyer_id: UUID, products: Sequence[Product], tracks: dict[UUID, Track], key: str) -> Order:
    """At the current prices. A free order is complete at once."""
    now, total = clock.utc_now(), sum(product.price_minor for product in products)
    return Order(
        id=new_id(),
        buyer_id=buyer_id,
        total_minor=total,
        currency=products[0].currency,
        status=Status.PENDING if total else Status.COMPLETED,
        created_at=now,
        completed_at=None if total else now,
        turn=1,
        idempotency_key=key,
        lines=tuple(_line(product, tracks) for product in products),
    )


def _line(product: Product, tracks: dict[UUID, Track]) -> Line:
    claims = {ProductType.TRACK: product.track_id, ProductType.PACK: product.id, ProductType.SERVICE: None}
    line = Line(product.id, product.price_minor, claims[product.type])
    if product.track_id is None:
        return line
    track = tracks[product.track_id]
    return Line(line.product_id, line.price_minor, line.claim, track.recording_id, track.title, track.format)


def field_of(place: int) -> str:
    return f"items.{place}.product_id"
