"""The same promises from Redis and from the limiter that stands in for it."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from functools import partial
from itertools import accumulate
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from prometheus_client import REGISTRY

from chassis import clock
from gateway.limits import Claim, Exceeded, Limit, Limits, LocalStore, RedisStore, Store, Verdict
from tests.support.servers import Servers


@pytest.fixture(params=["local", "redis"])
async def store(request: pytest.FixtureRequest) -> AsyncIterator[Store]:
    if request.param == "local":
        yield LocalStore()
        return
    backing: Servers = request.getfixturevalue("backing")
    redis = RedisStore(backing.redis_url)
    yield redis
    await redis.close()


def _limit(count: int, window_seconds: int = 3600) -> Limit:
    return Limit(f"test.{uuid4()}", count, window_seconds)


async def test_so_many_and_no_more(store: Store) -> None:
    limits, five = Limits(store), _limit(5)
    standings = [await limits.spend([five], "a") for _ in range(5)]
    assert [s.remaining for s in standings] == [4, 3, 2, 1, 0]
    assert {s.limit for s in standings} == {5}
    with pytest.raises(Exceeded) as limited:
        await limits.spend([five], "a")
    assert 600 < limited.value.retry_after_seconds <= 720
    assert REGISTRY.get_sample_value("soundstage_rate_limited_total", {"limit": five.name}) == 1
    assert limited.value.standing.remaining == 0
    now = clock.utc_now().timestamp()
    assert now + 3500 < limited.value.standing.reset_at <= now + 3602
    # Somebody else has a limit of their own.
    assert (await limits.spend([five], "b")).remaining == 4


async def test_requests_of_one_turn_share_one_call(store: Store) -> None:
    calls: list[int] = []

    class Counting:
        async def spend(self, claims: Sequence[Claim]) -> list[Verdict]:
            calls.append(len(claims))
            return await store.spend(claims)

    limits, ten = Limits(Counting()), _limit(10)
    outcomes = await asyncio.gather(*(limits.spend([ten], "a") for _ in range(25)), return_exceptions=True)
    assert calls == [25]
    assert sum(isinstance(o, Exceeded) for o in outcomes) == 15


async def test_one_who_leaves_takes_nobody_along(store: Store) -> None:
    limits, ten = Limits(store), _limit(10)
    leaving = asyncio.ensure_future(limits.spend([ten], "a"))
    staying = asyncio.ensure_future(limits.spend([ten], "a"))
    await asyncio.sleep(0)
    leaving.cancel()
    assert (await staying).remaining in (8, 9)


async def test_the_narrower_limit_is_shown(store: Store) -> None:
    wide, narrow = _limit(100), _limit(3)
    standing = await Limits(store).spend([wide, narrow], "a")
    assert (standing.limit, standing.remaining) == (3, 2)


async def test_a_factor_multiplies(store: Store) -> None:
    assert (await Limits(store, factor=10).spend([_limit(5)], "a")).limit == 50


async def test_two_gateways_share_one_limit(backing: Servers) -> None:
    one, other, three = RedisStore(backing.redis_url), RedisStore(backing.redis_url), _limit(3)
    try:
        for store in (one, other, one):
            await Limits(store).spend([three], "a")
        with pytest.raises(Exceeded):
            await Limits(other).spend([three], "a")
    finally:
        await one.close()
        await other.close()


async def test_without_redis_each_limits_by_itself() -> None:
    limits, two = Limits(RedisStore("redis://127.0.0.1:1/0")), _limit(2)
    await limits.spend([two], "a")
    await limits.spend([two], "a")
    with pytest.raises(Exceeded):
        await limits.spend([two], "a")


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(waits=st.lists(st.floats(0, 30), max_size=40), count=st.integers(1, 8))
async def test_never_more_than_twice_the_count_in_any_window(
    waits: list[float], count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """GCRA lets a full burst and then its steady rate through: at most 2 * count in any one window."""
    began, store, limit = clock.utc_now(), LocalStore(), _limit(count, 60)
    passed: list[float] = []
    for now in accumulate(waits):
        moment = began + timedelta(seconds=now)
        monkeypatch.setattr(clock, "utc_now", partial(lambda m: m, moment))
        [verdict] = await store.spend([Claim(limit, "a")])
        if verdict.is_allowed:
            passed.append(now)
    for start in passed:
        assert sum(start <= moment < start + 60 for moment in passed) <= 2 * count
