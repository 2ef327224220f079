"""A copy is read again once its owner was asked; the owner's no is kept for a second, for a bounded number of ids."""

import asyncio
from collections.abc import Collection

import pytest

from chassis import asked
from chassis.errors import Unavailable
from chassis.ids import new_id


class Copy:
    """A copy of what an owner knows. The owner answers once `may_answer` is set."""

    def __init__(self) -> None:
        self.kept: set[str] = set()
        self.owned: set[str] = set()
        self.questions: list[set[str]] = []
        self.may_answer = asyncio.Event()
        self.may_answer.set()
        self.is_away = False
        self.asked = asked.Asked[str](self._learn)

    async def _learn(self, ids: Collection[str]) -> None:
        self.questions.append(set(ids))
        if self.is_away:
            raise Unavailable()
        await self.may_answer.wait()
        self.kept |= self.owned & set(ids)

    async def has(self, id: str) -> bool:
        async def get() -> bool:
            return id in self.kept

        return await self.asked.read(get, lambda found: [] if found else [id])


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [100.0]
    monkeypatch.setattr(asked, "monotonic", lambda: now[0])
    return now


async def test_a_yes_of_the_copy_asks_nobody() -> None:
    copy = Copy()
    copy.kept.add("a")
    assert await copy.has("a")
    assert copy.questions == []


async def test_the_owner_is_asked_before_a_no() -> None:
    copy = Copy()
    copy.owned.add("a")
    assert await copy.has("a")
    assert not await copy.has("b")
    assert copy.questions == [{"a"}, {"b"}]


async def test_a_no_is_kept_for_a_second(now: list[float]) -> None:
    copy = Copy()
    assert not await copy.has("a")
    now[0] = 100.9
    assert not await copy.has("a")
    assert copy.questions == [{"a"}]
    now[0] = 101.0
    copy.owned.add("a")
    assert await copy.has("a")


async def test_who_comes_while_another_asks_gets_no_false_no() -> None:
    copy = Copy()
    copy.owned.add("a")
    copy.may_answer.clear()
    both = [asyncio.create_task(copy.has("a")) for _ in range(2)]
    await asyncio.sleep(0)
    copy.may_answer.set()
    assert await asyncio.gather(*both) == [True, True]


async def test_who_asks_nobody_reads_the_copy_again() -> None:
    """The copy was read before the other's answer was written, and the owner is not asked twice within a second."""
    copy = Copy()
    copy.owned.add("a")
    reads = 0

    async def get() -> bool:
        nonlocal reads
        reads += 1
        if reads == 1:  # another caller asks, and its answer is written, while we look at what we read
            await copy.asked.ask(["a"])
            return False
        return "a" in copy.kept

    assert await copy.asked.read(get, lambda found: [] if found else ["a"])
    assert copy.questions == [{"a"}]


async def test_an_owner_that_is_down_is_no_no() -> None:
    copy = Copy()
    copy.owned.add("a")
    copy.is_away = True
    with pytest.raises(Unavailable):
        await copy.has("a")
    copy.is_away = False
    assert await copy.has("a")


async def test_it_does_not_grow_without_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asked, "MAX_KEPT", 10)
    copy, ids = Copy(), [str(new_id()) for _ in range(40)]
    for id in ids * 2:
        await copy.has(id)
    assert len(copy.questions) >= 69


async def test_a_yes_is_not_remembered(now: list[float]) -> None:
    """What the owner just said yes to may have gone from the copy, or be wanted otherwise: it is asked again."""
    copy = Copy()
    copy.owned.add("a")
    assert await copy.has("a")
    copy.kept.clear()
    assert await copy.has("a")
    assert copy.questions == [{"a"}] * 2
