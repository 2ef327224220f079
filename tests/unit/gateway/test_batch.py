import asyncio
from collections.abc import Sequence

import pytest

from chassis import clock, errors
from gateway.batch import Coalescer


class Service:
    """Doubles what it gets, once `open` lets it; `busy` says that a group is here."""

    def __init__(self) -> None:
        self.groups: list[list[int]] = []
        self.open, self.busy = asyncio.Event(), asyncio.Event()
        self.budgets: list[float] = []

    async def send(self, items: Sequence[int]) -> list[int | None]:
        self.groups.append(list(items))
        self.busy.set()
        self.budgets.append(clock.remaining(99.0))
        await self.open.wait()
        return [item * 2 for item in items]


async def test_what_comes_in_one_turn_is_one_call() -> None:
    service = Service()
    service.open.set()
    coalescer = Coalescer("test", service.send)
    assert await asyncio.gather(*map(coalescer.ask, range(10))) == [n * 2 for n in range(10)]
    assert service.groups == [list(range(10))]


async def test_what_comes_while_calls_are_in_flight_joins_the_next() -> None:
    service = Service()
    coalescer = Coalescer("test", service.send, max_calls=1, max_items=100)
    first = asyncio.ensure_future(coalescer.ask(0))
    await service.busy.wait()
    others = [asyncio.ensure_future(coalescer.ask(n)) for n in range(1, 6)]
    await asyncio.sleep(0)
    assert service.groups == [[0]]
    service.open.set()
    assert await asyncio.gather(first, *others) == [0, 2, 4, 6, 8, 10]
    assert service.groups == [[0], [1, 2, 3, 4, 5]]


async def test_groups_have_a_size() -> None:
    service = Service()
    service.open.set()
    coalescer = Coalescer("test", service.send, max_calls=2, max_items=3)
    assert await asyncio.gather(*map(coalescer.ask, range(10))) == [n * 2 for n in range(10)]
    assert [len(group) for group in service.groups] == [3, 3, 3, 1]


async def test_a_caller_that_leaves_cancels_nothing() -> None:
    service = Service()
    coalescer = Coalescer("test", service.send)
    leaving, staying = asyncio.ensure_future(coalescer.ask(1)), asyncio.ensure_future(coalescer.ask(2))
    await service.busy.wait()
    leaving.cancel()
    service.open.set()
    assert await staying == 4
    assert await coalescer.ask(3) == 6


async def test_one_callers_deadline_is_its_own() -> None:
    service = Service()
    coalescer = Coalescer("test", service.send)

    async def hurried() -> int | None:
        with clock.budget(0.05):
            return await coalescer.ask(1)

    hurry, patient = asyncio.ensure_future(hurried()), asyncio.ensure_future(coalescer.ask(2))
    with pytest.raises(errors.Unavailable):
        await hurry
    service.open.set()
    assert await patient == 4
    assert service.budgets == [99.0]


async def test_a_failed_call_fails_all_of_its_group_and_no_other() -> None:
    calls = 0

    async def send(items: Sequence[int]) -> Sequence[int]:
        nonlocal calls
        calls += 1
        if calls == 1:
            raise errors.Unavailable()
        return items

    coalescer = Coalescer("test", send)
    outcomes = await asyncio.gather(coalescer.ask(1), coalescer.ask(2), return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [errors.Unavailable] * 2
    assert await coalescer.ask(3) == 3


async def test_an_answer_of_the_wrong_length_hangs_nobody() -> None:
    async def send(items: Sequence[int]) -> list[int]:
        return [1]

    coalescer = Coalescer("test", send)
    outcomes = await asyncio.gather(coalescer.ask(1), coalescer.ask(2), return_exceptions=True)
    assert isinstance(outcomes[1], ValueError)
