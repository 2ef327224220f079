"""What the payment provider does on bad days, and what a crash leaves behind."""

import asyncio
from typing import Any

import pytest
from soundstage.marketplace.v1 import orders_pb2

from chassis import errors
from chassis.postgres import Database
from chassis.principal import Principal
from services.marketplace.orders.payments import Charge, Outcome
from tests.integration.marketplace.awkward import Awkward
from tests.integration.marketplace.market import Market, somebody

PENDING, COMPLETED = orders_pb2.ORDER_STATUS_PENDING, orders_pb2.ORDER_STATUS_COMPLETED


async def test_a_declined_order_failed_and_may_be_tried_again(market: Market, provider: Awkward) -> None:
    buyer, product = somebody(), await market.sell(somebody())
    provider.mood = provider.decline
    failed = await market.buy(buyer, product.id, key="k")
    assert failed.status == orders_pb2.ORDER_STATUS_FAILED
    provider.mood = provider.pay
    assert await market.buy(buyer, product.id, key="k") == failed
    assert (await market.buy(buyer, product.id)).status == COMPLETED
    assert len(await market.published("OrderCompleted")) == 1


async def test_with_the_provider_away_nothing_is_bought_and_the_key_is_free(market: Market, provider: Awkward) -> None:
    buyer, product = somebody(), await market.sell(somebody())
    provider.mood = provider.be_away
    with pytest.raises(errors.Unavailable):
        await market.buy(buyer, product.id, key="k")
    assert await market.list_orders(buyer) == []
    provider.mood = provider.pay
    assert (await market.buy(buyer, product.id, key="k")).status == COMPLETED
    assert len(provider.charged) == 1


@pytest.mark.parametrize("mood", ["charge_and_say_nothing", "charge_and_break_off", "say_nothing"])
async def test_without_an_answer_the_order_waits_and_work_settles_it(
    market: Market, provider: Awkward, mood: str
) -> None:
    buyer, product = somebody(), await market.sell(somebody())
    provider.mood = getattr(provider, mood)
    order = await market.buy(buyer, product.id)
    assert order.status == PENDING
    with pytest.raises(errors.Conflict):
        await market.buy(buyer, product.id)
    with pytest.raises(errors.Forbidden):
        await market.download(buyer, product.id)
    provider.mood = provider.pay
    await _work_until_settled(market, buyer, order.id)
    assert (await market.get_order(buyer, order.id)).status == COMPLETED
    assert len(await market.published("OrderCompleted")) == len(provider.charged) == 1


async def test_a_repeat_of_an_order_that_waits_drives_it_on(market: Market, provider: Awkward) -> None:
    buyer, product = somebody(), await market.sell(somebody())
    provider.mood = provider.charge_and_break_off
    first = await market.buy(buyer, product.id, key="k")
    assert (await market.buy(buyer, product.id, key="k")).status == PENDING
    await market.run_out(first.id)
    again = await market.buy(buyer, product.id, key="k")
    assert (again.id, again.status, len(provider.charged)) == (first.id, COMPLETED, 1)


async def test_an_order_that_may_have_been_charged_is_not_withdrawn(market: Market, provider: Awkward) -> None:
    buyer, product = somebody(), await market.sell(somebody())
    provider.mood = provider.say_nothing
    order = await market.buy(buyer, product.id, key="k")
    provider.mood = provider.be_away
    await market.run_out(order.id)
    assert (await market.buy(buyer, product.id, key="k")).status == PENDING
    await market.run_out(order.id)
    assert await market.settlement.settle_next()
    assert [(o.id, o.status) for o in await market.list_orders(buyer)] == [(order.id, PENDING)]


