"""The pool of password hashes: its bound, its queue, and equal work for known and unknown users."""

import asyncio
import threading
from collections.abc import Iterator

import pytest
from argon2 import PasswordHasher, extract_parameters

from chassis.errors import Unavailable
from services.auth.accounts.passwords import THREADS, Passwords


@pytest.fixture
def passwords() -> Iterator[Passwords]:
    made = Passwords(memory_kib=46 * 1024, passes=1, queue_length=3)
    yield made
    made.close()


async def test_a_password_matches_its_hash_alone(passwords: Passwords) -> None:
    kept = await passwords.hash("pässword")
    assert kept.startswith("$argon2id$")
    assert await passwords.matches(kept, "pässword")
    assert not await passwords.matches(kept, "password")
    assert not await passwords.matches("no hash at all", "pässword")
    assert kept != await passwords.hash("pässword")


@pytest.mark.parametrize(
    ("set_as", "typed"),
    [
        ("pa\u0301sswo\u0308rd", "p\u00e1ssw\u00f6rd"),
        ("\uff50\uff41\uff53\uff53word", "password"),
        ("pass\u00a0word", "pass word"),
        ("pass\u3000word", "pass word"),
        ("of\ufb01cial", "official"),
    ],
)
async def test_a_password_is_the_same_however_a_keyboard_spells_it(
    passwords: Passwords, set_as: str, typed: str
) -> None:
    kept = await passwords.hash(set_as)
    assert await passwords.matches(kept, typed)
    assert await passwords.matches(kept, set_as)
    assert not await passwords.matches(kept, typed.upper())


async def test_a_hash_of_a_password_as_it_was_typed_still_opens(passwords: Passwords) -> None:
    kept = passwords._hasher.hash("pa\u0301ssword")
    assert await passwords.matches(kept, "pa\u0301ssword")


async def test_unknown_users_cost_the_same_work(passwords: Passwords, monkeypatch: pytest.MonkeyPatch) -> None:
    """One hash is checked for either, with the same parameters."""
    checked = []
    verify = PasswordHasher.verify

    def seen(hasher: PasswordHasher, password_hash: str, text: str) -> bool:
        checked.append(extract_parameters(password_hash))
        return verify(hasher, password_hash, text)

    kept = await passwords.hash("secret word")
    monkeypatch.setattr(PasswordHasher, "verify", seen)
    for password_hash in (kept, None):
        assert not await passwords.matches(password_hash, "wrong word")
    assert len(checked) == 2
    assert checked[0] == checked[1]


async def test_at_most_two_run_and_the_queue_is_bounded(passwords: Passwords) -> None:
    release, lock, running, most = threading.Event(), threading.Lock(), 0, 0

    def work() -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        release.wait(10)
        with lock:
            running -= 1

    tasks = [asyncio.create_task(passwords._run(work)) for _ in range(THREADS + 3)]
    await asyncio.sleep(0)
    with pytest.raises(Unavailable) as refused:
        await passwords.hash("one too many")
    assert refused.value.retry_after_seconds == 1
    release.set()
    await asyncio.gather(*tasks)
    assert most == THREADS
    assert await passwords.hash("room again")


async def test_who_goes_away_gives_back_its_place(passwords: Passwords) -> None:
    for _ in range(4):
        tasks = [asyncio.create_task(passwords.hash("some password")) for _ in range(THREADS + 3)]
        await asyncio.sleep(0)
        for task in tasks[1:]:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for _ in range(2000):
            if passwords._room == THREADS + 3:
                break
            await asyncio.sleep(0.005)
        assert passwords._room == THREADS + 3
