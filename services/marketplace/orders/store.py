"""SQL of orders and their lines."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from chassis.pages import Page
from chassis.postgres import Connection
from services.marketplace.orders.order import Line, Order, Status

COLUMNS = "id, buyer_id, total_minor, currency, status, created_at, completed_at, turn, idempotency_key"

ADD = f"""
INSERT INTO orders ({COLUMNS}, held_until)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, clock_timestamp() + make_interval(secs => $10))
"""

# In the order of claims, so that two orders of the same things wait for each other instead of deadlocking.
ADD_LINES = """
INSERT INTO order_lines (order_id, buyer_id, position, product_id, price_minor, claim, recording_id, title, format)
SELECT $1::uuid, $2::uuid, line.*
FROM unnest($3::int[], $4::uuid[], $5::bigint[], $6::uuid[], $7::uuid[], $8::text[], $9::text[])
    AS line (position, product_id, price_minor, claim, recording_id, title, format)
ORDER BY line.claim
ON CONFLICT (buyer_id, claim) WHERE claim IS NOT NULL DO NOTHING
RETURNING position
"""

GET = f"SELECT {COLUMNS} FROM orders WHERE id = $1"

LIST = f"SELECT {COLUMNS} FROM orders WHERE buyer_id = $1 ORDER BY created_at DESC, id DESC OFFSET $2 LIMIT $3"

LIST_LINES = """
SELECT order_id, product_id, price_minor, claim, recording_id, title, format
FROM order_lines WHERE order_id = ANY($1) ORDER BY order_id, position
"""

LIST_TRACK_IDS = """
SELECT DISTINCT product.track_id FROM order_lines AS line JOIN products AS product ON product.id = line.product_id
WHERE line.order_id = $1 AND product.track_id IS NOT NULL
"""

TAKE_TURN = f"""
UPDATE orders SET turn = turn + 1, held_until = clock_timestamp() + make_interval(secs => $2)
WHERE id = $1 AND status = 'pending' AND held_until < clock_timestamp()
RETURNING {COLUMNS}
"""

TAKE_NEXT_TURN = f"""
UPDATE orders SET turn = turn + 1, held_until = clock_timestamp() + make_interval(secs => $1)
WHERE id = (
    SELECT id FROM orders WHERE status = 'pending' AND held_until < clock_timestamp()
    ORDER BY held_until LIMIT 1 FOR UPDATE SKIP LOCKED
)
RETURNING {COLUMNS}
"""

END_TURN = """
UPDATE orders SET turn = turn + 1, held_until = clock_timestamp() + make_interval(secs => $3)
WHERE id = $1 AND turn = $2 AND status = 'pending'
"""

COMPLETE = "UPDATE orders SET status = 'completed', completed_at = $2 WHERE id = $1 AND status = 'pending' RETURNING id"

FAIL = "UPDATE orders SET status = 'failed' WHERE id = $1 AND status = 'pending' RETURNING id"

DROP_CLAIMS = "UPDATE order_lines SET claim = NULL WHERE order_id = $1"

WITHDRAW = "DELETE FROM orders WHERE id = $1 AND turn = $2 AND status = 'pending' RETURNING id"


async def add(conn: Connection, order: Order, held_seconds: float) -> bool:
    """False if the buyer owns or has ordered one of the things already; then the transaction must not commit."""
    o = order
    await conn.execute(
        ADD, o.id, o.buyer_id, o.total_minor, o.currency, o.status, o.created_at, o.completed_at, o.turn,
        o.idempotency_key, held_seconds,
    )  # fmt: skip
    columns: list[list[Any]] = [
        list(range(len(o.lines))),
        [line.product_id for line in o.lines],
        [line.price_minor for line in o.lines],
        [line.claim for line in o.lines],
        [line.recording_id for line in o.lines],
        [line.title for line in o.lines],
        [line.format for line in o.lines],
    ]
    return len(await conn.fetch(ADD_LINES, o.id, o.buyer_id, *columns)) == len(o.lines)


async def get(conn: Connection, order_id: UUID) -> Order | None:
    return await _with_lines(conn, await conn.fetchrow(GET, order_id))


async def list_for(conn: Connection, buyer_id: UUID, page: Page) -> list[Order]:
    """Newest first."""
    return await _all_with_lines(conn, await conn.fetch(LIST, buyer_id, page.offset, page.limit))


async def list_track_ids(conn: Connection, order_id: UUID) -> set[UUID]:
    return {row["track_id"] for row in await conn.fetch(LIST_TRACK_IDS, order_id)}


async def take_turn(conn: Connection, order_id: UUID, held_seconds: float) -> Order | None:
    """The order, if it is pending and nobody holds a turn."""
    return await _with_lines(conn, await conn.fetchrow(TAKE_TURN, order_id, held_seconds))


async def take_next_turn(conn: Connection, held_seconds: float) -> Order | None:
    """The order that has waited longest."""
    return await _with_lines(conn, await conn.fetchrow(TAKE_NEXT_TURN, held_seconds))


async def end_turn(conn: Connection, order: Order, rest_seconds: float) -> None:
    """Ends this turn of a pending order; the next may start after `rest_seconds`."""
    await conn.execute(END_TURN, order.id, order.turn, rest_seconds)


async def complete(conn: Connection, order_id: UUID, at: datetime) -> bool:
    return await conn.fetchval(COMPLETE, order_id, at) is not None


async def fail(conn: Connection, order_id: UUID) -> bool:
    """False if the order is no longer pending."""
    if await conn.fetchval(FAIL, order_id) is None:
        return False
    await conn.execute(DROP_CLAIMS, order_id)
    return True


async def withdraw(conn: Connection, order: Order) -> bool:
    """Deletes an order as if it had never been placed; False if its turn is over."""
    return await conn.fetchval(WITHDRAW, order.id, order.turn) is not None


async def _with_lines(conn: Connection, row: Any) -> Order | None:
    return (await _all_with_lines(conn, [row]))[0] if row else None


async def _all_with_lines(conn: Connection, rows: Sequence[Any]) -> list[Order]:
    lines: dict[UUID, list[Line]] = {row["id"]: [] for row in rows}
    for row in await conn.fetch(LIST_LINES, list(lines)):
        columns = dict(row)
        lines[columns.pop("order_id")].append(Line(**columns))
    orders = [Order(**row, lines=tuple(lines[row["id"]])) for row in rows]
    return [replace(order, status=Status(order.status)) for order in orders]
