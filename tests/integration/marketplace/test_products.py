"""Who may sell what, and who sees it."""

import asyncio
from typing import Any

import pytest
from soundstage.catalog.v1 import tracks_pb2
from soundstage.common.v1 import common_pb2
from soundstage.marketplace.v1 import products_pb2 as pb

from chassis import errors
from chassis.ids import new_id
from chassis.principal import ANONYMOUS
from tests.integration.marketplace.market import Market, somebody
from tests.support.waiting import until


async def test_a_product_is_active_at_once_and_shown_to_everyone(market: Market) -> None:
    seller = somebody()
    product = await market.sell(seller, title="  Été ☀ ", description="", license_type="", price_minor=0)
    assert (product.title, product.price_minor, product.currency) == ("  Été ☀ ", 0, "EUR")
    assert (product.status, product.license_type) == (pb.PRODUCT_STATUS_ACTIVE, "standard")
    assert product.seller_id == str(seller.account_id)
    assert not product.HasField("description")
    assert await market.list_products(ANONYMOUS) == [product]


async def test_drafts_and_archived_ones_are_shown_to_their_seller_and_admins(market: Market) -> None:
    seller, admin = somebody(), somebody("admin")
    product = await market.sell(seller)
    product = await market.change(seller, product.id, fields=["status"], status=pb.PRODUCT_STATUS_DRAFT)
    assert await market.list_products(seller) == []
    for caller, seen in ((seller, [product]), (admin, [product]), (somebody(), []), (ANONYMOUS, [])):
        assert await market.list_products(caller, status=pb.PRODUCT_STATUS_DRAFT) == seen


async def test_products_are_listed_newest_first_and_page_by_page(market: Market) -> None:
    seller = somebody()
    products = [await market.sell(seller, title=f"{n}") for n in range(3)]
    await market.sell(somebody())
    listed = []
    for offset in (0, 2, 4):
        page = common_pb2.Page(offset=offset, limit=2)
        listed += await market.list_products(ANONYMOUS, page=page, seller_id=str(seller.account_id))
    assert listed == products[::-1]


async def test_only_the_owner_sells_a_track(market: Market) -> None:
    owner, other = somebody(), somebody()
    track = market.track(owner)
    with pytest.raises(errors.Forbidden):
        await market.sell(other, track_id=track.id)
    with pytest.raises(errors.NotFound):
        await market.sell(other, track_id=str(new_id()))
    await market.remove(track)
    with pytest.raises(errors.NotFound):
        await market.sell(owner, track_id=track.id)
    assert await market.list_products(ANONYMOUS) == []


async def test_catalog_is_asked_once_before_a_no_and_its_no_is_believed_for_a_moment(market: Market) -> None:
    seller, unknown = somebody(), str(new_id())
    for _ in range(3):
        with pytest.raises(errors.NotFound):
            await market.sell(seller, track_id=unknown)
    assert market.catalog.asked == [[unknown]]


async def test_with_catalog_away_the_copy_may_still_say_yes(market: Market) -> None:
    seller = somebody()
    known, unknown = market.track(seller), market.track(seller)
    await market.hear(known, "TrackAdded")
    market.catalog.is_away = True
    await market.sell(seller, track_id=known.id)
    with pytest.raises(errors.Unavailable):
        await market.sell(seller, track_id=unknown.id)
    await market.sell(seller, type=pb.PRODUCT_TYPE_SERVICE)


async def test_an_older_state_of_a_track_is_ignored(market: Market) -> None:
    owner = somebody()
    track = market.track(owner)
    await market.remove(track)
    await market.hear(track, "TrackAdded")
    market.catalog.states.clear()
    with pytest.raises(errors.NotFound):
        await market.sell(owner, track_id=track.id)


async def test_only_the_seller_changes_a_product(market: Market) -> None:
    seller = somebody()
    product = await market.sell(seller, description="Old")
    for caller in (somebody(), somebody("admin")):
        with pytest.raises(errors.Forbidden):
            await market.change(caller, product.id, fields=["title"], title="Taken")
    with pytest.raises(errors.NotFound):
        await market.change(seller, str(new_id()), fields=["title"], title="New")
    after = await market.change(seller, product.id, fields=["title", "description"], title="New")
    assert (after.title, after.price_minor, after.HasField("description")) == ("New", 999, False)
    assert await market.list_products(ANONYMOUS) == [after]


async def test_two_changes_at_once_lose_nothing(market: Market) -> None:
    seller = somebody()
    product = await market.sell(seller)
    async with market.database.transaction() as conn:
        await conn.execute("UPDATE products SET title = 'New'")
        changing = asyncio.create_task(market.change(seller, product.id, fields=["price_minor"], price_minor=5))
        await market.someone_waits()
    after = await changing
    assert (after.title, after.price_minor) == ("New", 5)
    assert await market.list_products(ANONYMOUS) == [after]


async def test_it_is_told_whether_a_track_is_sold_each_time_that_changes(market: Market) -> None:
    seller = somebody()
    track = market.track(seller)
    one = await market.sell(seller, track_id=track.id)
    two = await market.sell(seller, track_id=track.id, type=pb.PRODUCT_TYPE_PACK)
    await market.change(seller, one.id, fields=["price_minor"], price_minor=0)
    await market.change(seller, two.id, fields=["status"], status=pb.PRODUCT_STATUS_DRAFT)
    await market.change(seller, two.id, fields=["status"], status=pb.PRODUCT_STATUS_ACTIVE)
    told = await market.published("ProductChanged")
    assert [(change.track_id, change.is_sold, change.version) for change in told] == [
        (track.id, True, 1),
        (track.id, False, 2),
        (track.id, True, 3),
    ]


