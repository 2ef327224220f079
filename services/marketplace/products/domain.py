"""The rules of products: who may sell what, who sees it, who may have its file."""

import json
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from uuid import UUID

from chassis import clock, idempotency
from chassis.errors import Conflict, Forbidden, NotFound
from chassis.ids import new_id
from chassis.pages import Page
from chassis.postgres import Connection, Database
from chassis.principal import Principal
from services.marketplace.products import sales, store, words
from services.marketplace.products.store import File, Product, Status, Type
from services.marketplace.tracks import store as track_store
from services.marketplace.tracks.domain import Tracks

MAX_PAGE = 100


@dataclass(frozen=True, slots=True)
class Offer:
    """What a seller puts up for sale."""

    title: str
    description: str | None
    price_minor: int
    type: Type | None
    track_id: UUID | None
    license_type: str


@dataclass(frozen=True, slots=True)
class Change:
    """Only what `fields` names changes: title, description, price_minor, status."""

    fields: frozenset[str]
    title: str = ""
    description: str | None = None
    price_minor: int = 0
    status: Status | None = None


class Products:
    def __init__(self, db: Database, tracks: Tracks, currency: str) -> None:
        self._db = db
        self._tracks = tracks
        self._currency = currency

    async def list_(
        self, caller: Principal, page: Page, status: Status | None, seller_id: UUID | None
    ) -> list[Product]:
        """Drafts and archived ones only for their seller and admins."""
        async with self._db.connection() as conn:
            return await store.list_(
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
            await sales.tell(self._db, conn, product.track_id)
            return _freeze(product)

        async def attempt() -> bytes:
            async with self._db.transaction() as conn:
                return await idempotency.once(
                    conn,
                    caller=str(product.seller_id),
                    operation="products.add",
                    key=key,
                    fingerprint=fingerprint,
                    do=lambda: insert(conn),
                )

        try:
            return _thaw(await attempt())
        except (NotFound, Forbidden):
            # The copy of the track may be behind.
            if product.track_id is None or not await self._tracks.asked(product.track_id):
                raise
        return _thaw(await attempt())

    async def change(self, caller: Principal, product_id: UUID, change: Change) -> Product:
        async with self._db.transaction() as conn:
            tracks = await track_store.lock_shared(conn, await store.list_track_ids(conn, [product_id]))
            before = await store.lock(conn, product_id)
            if before is None:
                raise NotFound("No such product")
            if before.seller_id != caller.account_id:
                raise Forbidden("Only its seller may change a product")
            after = _changed(before, change)
            if after.status is not Status.ARCHIVED and any(track.is_removed for track in tracks.values()):
                raise words.invalid("status", "the product's track was deleted, so it stays archived")
            await store.change(conn, after)
            await sales.tell(self._db, conn, after.track_id)
            return after

    async def get_download(self, caller: Principal, product_id: UUID) -> File:
        file = await self._get_file(caller, product_id)
        if file and not file.is_finished and await self._tracks.asked(file.track_id):
            file = await self._get_file(caller, product_id)
        return _granted(caller, file)

    async def _get_file(self, caller: Principal, product_id: UUID) -> File | None:
        async with self._db.connection() as conn:
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
    """The track is the seller's own, and is not removed before this transaction ends."""
    if product.track_id is None:
        return
    track = (await track_store.lock_shared(conn, {product.track_id})).get(product.track_id)
    if track is None or track.is_removed:
        raise NotFound("No such track")
    if track.owner_id != product.seller_id:
        raise Forbidden("Only its owner may sell a track")


def _changed(before: Product, change: Change) -> Product:
    if not change.fields:
        raise words.invalid("", "names nothing to change")
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
                raise words.invalid(field, "cannot be changed to this")
    return after


def _granted(caller: Principal, file: File | None) -> File:
    if file is None or (file.is_removed and not file.is_kept):
        raise NotFound("The product has no file")
    if not (file.is_bought or caller.is_(file.seller_id) or caller.is_admin):
        raise Forbidden("Only who bought it may download this")
    if not file.is_finished:
        raise Conflict("Processing of the track is not completed")
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
