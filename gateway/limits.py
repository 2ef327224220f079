"""Rate limits by GCRA: one number a key, one Redis call for all requests of a loop turn, no gRPC call when limited.

While Redis is down, each gateway enforces the limits alone and logs that once.
"""

import asyncio
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import redis.asyncio as redis
from redis.exceptions import RedisError

from chassis import clock, errors, telemetry
from gateway.addresses import holders

log = telemetry.logger(__name__)

REDIS_TIMEOUT_SECONDS = 0.5
# How long to leave Redis alone after a failure, so that not every request waits for the timeout.
REDIS_PAUSE_SECONDS = 1.0
MAX_LOCAL_KEYS = 100_000
MAX_IN_ONE_CALL = 500
# How many times the limit of a /64 an IPv6 site has, all its networks together.
SITE_FACTOR = 16


@dataclass(frozen=True, slots=True)
class Limit:
    """`count` requests in `window_seconds` for each address, or for each account that a token names.

    `alone` is how many a gateway allows while Redis is away and it does not know what the others allow; 0: as many.
    """

    name: str
    count: int
    window_seconds: int
    is_per_account: bool = False
    alone: int = 0

    def times(self, factor: float) -> "Limit":
        alone = self.alone and max(1, round(self.alone * factor))
        return replace(self, count=max(1, round(self.count * factor)), alone=alone)

    def of_site(self) -> "Limit":
        return replace(self.times(SITE_FACTOR), name=f"{self.name}.site")

    @property
    def interval_seconds(self) -> float:
        """The steady pace: seconds per request."""
        return self.window_seconds / self.count


@dataclass(frozen=True, slots=True)
class Standing:
    """A caller's standing with its tightest limit. `reset_at` is in Unix seconds."""

    limit: int
    remaining: int
    reset_at: int


@dataclass(frozen=True, slots=True)
class Claim:
    """One request against one limit."""

    limit: Limit
    who: str

    @property
    def key(self) -> str:
        return f"limit:{self.limit.name}:{self.who}"


# Per key: seconds between two requests, seconds of burst, how many requests. A refused one costs nothing.
# The server's TIME, so that gateways with different clocks agree. Returns now, then for each key how many were
# allowed and when the limit would have been full again before them, as text.
_SCRIPT = """
local t = redis.call('TIME')
local now = tonumber(t[1]) + tonumber(t[2]) / 1000000
local answers = {string.format('%.6f', now)}
for i = 1, #KEYS do
  local interval, burst, count = tonumber(ARGV[3 * i - 2]), tonumber(ARGV[3 * i - 1]), tonumber(ARGV[3 * i])
  local full_at = math.max(tonumber(redis.call('GET', KEYS[i]) or 0), now)
  local fitting = math.floor((now + burst - full_at) / interval + 0.000001)
  local allowed = math.max(0, math.min(count, fitting))
  if allowed > 0 then
    local after = full_at + allowed * interval
    redis.call('SET', KEYS[i], string.format('%.6f', after), 'PX', math.ceil((after - now) * 1000))
  end
  answers[#answers + 1] = tostring(allowed)
  answers[#answers + 1] = string.format('%.6f', full_at)
end
return answers
"""


@dataclass(frozen=True, slots=True)
class Verdict:
    """`full_at` is when the limit is full again, on the clock of `now`."""

    limit: Limit
    is_allowed: bool
    full_at: float
    now: float


def _verdicts(limit: Limit, allowed: int, full_at: float, now: float) -> Iterator[Verdict]:
    """Of these equal requests the first `allowed` pass, each moving `full_at`; the others do not."""
    for _ in range(allowed):
        full_at += limit.interval_seconds
        yield Verdict(limit, True, full_at, now)
    while True:
        yield Verdict(limit, False, full_at, now)


class Store(Protocol):
    async def spend(self, claims: Sequence[Claim]) -> list[Verdict]: ...


class RedisStore:
    def __init__(self, url: str) -> None:
        self._redis = redis.Redis.from_url(
            url, socket_timeout=REDIS_TIMEOUT_SECONDS, socket_connect_timeout=REDIS_TIMEOUT_SECONDS
        )
        self._script = self._redis.register_script(_SCRIPT)

    async def spend(self, claims: Sequence[Claim]) -> list[Verdict]:
        # Equal claims of one loop turn are sent as one, with their number.
        counted = Counter(claims)
        arguments: list[float] = []
        for claim, count in counted.items():
            arguments += (claim.limit.interval_seconds, claim.limit.window_seconds, count)
        answer: list[Any] = await self._script(keys=[claim.key for claim in counted], args=arguments)
        now, *pairs = [float(part) for part in answer]
        turns = {
            claim: _verdicts(claim.limit, int(allowed), full_at, now)
            for claim, allowed, full_at in zip(counted, pairs[::2], pairs[1::2], strict=True)
        }
        return [next(turns[claim]) for claim in claims]

    async def close(self) -> None:
        await self._redis.aclose()


