"""What every payment provider keeps to, the one that tests command included."""

import pytest

from chassis.ids import new_id
from services.marketplace.orders.payments import Charge, Local, Outcome, Provider
from tests.integration.marketplace.awkward import Awkward


def declining() -> Awkward:
    provider = Awkward()
    provider.mood = provider.decline
    return provider


@pytest.mark.parametrize("make", [Local, Awkward, declining])
async def test_an_order_is_answered_the_same_however_often_it_is_asked(make: type[Provider]) -> None:
    provider, charge = make(), Charge(new_id(), new_id(), 999, "EUR")
    first = await provider.charge(charge)
    assert first in Outcome
    if isinstance(provider, Awkward):
        provider.mood = provider.be_away
    assert await provider.charge(charge) is first


async def test_the_local_provider_pays_at_once() -> None:
    assert await Local().charge(Charge(new_id(), new_id(), 1, "EUR")) is Outcome.PAID
