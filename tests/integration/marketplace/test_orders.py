"""Who may buy what, at what price, and who sees it."""

import asyncio
from typing import Any

import pytest
from soundstage.catalog.v1 import tracks_pb2
from soundstage.marketplace.v1 import orders_pb2, products_pb2

from chassis import errors
from chassis.asked import NO_SECONDS
from chassis.ids import new_id
from tests.integration.marketplace.awkward import Awkward
from tests.integration.marketplace.market import Market, somebody

SERVICE, PACK = products_pb2.PRODUCT_TYPE_SERVICE, products_pb2.PRODUCT_TYPE_PACK


async def test_an_order_is_paid_and_told(market: Market, provider: Awkward) -> None:
    buyer, one, two = somebody(), await market.sell(somebody()), await market.sell(somebody(), price_minor=1)
    order = await market.buy(buyer, one.id, two.id)
    assert (order.status, order.total_minor, order.currency) == (orders_pb2.ORDER_STATUS_COMPLETED, 1000, "EUR")
    assert [(line.product_id, line.price_minor) for line in order.lines] == [(one.id, 999), (two.id, 1)]
    assert list(provider.charged.values()) == [1000]
    [told] = await market.published("OrderCompleted")
    assert (told.order_id, told.buyer_id, told.total_minor) == (order.id, str(buyer.account_id), 1000)
    assert list(told.product_ids) == [one.id, two.id]
    assert told.completed_at.ToDatetime() >= order.created_at.ToDatetime()


async def test_what_is_free_needs_no_payment(market: Market, provider: Awkward) -> None:
    product = await market.sell(somebody(), price_minor=0)
    order = await market.buy(somebody(), product.id)
    assert (order.status, order.total_minor, provider.attempts) == (orders_pb2.ORDER_STATUS_COMPLETED, 0, 0)
    assert len(await market.published("OrderCompleted")) == 1


async def test_an_order_keeps_the_price_of_its_moment(market: Market) -> None:
    seller, buyer = somebody(), somebody()
    product = await market.sell(seller)
    order = await market.buy(buyer, product.id)
    await market.change(seller, product.id, fields=["price_minor"], price_minor=5)
    assert await market.get_order(buyer, order.id) == order


async def test_a_change_under_way_decides_the_price(market: Market) -> None:
    """The order waits for a change that was made but not committed when it read the product."""
    product = await market.sell(somebody())
    async with market.database.transaction() as conn:
        await conn.execute("UPDATE products SET price_minor = 5 WHERE title = $1", product.title)
        buying = asyncio.create_task(market.buy(somebody(), product.id))
        await market.someone_waits()
    assert (await buying).total_minor == 5


async def test_a_product_archived_under_way_is_not_sold(market: Market) -> None:
    product = await market.sell(somebody())
    async with market.database.transaction() as conn:
        await conn.execute("UPDATE products SET status = 'archived'")
        buying = asyncio.create_task(market.buy(somebody(), product.id))
        await market.someone_waits()
    with pytest.raises(errors.Conflict):
        await buying


async def test_a_track_deleted_under_way_is_not_sold(market: Market) -> None:
    product = await market.sell(somebody())
    async with market.database.transaction() as conn:
        await conn.execute("UPDATE tracks SET is_removed = true")
        buying = asyncio.create_task(market.buy(somebody(), product.id))
        await market.someone_waits()
    with pytest.raises(errors.Conflict):
        await buying


