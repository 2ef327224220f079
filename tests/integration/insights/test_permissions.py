"""Who may look at what, and what the copy of tracks may decide."""

import asyncio
from collections.abc import Awaitable, Callable

from soundstage.catalog.v1.tracks_pb2 import TrackState
from soundstage.common.v1.common_pb2 import Ref

from chassis.errors import Error, Forbidden, Invalid, NotFound, Unauthenticated, Unavailable
from chassis.ids import new_id
from chassis.principal import ANONYMOUS, SERVICE, Kind, Principal
from tests.integration.insights.system import System, user
from tests.support.owners import track_state
from tests.support.waiting import until

Look = Callable[[System, Ref, Principal], Awaitable[object]]

PRIVATE_READS: dict[str, Look] = {
    "figures": lambda system, ref, caller: system.figures(ref, 30, caller),
    "charts": lambda system, ref, caller: system.charts(ref, 30, caller),
    "realtime": lambda system, ref, caller: system.now(ref, caller),
}
PUBLIC_READS: dict[str, Look] = {
    "stats": lambda system, ref, caller: system.stats(ref, caller),
    "audience": lambda system, ref, caller: system.audience(ref, caller),
    "top": lambda system, ref, caller: system.top(ref, caller),
}
READS = PRIVATE_READS | PUBLIC_READS


async def refused(looking: Awaitable[object]) -> type[Error] | None:
    try:
        await looking
    except Error as error:
        return type(error)
    return None


async def test_owner_and_admin_see_everything_of_a_private_track_and_others_nothing(system: System) -> None:
    track = system.catalog.has(is_public=False)
    ref = Ref(id=track.id)
    for name, look in READS.items():
        assert await refused(look(system, ref, user(id=track.owner_id))) is None, name
        assert await refused(look(system, ref, user(role="admin"))) is None, name
        assert await refused(look(system, ref, user())) is Forbidden, name
        assert await refused(look(system, ref, ANONYMOUS)) is (Forbidden if name == "stats" else Unauthenticated), name


async def test_of_a_public_track_the_figures_are_the_owner_s_alone(system: System) -> None:
    ref = Ref(id=system.catalog.has().id)
    for name, look in READS.items():
        assert await refused(look(system, ref, user())) is (Forbidden if name in PRIVATE_READS else None), name


async def test_no_other_kind_of_token_opens_a_read(system: System) -> None:
    ref = Ref(id=system.catalog.has().id)
    callers = [Principal(kind, account_id=new_id()) for kind in (Kind.CLIENT, Kind.DELEGATION, Kind.SESSION)]
    for name, look in READS.items():
        for caller in [*callers, SERVICE]:
            assert await refused(look(system, ref, caller)) is Forbidden, (name, caller.kind)


async def test_unknown_removed_and_malformed_tracks(system: System) -> None:
    removed = system.catalog.has(is_removed=True, version=4)
    owner = user(id=removed.owner_id)
    unknown = [Ref(id=removed.id), Ref(id=str(new_id())), Ref(number=999)]
    for name, look in READS.items():
        for ref in unknown:
            assert await refused(look(system, ref, owner)) is NotFound, (name, ref)
        for ref in (Ref(id="not-an-id"), Ref(id="NUL \x00"), Ref(number=-1), Ref()):
            assert await refused(look(system, ref, owner)) is Invalid, (name, ref)


async def test_the_copy_says_yes_without_asking(system: System) -> None:
    track = await system.keep(track_state())
    system.catalog.is_away = True
    assert await refused(system.stats(Ref(id=track.id), ANONYMOUS)) is None
    assert await refused(system.stats(Ref(number=track.number), ANONYMOUS)) is None
    assert system.catalog.asked == []


async def test_before_the_copy_says_no_catalog_is_asked(system: System) -> None:
    track = await system.keep(track_state(is_public=False))
    system.catalog.has(id=track.id, owner_id=track.owner_id, is_public=True, version=2)
    assert await refused(system.stats(Ref(id=track.id), ANONYMOUS)) is None


async def test_two_who_look_at_once_at_a_track_that_only_catalog_knows(system: System) -> None:
    """One of them asks catalog; the other, which read the copy before the answer, is not refused either."""
    ref = Ref(id=system.catalog.has().id)
    system.catalog.may_answer.clear()
    looking = [asyncio.create_task(refused(system.stats(ref, ANONYMOUS))) for _ in range(2)]
    await until(lambda: bool(system.catalog.asked))
    system.catalog.may_answer.set()
    assert list(await asyncio.gather(*looking)) == [None, None]


async def test_nobody_says_no_while_catalog_is_away(system: System) -> None:
    track = await system.keep(track_state(is_public=False))
    system.catalog.is_away = True
    assert await refused(system.stats(Ref(id=track.id), user())) is Unavailable
    assert await refused(system.stats(Ref(id=str(new_id())), user())) is Unavailable


async def test_catalog_s_no_is_kept_for_a_second(system: System) -> None:
    unknown = Ref(id=str(new_id()))
    for _ in range(20):
        assert await refused(system.stats(unknown, user())) is NotFound
    assert len(system.catalog.asked) <= 2


async def test_an_older_state_never_wins_and_a_tombstone_stays(system: System) -> None:
    track = track_state(version=5)
    await system.keep(track)
    gone = TrackState(id=track.id, number=track.number, owner_id=track.owner_id, version=6, is_removed=True)
    await system.keep(gone)
    await system.keep(track)
    assert await refused(system.stats(Ref(id=track.id), user(id=track.owner_id))) is NotFound
