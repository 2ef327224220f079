"""SQL of products."""

from dataclasses import astuple, replace
from typing import Any
from uuid import UUID

from chassis.pages import Page
from chassis.postgres import Connection
from services.marketplace.products.product import File, Product, Sale, Status, Type

COLUMNS = "id, seller_id, title, description, price_minor, currency, status, type, track_id, license_type, created_at"

ADD = f"""
INSERT INTO products ({COLUMNS})
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
"""

GET = f"SELECT {COLUMNS} FROM products WHERE id = $1"

LOCK = f"SELECT {COLUMNS} FROM products WHERE id = $1 FOR NO KEY UPDATE"

LIST_TRACK_IDS = "SELECT DISTINCT track_id FROM products WHERE id = ANY($1) AND track_id IS NOT NULL"

LOCK_SHARED = f"SELECT {COLUMNS} FROM products WHERE id = ANY($1) ORDER BY id FOR SHARE"

CHANGE = """
UPDATE products SET title = $2, description = $3, price_minor = $4, status = $5 WHERE id = $1
"""

# $3 sees its own products of every status; with $4 everyone's.
LIST = f"""
SELECT {COLUMNS} FROM products
WHERE status = $1 AND ($2::uuid IS NULL OR seller_id = $2)
  AND (status = 'active' OR $4 OR seller_id = $3)
ORDER BY created_at DESC, id DESC OFFSET $5 LIMIT $6
"""

ARCHIVE_TRACK = "UPDATE products SET status = 'archived' WHERE track_id = $1 AND status <> 'archived'"

# The last step of every change to a product of a track, so that they queue here.
LOCK_SALE = """
INSERT INTO sales (track_id) VALUES ($1) ON CONFLICT (track_id) DO UPDATE SET track_id = excluded.track_id
"""

CHANGE_SALE = """
UPDATE sales SET is_sold = fresh.is_sold, version = version + 1
FROM (
    SELECT EXISTS (SELECT 1 FROM products WHERE track_id = $1 AND status = 'active' AND price_minor > 0) AS is_sold
) AS fresh
WHERE sales.track_id = $1 AND sales.is_sold <> fresh.is_sold
RETURNING sales.track_id, sales.is_sold, sales.version
"""

GET_FILE = """
SELECT
    product.seller_id, product.track_id, track.is_completed, track.is_removed,
    coalesce(bought.recording_id, track.recording_id) AS recording_id,
    coalesce(bought.title, track.title) AS title,
    coalesce(bought.format, track.format) AS format,
    coalesce(original.is_kept, false) AS is_kept,
    bought.order_id IS NOT NULL AS is_bought
FROM products AS product
JOIN tracks AS track ON track.id = product.track_id
LEFT JOIN originals AS original ON original.recording_id = track.recording_id
LEFT JOIN LATERAL (
    SELECT line.order_id, line.recording_id, line.title, line.format
    FROM order_lines AS line JOIN orders ON orders.id = line.order_id
    WHERE line.product_id = product.id AND line.buyer_id = $2 AND orders.status = 'completed'
    LIMIT 1
) AS bought ON true
WHERE product.id = $1
"""


async def add(conn: Connection, product: Product) -> None:
    await conn.execute(ADD, *astuple(product))


async def get(conn: Connection, product_id: UUID) -> Product | None:
    row = await conn.fetchrow(GET, product_id)
    return _product(row) if row else None


async def lock(conn: Connection, product_id: UUID) -> Product | None:
    row = await conn.fetchrow(LOCK, product_id)
    return _product(row) if row else None


async def list_track_ids(conn: Connection, ids: list[UUID]) -> set[UUID]:
    return {row["track_id"] for row in await conn.fetch(LIST_TRACK_IDS, ids)}


async def lock_shared(conn: Connection, ids: list[UUID]) -> dict[UUID, Product]:
    """The products, which cannot change until this transaction ends."""
    return {row["id"]: _product(row) for row in await conn.fetch(LOCK_SHARED, ids)}


async def change(conn: Connection, product: Product) -> None:
    p = product
    await conn.execute(CHANGE, p.id, p.title, p.description, p.price_minor, p.status)


async def list_page(
    conn: Connection, page: Page, *, status: Status, seller_id: UUID | None, viewer_id: UUID | None, sees_all: bool
) -> list[Product]:
    """Newest first."""
    rows = await conn.fetch(LIST, status, seller_id, viewer_id, sees_all, page.offset, page.limit)
    return [_product(row) for row in rows]


async def archive_track(conn: Connection, track_id: UUID) -> None:
    await conn.execute(ARCHIVE_TRACK, track_id)


async def change_sale(conn: Connection, track_id: UUID) -> Sale | None:
    """The sale of a track if it differs from the one published last; its row stays locked."""
    await conn.execute(LOCK_SALE, track_id)
    row = await conn.fetchrow(CHANGE_SALE, track_id)
    return Sale(**row) if row else None


async def get_file(conn: Connection, product_id: UUID, viewer_id: UUID | None) -> File | None:
    """None if the product does not exist or has no track."""
    row = await conn.fetchrow(GET_FILE, product_id, viewer_id)
    return File(**row) if row else None


def _product(row: Any) -> Product:
    product = Product(**row)
    return replace(product, status=Status(product.status), type=Type(product.type))
