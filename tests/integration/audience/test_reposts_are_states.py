"""A repost of a track or a playlist is a state with a version, with the rules of likes; it tells its kind and owner."""

import asyncio
from typing import Any

import pytest
from soundstage.audience.v1 import reposts_pb2
from soundstage.audience.v1.reposts_pb2 import RepostState
from soundstage.catalog.v1.playlists_pb2 import PlaylistState
from soundstage.catalog.v1.tracks_pb2 import TrackState
from soundstage.common.v1.common_pb2 import Page, Ref

from chassis import errors
from chassis.client import call
from chassis.ids import new_id
from chassis.principal import ANONYMOUS, Kind, Principal
from tests.integration.audience.system import System, account_state, kind_of, next_of, playlist_state, user
from tests.support.owners import track_state

Subject = TrackState | PlaylistState

REPOST = """
INSERT INTO reposts (subject_id, account_id, kind, owner_id, is_reposted, version, reposted_at, changed_at)
VALUES ($1::text::uuid, $2::text::uuid, 1, $2::text::uuid, true, 1, now(), now())
"""


@pytest.fixture(params=[track_state, playlist_state])
def subject(request: pytest.FixtureRequest) -> Subject:
    state = request.param()
    assert isinstance(state, TrackState | PlaylistState)
    return state


async def told(system: System) -> list[RepostState]:
    return [RepostState.FromString(e.payload) for e in await system.outbox() if e.type in ("Reposted", "Unreposted")]


async def reposts_of(
    system: System, account: Ref, caller: Principal = ANONYMOUS, offset: int = 0, limit: int = 20
) -> reposts_pb2.ListRepostsOfResponse:
    request = reposts_pb2.ListRepostsOfRequest(account=account, page=Page(offset=offset, limit=limit))
    answer = await call(system.reposts.ListOf, request, caller=caller)
    assert isinstance(answer, reposts_pb2.ListRepostsOfResponse)
    return answer


async def test_repost_unrepost_repost(system: System, subject: Subject) -> None:
    fan = user()
    await system.learn(subject)
    for change in (system.repost, system.repost, system.unrepost, system.unrepost, system.repost):
        await change(subject, fan)
    states = await told(system)
    assert [(s.is_reposted, s.version) for s in states] == [(True, 1), (False, 2), (True, 3)]
    whats = {(s.kind, s.subject_id, s.owner_id, s.account_id) for s in states}
    assert whats == {(kind_of(subject), subject.id, subject.owner_id, str(fan.account_id))}
    assert states[0].reposted_at == states[1].reposted_at
    assert states[0].reposted_at.ToNanoseconds() < states[2].reposted_at.ToNanoseconds()
    events = await system.outbox()
    assert [e.type for e in events] == ["Reposted", "Unreposted", "Reposted"]
    assert {(e.topic, e.key) for e in events} == {("soundstage.social.v1", subject.id)}


async def test_many_at_once_are_one_change(system: System, subject: Subject) -> None:
    fan = user()
    await system.learn(subject)
    await asyncio.gather(*(system.repost(subject, fan) for _ in range(20)))
    assert [s.version for s in await told(system)] == [1]


async def test_a_private_one_is_reposted_by_who_may_see_it(system: System, subject: Subject) -> None:
    owner = user()
    private = next_of(subject, owner_id=str(owner.account_id), is_public=False)
    await system.learn(private)
    await system.repost(private, owner)
    await system.repost(private, user(role="admin"))
    with pytest.raises(errors.Forbidden):
        await system.repost(private, user())
    assert len(await told(system)) == 2


async def test_a_repost_is_taken_back_by_who_made_it_whatever_became_of_it(system: System, subject: Subject) -> None:
    fan = user()
    await system.learn(subject)
    await system.repost(subject, fan)
    await system.learn(next_of(subject, is_public=False))
    await system.unrepost(subject, fan)
    await system.unrepost(subject, user())
    assert [s.is_reposted for s in await told(system)] == [True, False]


async def test_unknown_and_removed_ones(system: System, subject: Subject) -> None:
    fan, unknown = user(), next_of(subject, id=str(new_id()))
    await system.learn(next_of(subject, is_removed=True))
    for missing in (subject, unknown):
        for refused in (system.repost(missing, fan), system.unrepost(missing, fan)):
            with pytest.raises(errors.NotFound):
                await refused


async def test_a_track_is_no_playlist(system: System) -> None:
    track = track_state()
    await system.learn(track)
    with pytest.raises(errors.NotFound):
        await system.repost(PlaylistState(id=track.id), user())


async def test_one_that_only_catalog_knows_yet(system: System, subject: Subject) -> None:
    owner: Any = system.catalog if isinstance(subject, TrackState) else system.playlists
    owner.states[subject.id] = subject
    await system.repost(subject, user())
    asked = system.catalog.asked + system.playlists.asked
    assert asked == [[subject.id]]


async def test_catalog_away_is_not_a_no(system: System, subject: Subject) -> None:
    system.catalog.is_away = system.playlists.is_away = True
    for refused in (system.repost(subject, user()), system.unrepost(subject, user())):
        with pytest.raises(errors.Unavailable):
            await refused
    await system.learn(subject)
    await system.repost(subject, user())


