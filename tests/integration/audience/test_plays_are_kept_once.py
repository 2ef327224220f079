"""Keys of plays hold for ever: within a group, between two at once, after a lost answer, after the track is gone."""

import asyncio

from soundstage.audience.v1.plays_pb2 import PlayRecorded

from chassis.principal import ANONYMOUS
from tests.integration.audience.house import House, item, private_track, user
from tests.support.owners import track_state

PLAY = """
INSERT INTO plays (id, track_id, owner_id, user_id, duration_ms, source, is_authenticated, idempotency_key, occurred_at,
    received_at)
VALUES (uuidv7(), uuidv7(), uuidv7(), $1::text::uuid, 1, 1, true, $2, now(), now())
"""


async def test_a_group_that_is_sent_again_is_the_same_plays(house: House) -> None:
    track, listener = track_state(), user()
    await house.learn(track)
    group = [item(listener, track, key="k"), item(listener, track), item(user(), track)]
    first = await house.record(*group)
    again = await house.record(*group, item(listener, track))
    assert again[:3] == first
    assert len(await house.outbox()) == 4


async def test_a_repeat_gives_the_first_play(house: House) -> None:
    track, listener = track_state(), user()
    await house.learn(track)
    (first,) = await house.record(item(listener, track, key="k"))
    (again,) = await house.record(item(listener, track, key="k"))
    assert again == first
    assert len(await house.outbox()) == 1


async def test_a_key_with_another_body_is_refused(house: House) -> None:
    track, listener = track_state(), user()
    await house.learn(track)
    await house.record(item(listener, track, key="k"))
    (other,) = await house.record(item(listener, track, key="k", fingerprint=b"other"))
    assert (other.refused, other.id) == ("IDEMPOTENCY_KEY_REUSED", "")
    assert len(await house.outbox()) == 1


async def test_keys_belong_to_their_user(house: House) -> None:
    track = track_state()
    await house.learn(track)
    outcomes = await house.record(item(user(), track, key="k"), item(user(), track, key="k"))
    assert len({o.id for o in outcomes}) == 2


async def test_the_same_key_within_a_group_is_folded(house: House) -> None:
    track, listener = track_state(), user()
    await house.learn(track)
    same = [item(listener, track, key="k") for _ in range(5)]
    outcomes = await house.record(*same, item(listener, track, key="k", fingerprint=b"other"))
    assert len({o.id for o in outcomes[:5]}) == 1
    assert outcomes[0].id in {i.id for i in same}
    assert outcomes[5].refused == "IDEMPOTENCY_KEY_REUSED"
    assert len(await house.outbox()) == 1


async def test_one_item_twice_in_a_group_is_one_play(house: House) -> None:
    track = track_state()
    await house.learn(track)
    play = item(user(), track)
    first, second = await house.record(play, play)
    assert first == second
    assert len(await house.outbox()) == 1


async def test_the_same_key_from_many_at_once_is_one_play(house: House) -> None:
    track, listener = track_state(), user()
    await house.learn(track)
    answers = await asyncio.gather(*(house.record(item(listener, track, key="k")) for _ in range(20)))
    assert len({outcome.id for (outcome,) in answers}) == 1
    assert len({outcome.recorded_at.ToNanoseconds() for (outcome,) in answers}) == 1
    assert len(await house.outbox()) == 1


async def test_groups_that_share_keys_in_any_order_do_not_deadlock(house: House) -> None:
    """Both are held half-way through at one key; had each begun at its own end, neither could go on."""
    track, listener = track_state(), user()
    await house.learn(track)
    keys = [f"k{n:02}" for n in range(40)]
    groups = [[item(listener, track, key=key) for key in ordered] for ordered in (keys, keys[::-1])]
    async with house.database.connection() as conn:
        held = conn.transaction()
        await held.start()
        await conn.execute(PLAY, str(listener.account_id), "k20")
        recording = asyncio.gather(*(house.record(*group) for group in groups))
        await house.until_waiting(2)
        await held.rollback()
    assert all(not outcome.refused for outcomes in await recording for outcome in outcomes)
    assert len(await house.outbox()) == 40


async def test_a_refused_item_leaves_its_key_free(house: House) -> None:
    listener = user()
    private, public = private_track(), track_state()
    await house.learn(private, public)
    (refused,) = await house.record(item(listener, private, key="k"))
    (kept,) = await house.record(item(listener, public, key="k", fingerprint=b"corrected"))
    assert (refused.refused, kept.refused) == ("FORBIDDEN", "")


async def test_a_repeat_stands_after_the_track_is_gone(house: House) -> None:
    track, listener = track_state(), user()
    await house.learn(track)
    play = item(listener, track, key="k")
    (first,) = await house.record(play)
    await house.learn(track_state(id=track.id, owner_id=track.owner_id, is_removed=True, version=2))
    same_key, same_id, new = await house.record(item(listener, track, key="k"), play, item(listener, track))
    assert same_key == same_id == first
    assert new.refused == "NOT_FOUND"


async def test_plays_of_many_users_at_once_are_all_kept_and_told_once(house: House) -> None:
    track = track_state()
    await house.learn(track)
    groups = [[item(user(), track, key=str(n)) for n in range(32)] for _ in range(16)]
    await asyncio.gather(*(house.record(*group) for group in groups), *(house.record(*group) for group in groups))
    told = [PlayRecorded.FromString(event.payload).id for event in await house.outbox()]
    assert sorted(told) == sorted(play.id for group in groups for play in group)


async def test_a_key_without_a_user_means_nothing(house: House) -> None:
    track = track_state()
    await house.learn(track)
    first, second = await house.record(item(ANONYMOUS, track, key="k"), item(ANONYMOUS, track, key="k"))
    assert first.id != second.id
