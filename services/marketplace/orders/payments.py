"""Payment providers behind one interface. The local one needs no other party and accepts every charge."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Charge:
    order_id: UUID
    buyer_id: UUID
    # Minor units of the currency, more than 0.
    total_minor: int
    currency: str


class Outcome(StrEnum):
    PAID = "paid"
    DECLINED = "declined"


class Away(Exception):
    """The provider was not reached: this attempt certainly took no money."""


class Provider(Protocol):
    async def charge(self, charge: Charge) -> Outcome:
        """Charges once an order: asked again, it repeats its first answer.

        Raises Away; anything else that is raised, or no answer in time, leaves open whether the money was taken.
        """
        ...


class Local:
    """Accepts every charge."""

    async def charge(self, charge: Charge) -> Outcome:
        return Outcome.PAID
