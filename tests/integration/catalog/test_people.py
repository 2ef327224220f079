"""The copy of accounts: cards in the order asked, one question to auth before a no, no tenant sees another."""

import asyncio

import pytest
from soundstage.auth.v1.accounts_pb2 import AccountState
from soundstage.catalog.v1 import people_pb2
from soundstage.common.v1.common_pb2 import Ref

from chassis.client import call
from chassis.errors import Invalid, Unavailable
from chassis.ids import new_id
from chassis.inbox import Consumer
from chassis.principal import ANONYMOUS, SERVICE, Principal
from tests.integration.catalog.system import System
from tests.support.waiting import until


async def cards(system: System, *refs: Ref, caller: Principal = ANONYMOUS) -> list[people_pb2.Person]:
    request = people_pb2.GetPersonBatchRequest(people=refs)
    return list((await call(system.people.GetBatch, request, caller=caller)).people)


def by_id(who: Principal) -> Ref:
    return Ref(id=str(who.account_id))


async def tell(system: System, who: Principal, **changes: object) -> None:
    state = AccountState()
    state.CopyFrom(system.auth.states[str(who.account_id)])
    state.MergeFrom(AccountState(**changes))  # type: ignore[arg-type]
    await system.learn("soundstage.accounts.v1", "AccountChanged", state)


async def test_cards_come_in_the_order_asked(system: System) -> None:
    ann, bob = system.user("ann"), system.user("bob")
    found = await cards(system, by_id(bob), Ref(id=str(new_id())), Ref(number=ann.number or 0), by_id(bob))
    assert [card.handle for card in found] == ["bob", "ann", "bob"]
    with pytest.raises(Invalid):
        await cards(system, Ref())


async def test_auth_is_asked_before_a_no_and_not_again_at_once(system: System) -> None:
    unknown, ann = Ref(id=str(new_id())), system.user("ann")
    assert await cards(system, unknown) == []
    assert await cards(system, unknown) == []
    assert len(system.auth.asked) == 1
    system.auth.is_away = True
    with pytest.raises(Unavailable):
        await cards(system, by_id(ann))
    system.auth.is_away = False
    await cards(system, by_id(ann))
    system.auth.is_away = True
    assert [card.handle for card in await cards(system, by_id(ann))] == ["ann"]


async def test_an_older_state_is_ignored_and_a_removed_account_stays_gone(system: System) -> None:
    ann = system.user("ann")
    await tell(system, ann, version=3, name="Ann Third", avatar="covers/ann.jpg")
    await tell(system, ann, version=2, name="Ann Second")
    [card] = await cards(system, by_id(ann))
    assert (card.name, card.picture, card.HasField("bio")) == ("Ann Third", "covers/ann.jpg", False)
    await tell(system, ann, version=4, is_removed=True)
    assert await cards(system, by_id(ann)) == []
    assert await system.find_people("ann") == []
    assert len(system.auth.asked) == 0


async def test_a_tenant_never_sees_anothers_people(system: System) -> None:
    label, other = system.user("lena", tenant="label"), system.user("otto", tenant="other")
    public = system.user("paula")
    everyone = [by_id(label), by_id(other), by_id(public)]
    assert [c.handle for c in await cards(system, *everyone, caller=label)] == ["lena", "paula"]
    assert [c.handle for c in await cards(system, *everyone, caller=public)] == ["paula"]
    assert [c.handle for c in await cards(system, *everyone, caller=SERVICE)] == ["paula"]
    assert await system.find_people("lena") == []


async def test_people_are_found_by_handle_and_name(system: System) -> None:
    people = [
        ("john", "Somebody Else"), ("johnny_cash", "John R. Cash"), ("jdoe", "John Doe"), ("zoe", "Zoë Kravitz"),
    ]  # fmt: skip
    for handle, name in people:
        await tell(system, system.user(handle, name=name))
    assert (await system.find_people("john"))[0] == "john"
    assert sorted(await system.find_people("john")) == ["jdoe", "john", "johnny_cash"]
    assert await system.find_people("johnny_cash") == ["johnny_cash"]
    assert await system.find_people("johnnycash") == ["johnny_cash"]
    assert await system.find_people("zoe kravits") == ["zoe"]
    assert await system.find_people("kra") == ["zoe"]


@pytest.mark.parametrize("topic", ["soundstage.accounts.v1", "soundstage.totals.v1", "soundstage.recordings.v1"])
async def test_poison_is_told_from_an_absent_store(system: System, topic: str) -> None:
    """What can never be applied must raise something else than Unavailable, or it would be tried for ever."""
    assert any(isinstance(it, Consumer) and topic in it.topics for it in system.roles.consume)
    for value in (b"", b"\xff\xff", AccountState(id="nonsense").SerializeToString()):
        with pytest.raises(Exception) as fault:
            await system.learn(topic, "RecordingReady", value)
        assert not isinstance(fault.value, Unavailable)


async def test_tracks_are_counted_though_many_come_and_go_at_once(system: System) -> None:
    artist = system.user("ann")
    tracks = await asyncio.gather(*(system.release(artist, title=f"Track {n}") for n in range(12)))

    async def count() -> int:
        [card] = await cards(system, by_id(artist))
        return card.track_count

    assert await count() == 12
    hidden = (system.change(track, artist, is_public=False) for track in tracks[:4])
    await asyncio.gather(*hidden, *(system.remove(track, artist) for track in tracks[4:8]))
    assert await count() == 4
    async with system.database.connection() as conn:
        await conn.execute("UPDATE track_counts SET listed = 77")
    assert await count() == 77
    await system.parts.listings.rebuild()
    assert await count() == 4
    await asyncio.gather(*(system.remove(track, artist) for track in tracks if track not in tracks[4:8]))
    assert await count() == 0


async def test_two_who_ask_for_a_person_at_once_that_only_auth_knows(system: System) -> None:
    """One of them asks auth; the other, which read the copy before the answer, does not miss the person either."""
    ann = system.user("ann")
    system.auth.may_answer.clear()
    asking = [asyncio.create_task(cards(system, by_id(ann))) for _ in range(2)]
    await until(lambda: bool(system.auth.asked))
    system.auth.may_answer.set()
    assert [[card.handle for card in found] for found in await asyncio.gather(*asking)] == [["ann"]] * 2


async def test_a_partners_user_is_nobody_to_the_public(system: System) -> None:
    """Nor to the gateway, which asks for many callers at once."""
    partners = system.user("", tenant="partner")
    for ref in (by_id(partners), Ref(number=partners.number or 0)):
        for caller in (ANONYMOUS, SERVICE):
            assert await cards(system, ref, caller=caller) == []
        assert len(await cards(system, ref, caller=partners)) == 1