async def test_a_removed_one_takes_its_reposts_along(
    system: System, subject: Subject, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.audience.changes.BATCH", 3)
    other, fans = next_of(subject, id=str(new_id())), [user() for _ in range(8)]
    await system.learn(subject, other)
    await asyncio.gather(*(system.repost(s, fan) for fan in fans for s in (subject, other)))
    removed = next_of(subject, is_removed=True)
    await system.learn(removed, removed)
    withdrawn = [s for s in await told(system) if not s.is_reposted]
    assert sorted(s.account_id for s in withdrawn) == sorted(str(fan.account_id) for fan in fans)
    assert {(s.subject_id, s.version) for s in withdrawn} == {(subject.id, 2)}


async def test_no_repost_slips_in_behind_a_removal(system: System, subject: Subject) -> None:
    """The repost has seen the thing and is held before it is written; the removal waits for it, and takes it back."""
    fan = user()
    await system.learn(subject)
    async with system.database.connection() as conn:
        held = conn.transaction()
        await held.start()
        await conn.execute(REPOST, subject.id, str(fan.account_id))
        reposting = asyncio.create_task(system.repost(subject, fan))
        await system.until_waiting(1)
        removing = asyncio.create_task(system.learn(next_of(subject, is_removed=True)))
        await system.until_waiting(2, unless=removing)
        await held.rollback()
    await asyncio.gather(reposting, removing)
    assert [(s.is_reposted, s.version) for s in await told(system)] == [(True, 1), (False, 2)]


async def test_a_removed_account_takes_its_reposts_along_and_adds_none(system: System, subject: Subject) -> None:
    fan, other = user(), user()
    await system.learn(subject)
    await system.repost(subject, fan)
    await system.repost(subject, other)
    await system.learn(account_state(fan.user_id, version=2, is_removed=True))
    assert [(s.account_id, s.version) for s in await told(system) if not s.is_reposted] == [(str(fan.account_id), 2)]
    with pytest.raises(errors.Forbidden):
        await system.repost(subject, fan)


async def test_what_one_reposted_newest_first(system: System) -> None:
    fan, track, playlist, gone = user(), track_state(), playlist_state(), track_state()
    await system.know(fan)
    await system.learn(track, playlist, gone)
    for thing in (track, gone, playlist):
        await system.repost(thing, fan)
    await system.unrepost(gone, fan)
    account = Ref(id=str(fan.account_id))
    first, second = await reposts_of(system, account, limit=1), await reposts_of(system, account, offset=1)
    listed = [(entry.kind, entry.subject_id) for entry in (*first.reposts, *second.reposts)]
    assert listed == [(kind_of(playlist), playlist.id), (kind_of(track), track.id)]
    assert (first.total, second.total) == (2, 2)
    assert await reposts_of(system, account) == await reposts_of(system, Ref(number=7))


async def test_what_one_reposted_shows_what_the_asker_may_see(system: System) -> None:
    fan, owner, friend, admin = user(), user(), user(), user(role="admin")
    track = track_state(owner_id=str(owner.account_id))
    playlist = playlist_state(owner_id=str(owner.account_id), collaborator_ids=[str(friend.account_id)])
    unfinished = track_state(status=1)
    await system.know(fan)
    await system.learn(track, playlist, unfinished)
    for thing in (track, playlist, unfinished):
        await system.repost(thing, fan)
    await system.learn(next_of(track, is_public=False), next_of(playlist, is_public=False))
    totals = {}
    for name, caller in {"nobody": ANONYMOUS, "fan": fan, "friend": friend, "owner": owner, "admin": admin}.items():
        answer = await reposts_of(system, Ref(id=str(fan.account_id)), caller)
        assert len(answer.reposts) == answer.total
        totals[name] = answer.total
    assert totals == {"nobody": 0, "fan": 0, "friend": 1, "owner": 2, "admin": 3}


async def test_reposts_of_an_unknown_and_of_another_tenants_account(system: System) -> None:
    foreign = user(tenant="label")
    await system.know(foreign)
    for account in (Ref(id=str(new_id())), Ref(number=10**12), Ref(id=str(foreign.account_id))):
        with pytest.raises(errors.NotFound):
            await reposts_of(system, account)
    for malformed in (Ref(), Ref(id="no id"), Ref(number=-1)):
        with pytest.raises(errors.Invalid):
            await reposts_of(system, malformed)


async def test_who_may_repost(system: System, subject: Subject) -> None:
    await system.learn(subject)
    with pytest.raises(errors.Unauthenticated):
        await system.repost(subject, ANONYMOUS)
    with pytest.raises(errors.Forbidden):
        await system.repost(subject, Principal(Kind.CLIENT))
    of_no_kind = reposts_pb2.RepostRequest(subject_id=subject.id)
    of_no_id = reposts_pb2.RepostRequest(kind=reposts_pb2.REPOST_KIND_TRACK, subject_id="no id")
    for request in (of_no_kind, of_no_id):
        with pytest.raises(errors.Invalid):
            await call(system.reposts.Repost, request, caller=user())