@pytest.mark.parametrize("kind", ["own", "unknown", "draft", "removed"])
async def test_what_is_not_for_this_buyer_is_refused_and_nothing_is_bought(
    market: Market, provider: Awkward, kind: str
) -> None:
    buyer, seller = somebody(), somebody()
    fine, bad = await market.sell(seller), str(new_id())
    expected: dict[str, type[errors.Error]] = {
        "own": errors.Forbidden, "unknown": errors.NotFound, "draft": errors.Conflict, "removed": errors.Conflict,
    }  # fmt: skip
    if kind == "own":
        bad = (await market.sell(buyer)).id
    if kind == "draft":
        bad = (await market.sell(seller)).id
        await market.change(seller, bad, fields=["status"], status=products_pb2.PRODUCT_STATUS_DRAFT)
    if kind == "removed":
        track = market.track(seller)
        bad = (await market.sell(seller, track_id=track.id)).id
        await market.remove(track)
    with pytest.raises(expected[kind]) as refused:
        await market.buy(buyer, fine.id, bad)
    assert [error.field for error in refused.value.fields] == ["items.1.product_id"]
    assert (await market.list_orders(buyer), provider.attempts) == ([], 0)
    assert (await market.buy(buyer, fine.id)).status == orders_pb2.ORDER_STATUS_COMPLETED


async def test_existence_comes_before_permission_and_permission_before_state(market: Market) -> None:
    buyer, seller = somebody(), somebody()
    own, draft = await market.sell(buyer), await market.sell(seller)
    await market.change(seller, draft.id, fields=["status"], status=products_pb2.PRODUCT_STATUS_DRAFT)
    with pytest.raises(errors.NotFound):
        await market.buy(buyer, draft.id, own.id, str(new_id()))
    with pytest.raises(errors.Forbidden):
        await market.buy(buyer, draft.id, own.id)


async def test_a_product_named_twice_is_invalid(market: Market) -> None:
    product = await market.sell(somebody())
    with pytest.raises(errors.Invalid) as refused:
        await market.buy(somebody(), product.id, product.id.upper())
    assert [error.field for error in refused.value.fields] == ["items.1.product_id"]


async def test_an_order_names_1_to_50_products(market: Market) -> None:
    for product_ids in ([], [str(new_id()) for _ in range(51)]):
        with pytest.raises(errors.Invalid) as refused:
            await market.buy(somebody(), *product_ids)
        assert [error.field for error in refused.value.fields] == ["items"]
    with pytest.raises(errors.Invalid) as refused:
        await market.buy(somebody(), str(new_id()), "x\x00")
    assert [error.field for error in refused.value.fields] == ["items.1.product_id"]


async def test_a_track_or_pack_is_bought_once_a_service_again(market: Market) -> None:
    seller, buyer = somebody(), somebody()
    track = market.track(seller)
    sold = [await market.sell(seller, track_id=track.id), await market.sell(seller, type=PACK)]
    service, same_track = await market.sell(seller, type=SERVICE), await market.sell(seller, track_id=track.id)
    await market.buy(buyer, *(product.id for product in sold))
    for product in (*sold, same_track):
        with pytest.raises(errors.Conflict):
            await market.buy(buyer, service.id, product.id)
    for _ in range(2):
        await market.buy(buyer, service.id)
    assert len(await market.list_orders(buyer)) == 3


async def test_one_order_cannot_hold_a_track_twice(market: Market) -> None:
    seller = somebody()
    track = market.track(seller)
    products = [await market.sell(seller, track_id=track.id) for _ in range(2)]
    with pytest.raises(errors.Conflict):
        await market.buy(somebody(), *(product.id for product in products))


async def test_of_two_requests_at_once_one_buys(market: Market, provider: Awkward) -> None:
    buyer, products = somebody(), [(await market.sell(somebody())).id for _ in range(3)]
    tries = (market.buy(buyer, *products[n % 3 :], *products[: n % 3]) for n in range(6))
    outcomes = await asyncio.gather(*tries, return_exceptions=True)
    bought = [outcome for outcome in outcomes if isinstance(outcome, orders_pb2.Order)]
    assert (len(bought), len(provider.charged)) == (1, 1)
    assert all(isinstance(outcome, errors.Conflict) for outcome in outcomes if outcome not in bought)


async def test_two_buyers_at_once_both_buy(market: Market, provider: Awkward) -> None:
    product, buyers = await market.sell(somebody()), [somebody() for _ in range(6)]
    orders = await asyncio.gather(*(market.buy(buyer, product.id) for buyer in buyers))
    assert {order.status for order in orders} == {orders_pb2.ORDER_STATUS_COMPLETED}
    assert len(provider.charged) == len({order.buyer_id for order in orders}) == 6