class LocalStore:
    """The same arithmetic, in this process only."""

    def __init__(self) -> None:
        self._full_at: dict[str, float] = {}

    async def spend(self, claims: Sequence[Claim]) -> list[Verdict]:
        now = clock.utc_now().timestamp()
        return [self._one(_as_allowed_alone(claim), now) for claim in claims]

    def _one(self, claim: Claim, now: float) -> Verdict:
        full_at = max(self._full_at.pop(claim.key, now), now)
        following = full_at + claim.limit.interval_seconds
        is_allowed = following - now <= claim.limit.window_seconds + 1e-6
        self._full_at[claim.key] = following if is_allowed else full_at
        if len(self._full_at) > MAX_LOCAL_KEYS:
            del self._full_at[next(iter(self._full_at))]
        return Verdict(claim.limit, is_allowed, self._full_at[claim.key], now)


def _as_allowed_alone(claim: Claim) -> Claim:
    limit = claim.limit
    return Claim(replace(limit, count=limit.alone, alone=0), claim.who) if limit.alone else claim


class Limits:
    """Sends the claims of one loop turn together."""

    def __init__(self, store: Store, *, factor: float = 1.0) -> None:
        self._store = store
        self._local = LocalStore()
        self._factor = factor
        self._scaled: dict[Limit, Limit] = {}
        self._waiting: list[tuple[Claim, asyncio.Future[Verdict]]] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._away_until = 0.0

    async def spend(self, limits: Sequence[Limit], who: str) -> Standing:
        """The standing of `who` after this request. Raises Exceeded if it is over the limit."""
        return await self._spend([Claim(self._scale(limit), who) for limit in limits])

    async def spend_of_address(self, limits: Sequence[Limit], address: str) -> Standing:
        """As `spend`; of IPv6 a network's limit, and its site's larger one."""
        near, site = holders(address)
        claims = [Claim(self._scale(limit), near) for limit in limits]
        if site:
            claims += [Claim(self._scale(limit.of_site()), site) for limit in limits]
        return await self._spend(claims)

    async def _spend(self, claims: Sequence[Claim]) -> Standing:
        # All claims are made before the first is awaited, so that they are sent together.
        asked = [self._ask(claim) for claim in claims]
        standings = [_standing(await verdict) for verdict in asked]
        return standings[0] if len(standings) == 1 else min(standings, key=lambda standing: standing.remaining)

    def _scale(self, limit: Limit) -> Limit:
        if limit not in self._scaled:
            self._scaled[limit] = limit.times(self._factor)
        return self._scaled[limit]

    def _ask(self, claim: Claim) -> "asyncio.Future[Verdict]":
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Verdict] = loop.create_future()
        if not self._waiting:
            loop.call_soon(self._send)
        self._waiting.append((claim, future))
        return future

    def _send(self) -> None:
        waiting, self._waiting = self._waiting, []
        for start in range(0, len(waiting), MAX_IN_ONE_CALL):
            task = asyncio.ensure_future(self._decide(waiting[start : start + MAX_IN_ONE_CALL]))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _decide(self, asked: list[tuple[Claim, "asyncio.Future[Verdict]"]]) -> None:
        verdicts = await self._verdicts([claim for claim, _ in asked])
        for (_, future), verdict in zip(asked, verdicts, strict=True):
            if not future.done():  # its request may have been cancelled
                future.set_result(verdict)

    async def _verdicts(self, claims: list[Claim]) -> list[Verdict]:
        if self._is_away():
            return await self._alone(claims)
        try:
            return await self._store.spend(claims)
        except (RedisError, OSError, TimeoutError) as failure:
            # Redis is down: each gateway enforces the limits alone.
            if not self._is_away():
                log.warning("limits.redis_down", error=type(failure).__name__)
            self._away_until = asyncio.get_running_loop().time() + REDIS_PAUSE_SECONDS
            return await self._alone(claims)

    async def _alone(self, claims: list[Claim]) -> list[Verdict]:
        telemetry.LIMITED_LOCALLY.inc(len(claims))
        return await self._local.spend(claims)

    def _is_away(self) -> bool:
        return asyncio.get_running_loop().time() < self._away_until


class Exceeded(errors.RateLimited):
    def __init__(self, standing: Standing, retry_after_seconds: float) -> None:
        super().__init__(retry_after_seconds=retry_after_seconds)
        self.standing = standing


def _standing(verdict: Verdict) -> Standing:
    """The caller's standing after the claim. Raises Exceeded if it was refused."""
    limit, reset_at = verdict.limit, int(verdict.full_at + 0.999)
    if not verdict.is_allowed:
        telemetry.RATE_LIMITED.labels(limit.name).inc()
        raise Exceeded(Standing(limit.count, 0, reset_at), _wait(verdict))
    spent = (verdict.full_at - verdict.now) * limit.count / limit.window_seconds
    return Standing(limit.count, max(0, int(limit.count - spent + 1e-3)), reset_at)


def _wait(verdict: Verdict) -> float:
    """Seconds until one more request is allowed."""
    limit = verdict.limit
    return max(1.0, verdict.full_at + limit.interval_seconds - limit.window_seconds - verdict.now)
