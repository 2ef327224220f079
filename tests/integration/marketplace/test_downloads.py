"""Who gets the file of a product, and how long an original outlives its track."""

import asyncio

import pytest
from soundstage.catalog.v1 import tracks_pb2
from soundstage.marketplace.v1 import products_pb2

from chassis import errors
from chassis.ids import new_id
from tests.integration.marketplace.awkward import Awkward
from tests.integration.marketplace.market import Market, somebody

ARCHIVED = products_pb2.PRODUCT_STATUS_ARCHIVED
ANSWERS = ("OriginalKept", "OriginalReleased")


async def test_buyer_seller_and_admins_get_the_original(market: Market) -> None:
    seller, buyer = somebody(), somebody()
    track = market.track(seller, title="Été", format="wav")
    product = await market.sell(seller, track_id=track.id)
    with pytest.raises(errors.Forbidden):
        await market.download(buyer, product.id)
    await market.buy(buyer, product.id)
    await market.change(seller, product.id, fields=["status"], status=ARCHIVED)
    for caller in (buyer, seller, somebody("admin")):
        file = await market.download(caller, product.id)
        assert (file.object, file.title, file.format) == (f"originals/{track.recording_id}", "Été", "wav")


async def test_a_product_without_a_track_has_no_file(market: Market) -> None:
    seller = somebody()
    product = await market.sell(seller, type=products_pb2.PRODUCT_TYPE_PACK)
    for caller in (seller, somebody()):
        with pytest.raises(errors.NotFound):
            await market.download(caller, product.id)
    with pytest.raises(errors.NotFound):
        await market.download(seller, str(new_id()))


async def test_a_track_in_processing_must_be_waited_for(market: Market) -> None:
    seller = somebody()
    track = market.track(seller, status=tracks_pb2.TRACK_STATUS_PROCESSING)
    product = await market.sell(seller, track_id=track.id)
    market.catalog.asked.clear()
    with pytest.raises(errors.Conflict):
        await market.download(seller, product.id)
    with pytest.raises(errors.Forbidden):
        await market.download(somebody(), product.id)
    assert market.catalog.asked == [[track.id]]


async def test_a_track_that_was_just_completed_is_known_by_asking(market: Market) -> None:
    seller = somebody()
    track = market.track(seller, status=tracks_pb2.TRACK_STATUS_PROCESSING)
    product = await market.sell(seller, track_id=track.id)
    market.update(track, status=tracks_pb2.TRACK_STATUS_COMPLETED)
    assert (await market.download(seller, product.id)).format == "flac"


async def test_who_bought_keeps_the_file_of_a_deleted_track(market: Market) -> None:
    seller, buyer = somebody(), somebody()
    track = market.track(seller)
    product = await market.sell(seller, track_id=track.id)
    await market.buy(buyer, product.id)
    await market.remove(track)
    for caller in (buyer, seller):
        assert (await market.download(caller, product.id)).object == f"originals/{track.recording_id}"
    with pytest.raises(errors.Forbidden):
        await market.download(somebody(), product.id)
    with pytest.raises(errors.Conflict):
        await market.buy(somebody(), product.id)
    assert await answers(market) == [("OriginalKept", track.recording_id)]


async def test_a_deleted_track_that_nobody_ordered_is_let_go(market: Market) -> None:
    seller = somebody()
    track = market.track(seller)
    product = await market.sell(seller, track_id=track.id)
    await market.remove(track)
    await market.remove(track)
    with pytest.raises(errors.NotFound):
        await market.download(seller, product.id)
    assert await answers(market) == [("OriginalReleased", track.recording_id)]
    assert [told.is_sold for told in await market.published("ProductChanged")] == [True, False]
    assert [p.id for p in await market.list_products(seller, status=ARCHIVED)] == [product.id]
    with pytest.raises(errors.Invalid) as refused:
        active = products_pb2.PRODUCT_STATUS_ACTIVE
        await market.change(seller, product.id, fields=["status"], status=active)
    assert [error.field for error in refused.value.fields] == ["status"]
    assert (await market.change(seller, product.id, fields=["title"], title="Gone")).status == ARCHIVED


async def test_a_deleted_track_that_was_never_sold_is_answered_too(market: Market) -> None:
    track = market.track(somebody())
    await market.remove(track)
    assert await answers(market) == [("OriginalReleased", track.recording_id)]


async def test_the_order_of_a_deletion_and_its_own_past_does_not_matter(market: Market) -> None:
    track = market.track(somebody())
    removed = market.update(track, is_removed=True)
    for state in (removed, track, removed):
        await market.hear(state)
    assert await answers(market) == [("OriginalReleased", track.recording_id)]


async def test_an_order_completed_after_the_deletion_gets_its_file(market: Market, provider: Awkward) -> None:
    seller, buyer = somebody(), somebody()
    track = market.track(seller)
    product = await market.sell(seller, track_id=track.id)
    provider.mood = provider.say_nothing
    order = await market.buy(buyer, product.id)
    await market.remove(track)
    provider.mood = provider.pay
    await market.run_out(order.id)
    assert await market.settlement.settle_next()
    assert (await market.download(buyer, product.id)).object == f"originals/{track.recording_id}"
    assert await answers(market) == [("OriginalKept", track.recording_id)]


async def test_the_last_order_that_fails_lets_the_original_go(market: Market, provider: Awkward) -> None:
    seller, buyers = somebody(), [somebody() for _ in range(3)]
    track = market.track(seller)
    product = await market.sell(seller, track_id=track.id)
    provider.mood = provider.say_nothing
    orders = await asyncio.gather(*(market.buy(buyer, product.id) for buyer in buyers))
    await market.remove(track)
    provider.mood = provider.decline
    for order in orders:
        await market.run_out(order.id)
    assert all(await asyncio.gather(*(market.settlement.settle_next() for _ in orders)))
    assert await answers(market) == [("OriginalKept", track.recording_id), ("OriginalReleased", track.recording_id)]
    with pytest.raises(errors.NotFound):
        await market.download(seller, product.id)


async def test_a_failed_order_of_many_leaves_the_others_their_file(market: Market, provider: Awkward) -> None:
    seller, buyer, other = somebody(), somebody(), somebody()
    track = market.track(seller)
    product = await market.sell(seller, track_id=track.id)
    await market.buy(buyer, product.id)
    provider.mood = provider.say_nothing
    order = await market.buy(other, product.id)
    await market.remove(track)
    provider.mood = provider.decline
    await market.run_out(order.id)
    assert await market.settlement.settle_next()
    assert await answers(market) == [("OriginalKept", track.recording_id)]
    assert await market.download(buyer, product.id)


async def test_orders_and_a_deletion_at_once_agree(market: Market) -> None:
    """Whoever got an order has the file; when nobody did, the original goes."""
    seller = somebody()
    for _ in range(5):
        track = market.track(seller)
        product = await market.sell(seller, track_id=track.id)
        buyers = [somebody() for _ in range(3)]
        *outcomes, _ = await asyncio.gather(
            *(market.buy(buyer, product.id) for buyer in buyers), market.remove(track), return_exceptions=True
        )
        bought = [b for b, outcome in zip(buyers, outcomes, strict=True) if not isinstance(outcome, errors.Conflict)]
        last = (await answers(market))[-1]
        assert last == ("OriginalKept" if bought else "OriginalReleased", track.recording_id)
        for buyer in bought:
            assert await market.download(buyer, product.id)


async def answers(market: Market) -> list[tuple[str, str]]:
    return [(told.DESCRIPTOR.name, told.recording_id) for told in await market.published(*ANSWERS)]
