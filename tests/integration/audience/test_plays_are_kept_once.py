"""Keys of plays hold for ever: within a group, between two at once, after a lost answer, after the track is gone."""

import asyncio

from soundstage.audience.v1.plays_pb2 import PlayRecorded

from chassis.principal import ANONYMOUS
from tests.integration.audience.system import System, item, private_track, user
from tests.support.owners import track_state

PLAY = """
INSERT INTO plays (id, track_id, owner_id, user_id, duration_ms, source, is_authenticated, idempotency_key, occurred_at,
    received_at)
VALUES (uuidv7(), uuidv7(), uuidv7(), $1::text::uuid, 1, 1, true, $2, now(), now())
"""


async def test_a_group_that_is_sent_again_is_the_same_plays(system: System) -> None:
    track, listener = track_state(), user()
    await system.learn(track)
    group = [item(listener, track, key="k"), item(listener, track), item(user(), track)]
    first = await system.record(*group)
    again = await system.record(*group, item(listener, track))
    assert again[:3] == first
    assert len(await system.outbox()) == 4


async def test_a_repeat_gives_the_first_play(system: System) -> None:
    track, listener = track_state(), user()
    await system.learn(track)
    (first,) = await system.record(item(listener, track, key="k"))
    (again,) = await system.record(item(listener, track, key="k"))
    assert again == first
    assert len(await system.outbox()) == 1


async def test_a_key_with_another_body_is_refused(system: System) -> None:
    track, listener = track_state(), user()
    await system.learn(track)
    await system.record(item(listener, track, key="k"))
    (other,) = await system.record(item(listener, track, key="k", fingerprint=b"other"))
    assert (other.refused, other.id) == ("IDEMPOTENCY_KEY_REUSED", "")
    assert len(await system.outbox()) == 1


async def test_keys_belong_to_their_user(system: System) -> None:
    track = track_state()
    await system.learn(track)
    outcomes = await system.record(item(user(), track, key="k"), item(user(), track, key="k"))
    assert len({o.id for o in outcomes}) == 2


async def test_nobody_takes_anothers_key_without_a_token(system: System) -> None:
    track, listener = track_state(), user()
    await system.learn(track)
    await system.know(listener)
    (squatter,) = await system.record(item(ANONYMOUS, track, key="k", user_id=str(listener.account_id)))
    (theirs,) = await system.record(item(listener, track, key="k", fingerprint=b"other"))
    assert not theirs.refused
    assert theirs.id != squatter.id
    (again,) = await system.record(item(ANONYMOUS, track, key="k", user_id=str(listener.account_id)))
    assert again == squatter


async def test_the_same_key_within_a_group_is_folded(system: System) -> None:
    track, listener = track_state(), user()
    await system.learn(track)
    same = [item(listener, track, key="k") for _ in range(5)]
    outcomes = await system.record(*same, item(listener, track, key="k", fingerprint=b"other"))
    assert len({o.id for o in outcomes[:5]}) == 1
    assert outcomes[0].id in {i.id for i in same}
    assert outcomes[5].refused == "IDEMPOTENCY_KEY_REUSED"
    assert len(await system.outbox()) == 1


async def test_one_item_twice_in_a_group_is_one_play(system: System) -> None:
    track = track_state()
    await system.learn(track)
    play = item(user(), track)
    first, second = await system.record(play, play)
    assert first == second
    assert len(await system.outbox()) == 1


async def test_the_same_key_from_many_at_once_is_one_play(system: System) -> None:
    track, listener = track_state(), user()
    await system.learn(track)
    answers = await asyncio.gather(*(system.record(item(listener, track, key="k")) for _ in range(20)))
    assert len({outcome.id for (outcome,) in answers}) == 1
    assert len({outcome.recorded_at.ToNanoseconds() for (outcome,) in answers}) == 1
    assert len(await system.outbox()) == 1


async def test_groups_that_share_keys_in_any_order_do_not_deadlock(system: System) -> None:
    """Both are held half-way through at one key; had each begun at its own end, neither could go on."""
    track, listener = track_state(), user()
    await system.learn(track)
    keys = [f"k{n:02}" for n in range(40)]
    groups = [[item(listener, track, key=key) for key in ordered] for ordered in (keys, keys[::-1])]
    async with system.database.connection() as conn:
        held = conn.transaction()
        await held.start()
        await conn.execute(PLAY, str(listener.account_id), "k20")
        recording = asyncio.gather(*(system.record(*group) for group in groups))
        await system.until_waiting(2)
        await held.rollback()
    assert all(not outcome.refused for outcomes in await recording for outcome in outcomes)
    assert len(await system.outbox()) == 40


async def test_a_refused_item_leaves_its_key_free(system: System) -> None:
    listener = user()
    private, public = private_track(), track_state()
    await system.learn(private, public)
    (refused,) = await system.record(item(listener, private, key="k"))
    (kept,) = await system.record(item(listener, public, key="k", fingerprint=b"corrected"))
    assert (refused.refused, kept.refused) == ("FORBIDDEN", "")


async def test_a_repeat_stands_after_the_track_is_gone(system: System) -> None:
    track, listener = track_state(), user()
    await system.learn(track)
    play = item(listener, track, key="k")
    (first,) = await system.record(play)
    await system.learn(track_state(id=track.id, owner_id=track.owner_id, is_removed=True, version=2))
    same_key, same_id, new = await system.record(item(listener, track, key="k"), play, item(listener, track))
    assert same_key == same_id == first
    assert new.refused == "NOT_FOUND"


async def test_plays_of_many_users_at_once_are_all_kept_and_told_once(system: System) -> None:
    track = track_state()
    await system.learn(track)
    groups = [[item(user(), track, key=str(n)) for n in range(32)] for _ in range(16)]
    await asyncio.gather(*(system.record(*group) for group in groups), *(system.record(*group) for group in groups))
    told = [PlayRecorded.FromString(event.payload).id for event in await system.outbox()]
    assert sorted(told) == sorted(play.id for group in groups for play in group)


async def test_a_key_without_a_user_means_nothing(system: System) -> None:
    track = track_state()
    await system.learn(track)
    first, second = await system.record(item(ANONYMOUS, track, key="k"), item(ANONYMOUS, track, key="k"))
    assert first.id != second.id
