"""The rules of products: who may sell what, who may see it, who may download its file."""

import json
from dataclasses import asdict, replace
from datetime import datetime
from uuid import UUID

from chassis import clock, idempotency
from chassis.errors import Conflict, Error, Forbidden, NotFound
from chassis.ids import new_id
from chassis.pages import Page
from chassis.postgres import Connection, Database
from chassis.principal import Principal
from services.marketplace.products import store, words
from services.marketplace.products.product import Change, File, Offer, Product, Status, Type
from services.marketplace.products.sales import Sales
from services.marketplace.tracks import store as track_store
from services.marketplace.tracks.domain import Tracks

MAX_PAGE = 100


class Products:
    def __init__(self, database: Database, tracks: Tracks, sales: Sales, currency: str) -> None:
        self._database = database
        self._tracks = tracks
        self._sales = sales
        self._currency = currency

    async def list_page(
        self, caller: Principal, page: Page, status: Status | None, seller_id: UUID | None
    ) -> list[Product]:
        """Newest first. Only the seller and admins see drafts and archived products."""
        async with self._database.connection() as conn:
            return await store.list_page(
                conn,
                page,
                status=status or Status.ACTIVE,
                seller_id=seller_id,
                viewer_id=caller.account_id,
                sees_all=caller.is_admin,
            )

    async def add(self, caller: Principal, offer: Offer, key: str, fingerprint: bytes) -> Product:
        product = self._product(caller.user_id, offer)

        async def insert(conn: Connection) -> bytes:
            await _check_track(conn, product)
            await store.add(conn, product)
            await self._sales.publish(conn, product.track_id)
            return _freeze(product)

        async def attempt() -> bytes:
            async with self._database.transaction() as conn:
                return await idempotency.once(
                    conn,
                    caller=str(product.seller_id),
                    operation="products.add",
                    key=key,
                    fingerprint=fingerprint,
                    do=lambda: insert(conn),
                )

        async def attempt_or_refusal() -> bytes | Error:
            try:
                return await attempt()
            except (NotFound, Forbidden) as refusal:
                return refusal

        answer = await self._tracks.asked.read(
            attempt_or_refusal,
            lambda answer: [product.track_id] if product.track_id and isinstance(answer, Error) else [],
        )
        if isinstance(answer, Error):
            raise answer
        return _thaw(answer)

    async def change(self, caller: Principal, product_id: UUID, change: Change) -> Product:
        async with self._database.transaction() as conn:
            tracks = await track_store.lock_shared(conn, await store.list_track_ids(conn, [product_id]))
            before = await store.lock(conn, product_id)
            if before is None:
                raise NotFound("No such product")
            if before.seller_id != caller.account_id:
                raise Forbidden("Only the seller may change a product")
            after = _changed(before, change)
            if after.status is not Status.ARCHIVED and any(t.is_removed or t.is_failed for t in tracks.values()):
                raise words.invalid("status", "must stay archived: the track was deleted or could not be processed")
            await store.change(conn, after)
            await self._sales.publish(conn, after.track_id)
            return after

    async def get_download(self, caller: Principal, product_id: UUID) -> File:
        file = await self._tracks.asked.read(
            lambda: self._get_file(caller, product_id),
            lambda file: [file.track_id] if file and not file.is_finished else [],
        )
        return _granted(caller, file)

    async def _get_file(self, caller: Principal, product_id: UUID) -> File | None:
        async with self._database.connection() as conn:
            return await store.get_file(conn, product_id, caller.account_id)

    def _product(self, seller_id: UUID, offer: Offer) -> Product:
        if offer.type is None:
            raise words.invalid("product_type", "must be track, pack or service")
        if offer.type is Type.TRACK and offer.track_id is None:
            raise words.invalid("track_id", "is required for a track")
        return Product(
            id=new_id(),
            seller_id=seller_id,
            title=words.title(offer.title),
            description=words.description(offer.description),
            price_minor=words.price_minor(offer.price_minor),
            currency=self._currency,
            status=Status.ACTIVE,
            type=offer.type,
            track_id=offer.track_id,
            license_type=words.license_type(offer.license_type),
            created_at=clock.utc_now(),
        )


async def _check_track(conn: Connection, product: Product) -> None:
    """The seller owns the track, and it is not removed before this transaction ends."""
    if product.track_id is None:
        return
    track = (await track_store.lock_shared(conn, {product.track_id})).get(product.track_id)
    if track is None or track.is_removed:
        raise NotFound("No such track")
    if track.owner_id != product.seller_id:
        raise Forbidden("Only the owner may sell a track")
    if track.is_failed:
        raise words.invalid("track_id", "must name a track that could be processed")


def _changed(before: Product, change: Change) -> Product:
    if not change.fields:
        raise words.invalid("", "must name at least one field")
    after = before
    for field in sorted(change.fields):
        match field:
            case "title":
                after = replace(after, title=words.title(change.title))
            case "description":
                after = replace(after, description=words.description(change.description))
            case "price_minor":
                after = replace(after, price_minor=words.price_minor(change.price_minor))
            case "status" if change.status is not None:
                after = replace(after, status=change.status)
            case _:
                raise words.invalid(field, "cannot be changed to this value")
    return after


def _granted(caller: Principal, file: File | None) -> File:
    if file is None or (file.is_removed and not file.is_kept):
        raise NotFound("The product has no file")
    if not (file.is_bought or caller.is_(file.seller_id) or caller.is_admin):
        raise Forbidden("Only buyers may download this file")
    if not file.is_finished:
        raise Conflict("The track is still being processed")
    return file


def _freeze(product: Product) -> bytes:
    return json.dumps(asdict(product), default=str).encode()


def _thaw(frozen: bytes) -> Product:
    f = json.loads(frozen)
    ids = {name: UUID(f[name]) if f[name] else None for name in ("id", "seller_id", "track_id")}
    return Product(
        **{
            **f,
            **ids,
            "status": Status(f["status"]),
            "type": Type(f["type"]),
            "created_at": datetime.fromisoformat(f["created_at"]),
        }
    )
