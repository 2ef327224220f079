"""Refresh families against a model: whatever is presented in whatever order, one rule says what comes of it."""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from chassis.errors import Unauthenticated
from chassis.ids import new_id
from services.auth import wiring
from services.auth.accounts import store as accounts
from services.auth.accounts.account import Account, Origin
from services.auth.config import Settings
from services.auth.sessions import issue
from services.auth.sessions.tokens import Tokens
from tests.support import databases
from tests.support.servers import Servers

AGE = "UPDATE refresh_tokens SET used_at = used_at - interval '11 seconds'"
# A token by its place in the family (modulo its length), ten seconds passing, or a text that nobody was given.
STEPS = st.lists(st.one_of(st.integers(0, 5), st.just("later"), st.just("forged")), max_size=12)


@dataclass
class Family:
    """What a family must do: tokens in order of issue, the last unused; those used lately repeat their successor."""

    tokens: list[str]
    used_lately: set[int] = field(default_factory=set)
    is_ended: bool = False

    def expect(self, place: int) -> str | None:
        """The place's outcome: `new`, `repeated` or, with the end of the family, nothing."""
        if not self.is_ended and place == len(self.tokens) - 1:
            return "new"
        if not self.is_ended and place in self.used_lately:
            return "repeated"
        self.is_ended = True
        return None


def test_a_family_follows_its_rule(backing: Servers, tmp_path: Path) -> None:
    with asyncio.Runner() as runner:
        url = runner.run(databases.make(backing.database_url, "auth"))
        stack = AsyncExitStack()
        parts = runner.run(_parts(stack, url, tmp_path))
        try:
            account = runner.run(_account(parts))
            tokens = Tokens(parts.keys, "soundstage")

            @settings(max_examples=60, deadline=None)
            @given(STEPS)
            def follow(steps: list[int | str]) -> None:
                runner.run(_play(parts, account, tokens, steps))

            follow()
        finally:
            runner.run(stack.aclose())
            runner.run(databases.drop(backing.database_url, url))


async def _play(parts: wiring.Parts, account: Account, tokens: Tokens, steps: list[int | str]) -> None:
    async with parts.database.transaction() as conn:
        issued_at = account.created_at
        pair = await issue.open_session(conn, tokens, account, Origin(), remember=False, issued_at=issued_at)
    family = Family([pair.refresh])
    for step in steps:
        if step == "later":
            family.used_lately.clear()
            async with parts.database.connection() as conn:
                await conn.execute(AGE)
        elif step == "forged":
            assert await _presented(parts, "rt_forged") is None
        else:
            await _present(parts, family, int(step) % len(family.tokens))


async def _present(parts: wiring.Parts, family: Family, place: int) -> None:
    expected, given_back = family.expect(place), await _presented(parts, family.tokens[place])
    if expected == "new":
        assert given_back is not None and given_back not in family.tokens
        family.used_lately.add(place)
        family.tokens.append(given_back)
    elif expected == "repeated":
        assert given_back == family.tokens[place + 1]
    else:
        assert given_back is None


async def _presented(parts: wiring.Parts, token: str) -> str | None:
    try:
        return (await parts.sessions.refresh(token, "")).refresh
    except Unauthenticated:
        return None


async def _parts(stack: AsyncExitStack, url: str, folder: Path) -> wiring.Parts:
    parts = wiring.parts(Settings(database_url=url, signing_keys_dir=folder), stack)
    parts.keys.ensure()
    return parts


async def _account(parts: wiring.Parts) -> Account:
    async with parts.database.transaction() as conn:
        account = await accounts.add(conn, new_id(), "public", "ada@example.com", username="ada")
    assert account is not None
    return account