async def test_two_sales_at_once_end_with_the_truth(market: Market) -> None:
    seller = somebody()
    track = market.track(seller)
    products = [await market.sell(seller, track_id=track.id) for _ in range(4)]
    await asyncio.gather(*(market.change(seller, p.id, fields=["price_minor"], price_minor=0) for p in products))
    told = await market.published("ProductChanged")
    assert [change.is_sold for change in told] == [True, False]


async def test_a_key_adds_one_product_however_often_it_comes(market: Market) -> None:
    seller = somebody()
    fields = {"type": pb.PRODUCT_TYPE_SERVICE, "idempotency_key": "k"}
    first = await market.sell(seller, **fields)
    await market.change(seller, first.id, fields=["title"], title="Other")
    assert await market.sell(seller, **fields) == first
    with pytest.raises(errors.Invalid) as refused:
        await market.sell(seller, **fields, title="Another")
    assert refused.value.reason == "IDEMPOTENCY_KEY_REUSED"
    assert (await market.sell(somebody(), **fields)).id != first.id


async def test_a_key_that_failed_may_be_used_again(market: Market) -> None:
    seller = somebody()
    track = tracks_pb2.TrackState(id=str(new_id()))
    with pytest.raises(errors.NotFound):
        await market.sell(seller, track_id=track.id, idempotency_key="k")
    assert await market.sell(seller, title="Corrected", idempotency_key="k")


async def test_two_requests_with_one_key_at_once_add_one_product(market: Market) -> None:
    seller = somebody()
    tries = (market.sell(seller, type=pb.PRODUCT_TYPE_SERVICE, idempotency_key="k") for _ in range(8))
    outcomes = await asyncio.gather(*tries, return_exceptions=True)
    refused = [outcome for outcome in outcomes if isinstance(outcome, errors.Conflict)]
    assert len(await market.list_products(ANONYMOUS)) == 1
    assert {error.reason for error in refused} <= {"IDEMPOTENCY_IN_FLIGHT"}
    assert len({outcome.id for outcome in outcomes if isinstance(outcome, pb.Product)}) == 1


@pytest.mark.parametrize(
    ("field", "fields"),
    [
        ("title", {"title": ""}),
        ("title", {"title": " \u2003"}),
        ("title", {"title": "a" * 201}),
        ("title", {"title": "a\x00b"}),
        ("title", {"title": "a\nb"}),
        ("description", {"description": "a" * 2001}),
        ("description", {"description": "\x00"}),
        ("price", {"price_minor": -1}),
        ("price", {"price_minor": 100_000_000}),
        ("price", {"price_minor": 2**63 - 1}),
        ("product_type", {"type": pb.PRODUCT_TYPE_UNSPECIFIED}),
        ("product_type", {"type": 17}),
        ("track_id", {"type": pb.PRODUCT_TYPE_TRACK, "track_id": ""}),
        ("track_id", {"track_id": "../etc"}),
        ("license_type", {"license_type": "Über"}),
    ],
)
async def test_bad_fields_are_named_and_nothing_is_kept(market: Market, field: str, fields: dict[str, Any]) -> None:
    with pytest.raises(errors.Invalid) as refused:
        await market.sell(somebody(), **{"type": pb.PRODUCT_TYPE_SERVICE, **fields})
    assert [error.field for error in refused.value.fields] == [field]
    assert await market.list_products(ANONYMOUS) == []


@pytest.mark.parametrize(
    ("field", "change"),
    [
        ("", {"fields": []}),
        ("seller_id", {"fields": ["seller_id"]}),
        ("title", {"fields": ["title", "price_minor"], "price_minor": 1}),
        ("status", {"fields": ["status"]}),
        ("price", {"fields": ["price_minor"], "price_minor": -1}),
    ],
)
async def test_bad_changes_change_nothing(market: Market, field: str, change: dict[str, Any]) -> None:
    seller = somebody()
    product = await market.sell(seller)
    with pytest.raises(errors.Invalid) as refused:
        await market.change(seller, product.id, **change)
    assert [error.field for error in refused.value.fields] == [field]
    assert await market.list_products(ANONYMOUS) == [product]


async def test_ids_that_are_none_are_refused(market: Market) -> None:
    for attempt in (
        market.change(somebody(), "x", fields=["title"], title="New"),
        market.list_products(ANONYMOUS, seller_id="x"),
        market.download(somebody(), ""),
        market.get_order(somebody(), "0"),
    ):
        with pytest.raises(errors.Invalid):
            await attempt


async def test_what_needs_a_user_needs_one(market: Market) -> None:
    product = await market.sell(somebody())
    for attempt in (
        market.change(ANONYMOUS, product.id, fields=["title"], title="New"),
        market.download(ANONYMOUS, product.id),
        market.buy(ANONYMOUS, product.id),
        market.list_orders(ANONYMOUS),
        market.get_order(ANONYMOUS, str(new_id())),
    ):
        with pytest.raises(errors.Unauthenticated):
            await attempt


async def test_two_who_sell_a_track_at_once_that_only_catalog_knows(market: Market) -> None:
    """One of them asks catalog; the other, which read the copy before the answer, is not refused either."""
    seller = somebody()
    track = market.track(seller)
    market.catalog.may_answer.clear()
    selling = [asyncio.create_task(market.sell(seller, track_id=track.id)) for _ in range(2)]
    await until(lambda: bool(market.catalog.asked))
    market.catalog.may_answer.set()
    assert [product.track_id for product in await asyncio.gather(*selling)] == [track.id] * 2
