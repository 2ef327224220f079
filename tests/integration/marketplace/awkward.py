"""A payment provider that does what real ones do on bad days. It charges once an order, as all must."""

import asyncio
from collections.abc import Callable
from uuid import UUID

from services.marketplace.orders.payments import Away, Charge, Outcome


class Awkward:
    def __init__(self) -> None:
        self.charged: dict[UUID, int] = {}
        self.declined: set[UUID] = set()
        self.attempts = 0
        # Set once somebody asked.
        self.asked = asyncio.Event()
        # Cleared, it keeps the first who asks waiting.
        self.is_prompt = asyncio.Event()
        self.is_prompt.set()
        # What it does next; it goes on doing so.
        self.mood: Callable[[Charge], object] = self.pay
        self._never = asyncio.Event()

    async def charge(self, charge: Charge) -> Outcome:
        self.attempts += 1
        self.asked.set()
        if self.attempts == 1:
            await self.is_prompt.wait()
        if charge.order_id in self.charged:
            return Outcome.PAID
        if charge.order_id in self.declined:
            return Outcome.DECLINED
        answer = self.mood(charge)
        if answer is None:
            await self._never.wait()
        assert isinstance(answer, Outcome)
        return answer

    def pay(self, charge: Charge) -> Outcome:
        self.charged[charge.order_id] = charge.total_minor
        return Outcome.PAID

    def decline(self, charge: Charge) -> Outcome:
        self.declined.add(charge.order_id)
        return Outcome.DECLINED

    def be_away(self, charge: Charge) -> Outcome:
        raise Away

    def charge_and_say_nothing(self, charge: Charge) -> None:
        self.charged[charge.order_id] = charge.total_minor

    def charge_and_break_off(self, charge: Charge) -> Outcome:
        self.charged[charge.order_id] = charge.total_minor
        raise ConnectionResetError

    def say_nothing(self, charge: Charge) -> None: ...
