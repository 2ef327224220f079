"""The checker of the fault tests can fail: each thing that it promises to see, it sees."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from uuid import UUID

import asyncpg
from soundstage.audience.v1.plays_pb2 import PlayRecorded

from chassis.ids import new_id
from tests.chaos.checker import Attempt, Outcome, check
from tests.integration.insights.history import History
from tests.integration.insights.house import House

KEEP = """
INSERT INTO plays (id, track_id, owner_id, duration_ms, source, is_authenticated, occurred_at, received_at)
SELECT id, $2, $2, 1, 1, true, now(), now() FROM unnest($1::uuid[]) AS plays (id)
"""


def acknowledged(play: PlayRecorded) -> Attempt:
    return Attempt(UUID(play.track_id), Outcome.OK, UUID(play.id))


async def test_every_breach_is_named(house: House, new_database: Callable[[str], Awaitable[str]]) -> None:
    plays = History.random(41, plays=60).plays
    audience_url = await new_database("audience")
    audience = await asyncpg.connect(audience_url)
    await audience.execute(KEEP, [UUID(play.id) for play in plays], new_id())
    await house.count(*plays)
    attempts = [acknowledged(play) for play in plays]

    async def found(attempts: list[Attempt]) -> str:
        return "\n".join(await check(attempts, audience_url=audience_url, insights_url=house.settings.database_url))

    try:
        assert await found(attempts) == ""
        unanswered = [*attempts[:-1], replace(attempts[-1], outcome=Outcome.UNKNOWN, play_id=None)]
        assert await found(unanswered) == ""
        lost = Attempt(attempts[0].track_id, Outcome.OK, new_id())
        assert "1 acknowledged plays are not counted" in await found([*attempts, lost])
        refused = [*attempts[:-1], replace(attempts[-1], outcome=Outcome.FAILED)]
        assert f"track {attempts[-1].track_id} counts" in await found(refused)
        assert "share an id" in await found([*attempts, attempts[0]])
        await house.value("UPDATE track_days SET plays = plays + 1")
        assert "sums of plays disagree" in await found(attempts)
        await audience.execute("DELETE FROM plays WHERE id = $1", attempts[0].play_id)
        assert "counted that audience does not have" in await found(attempts)
    finally:
        await audience.close()