async def test_a_key_buys_once_however_often_it_comes(market: Market, provider: Awkward) -> None:
    buyer, product = somebody(), await market.sell(somebody(), type=SERVICE)
    order = await market.buy(buyer, product.id, key="k")
    assert await market.buy(buyer, product.id, key="k") == order
    other = await market.sell(somebody())
    with pytest.raises(errors.Invalid) as refused:
        await market.buy(buyer, other.id, key="k")
    assert refused.value.reason == "IDEMPOTENCY_KEY_REUSED"
    assert (await market.buy(somebody(), product.id, key="k")).id != order.id
    assert len(provider.charged) == 2


async def test_one_key_at_once_buys_once(market: Market, provider: Awkward) -> None:
    buyer, product = somebody(), await market.sell(somebody(), type=SERVICE)
    outcomes: list[Any] = await asyncio.gather(
        *(market.buy(buyer, product.id, key="k") for _ in range(8)), return_exceptions=True
    )
    refused = [outcome for outcome in outcomes if isinstance(outcome, errors.Error)]
    assert {error.reason for error in refused} <= {"IDEMPOTENCY_IN_FLIGHT"}
    assert len(provider.charged) == len(await market.list_orders(buyer)) == 1


async def test_an_order_is_seen_by_its_buyer_and_admins(market: Market) -> None:
    buyer, product = somebody(), await market.sell(somebody())
    order = await market.buy(buyer, product.id)
    assert await market.get_order(buyer, order.id) == await market.get_order(somebody("admin"), order.id) == order
    with pytest.raises(errors.Forbidden):
        await market.get_order(somebody(), order.id)
    with pytest.raises(errors.NotFound):
        await market.get_order(buyer, str(new_id()))


async def test_orders_are_listed_newest_first_and_page_by_page(market: Market) -> None:
    buyer, product = somebody(), await market.sell(somebody(), type=SERVICE)
    orders = [await market.buy(buyer, product.id) for _ in range(3)]
    await market.buy(somebody(), product.id)
    listed = await market.list_orders(buyer, limit=2) + await market.list_orders(buyer, offset=2, limit=2)
    assert listed == orders[::-1]


PROCESSING, COMPLETED, FAILED = (
    tracks_pb2.TRACK_STATUS_PROCESSING, tracks_pb2.TRACK_STATUS_COMPLETED, tracks_pb2.TRACK_STATUS_FAILED,
)  # fmt: skip


async def test_a_track_is_bought_only_once_it_is_completed(market: Market, provider: Awkward) -> None:
    seller, buyer = somebody(), somebody()
    track = market.track(seller, status=PROCESSING)
    product = await market.sell(seller, track_id=track.id)
    with pytest.raises(errors.Conflict, match="still being processed"):
        await market.buy(buyer, product.id)
    assert provider.attempts == 0
    await asyncio.sleep(NO_SECONDS)  # how long catalog's no counts
    # It is completed, and its event is still on the way.
    market.update(track, status=COMPLETED)
    assert (await market.buy(buyer, product.id)).status == orders_pb2.ORDER_STATUS_COMPLETED


async def test_a_track_that_failed_is_off_sale_for_good(market: Market) -> None:
    seller = somebody()
    track = market.track(seller, status=PROCESSING)
    product = await market.sell(seller, track_id=track.id)
    await market.hear(market.update(track, status=FAILED))
    assert [p.status for p in await market.list_products(seller, status=products_pb2.PRODUCT_STATUS_ARCHIVED)] == [
        products_pb2.PRODUCT_STATUS_ARCHIVED
    ]
    with pytest.raises(errors.Conflict, match="No longer on sale"):
        await market.buy(somebody(), product.id)
    with pytest.raises(errors.Invalid):
        await market.change(seller, product.id, fields=["status"], status=products_pb2.PRODUCT_STATUS_ACTIVE)
    with pytest.raises(errors.Invalid):
        await market.sell(seller, track_id=track.id)
    assert await market.published("OriginalReleased", "OriginalKept") == []