async def test_a_crash_while_the_provider_is_asked_loses_nothing(market: Market, provider: Awkward) -> None:
    buyer, product = somebody(), await market.sell(somebody())
    provider.mood = provider.charge_and_say_nothing
    dying = asyncio.create_task(market.buy(buyer, product.id, key="k"))
    await provider.asked.wait()
    dying.cancel()
    [order] = await market.list_orders(buyer)
    with pytest.raises(errors.Conflict) as refused:
        await market.buy(buyer, product.id, key="k")
    assert refused.value.reason == "IDEMPOTENCY_IN_FLIGHT"
    assert not await market.settlement.settle_next()
    await market.run_out(order.id)
    assert await market.settlement.settle_next()
    assert (await market.buy(buyer, product.id, key="k")).status == COMPLETED
    assert len(await market.published("OrderCompleted")) == len(provider.charged) == 1


async def test_one_order_is_taken_by_one_worker(market: Market, provider: Awkward) -> None:
    buyer, product = somebody(), await market.sell(somebody())
    provider.mood = provider.charge_and_break_off
    order = await market.buy(buyer, product.id)
    await market.run_out(order.id)
    outcomes = await asyncio.gather(*(market.settlement.settle_next() for _ in range(4)))
    assert sorted(outcomes) == [False, False, False, True]


async def test_an_answer_that_comes_after_another_took_over_completes_nothing_again(
    market: Market, provider: Awkward
) -> None:
    buyer, product = somebody(), await market.sell(somebody())
    provider.is_prompt.clear()
    buying = asyncio.create_task(market.buy(buyer, product.id))
    await provider.asked.wait()
    [order] = await market.list_orders(buyer)
    await market.run_out(order.id)
    assert await market.settlement.settle_next()
    provider.is_prompt.set()
    assert (await buying).status == COMPLETED
    assert len(await market.published("OrderCompleted")) == len(provider.charged) == 1


async def test_a_decline_that_comes_late_releases_what_was_claimed(market: Market, provider: Awkward) -> None:
    buyer, product = somebody(), await market.sell(somebody())
    provider.mood = provider.say_nothing
    order = await market.buy(buyer, product.id)
    provider.mood = provider.decline
    await _work_until_settled(market, buyer, order.id)
    assert (await market.get_order(buyer, order.id)).status == orders_pb2.ORDER_STATUS_FAILED
    provider.mood = provider.pay
    assert (await market.buy(buyer, product.id)).status == COMPLETED


async def _work_until_settled(market: Market, buyer: Principal, order_id: str) -> None:
    """`work` runs as it does in a deployment; only the rest between two attempts is cut short."""
    stop = asyncio.Event()
    working = asyncio.create_task(market.settlement.run(stop))
    async with asyncio.timeout(10):
        while (await market.get_order(buyer, order_id)).status == PENDING:
            await market.run_out(order_id)
            await asyncio.sleep(0.02)
    stop.set()
    await working


async def test_work_outlives_a_provider_that_breaks(market: Market, provider: Awkward) -> None:
    buyer, product = somebody(), await market.sell(somebody())

    def explode(charge: Any) -> object:
        raise ValueError("a bug")

    provider.mood = explode
    order = await market.buy(buyer, product.id)
    assert order.status == PENDING
    provider.mood = provider.pay
    await _work_until_settled(market, buyer, order.id)
    assert (await market.get_order(buyer, order.id)).status == COMPLETED


async def test_with_the_store_away_after_the_charge_the_order_waits(market: Market, provider: Awkward) -> None:
    buyer, product = somebody(), await market.sell(somebody())

    def pay_and_lose_the_store(charge: Charge) -> Outcome:
        market.settlement._database = Database("postgresql://127.0.0.1:1/nowhere")
        return provider.pay(charge)

    provider.mood = pay_and_lose_the_store
    order = await market.buy(buyer, product.id)
    assert order.status == PENDING
    market.settlement._database = market.database
    await market.run_out(order.id)
    assert await market.settlement.settle_next()
    assert (await market.get_order(buyer, order.id)).status == COMPLETED
    assert len(provider.charged) == 1
