"""Any sequence of what people do to a playlist, some of it at once, against a plain list (hypothesis, real stores)."""

import asyncio
from collections.abc import Coroutine
from typing import Any
from uuid import UUID

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from chassis.errors import Conflict, Invalid, NotFound
from tests.integration.catalog.shelf import Shelf
from tests.integration.catalog.system import System

TRACKS = 5
EXAMPLES, STEPS = 8, 20


async def test_a_playlist_is_always_its_model(system: System) -> None:
    loop = asyncio.get_running_loop()

    class OfThisSystem(Machine):
        def __init__(self) -> None:
            super().__init__(system, loop)

    # The machine is not asynchronous, so it runs beside the loop that its calls run in.
    await asyncio.to_thread(
        run_state_machine_as_test,
        OfThisSystem,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )


class Machine(RuleBasedStateMachine):
    """`order` is what must stand in the playlist; `alive` are the tracks that were not deleted."""

    def __init__(self, system: System, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self.system, self.loop, self.shelf = system, loop, Shelf(system)
        self.order: list[str] = []

    def do(self, *work: Coroutine[Any, Any, Any]) -> list[Any]:
        """What each of these gives or raises; together they run at once."""

        async def all_of() -> list[Any]:
            return await asyncio.gather(*work, return_exceptions=True)

        return asyncio.run_coroutine_threadsafe(all_of(), self.loop).result(60)

    @initialize()
    def start(self) -> None:
        self.owner = self.system.user()
        made = self.do(*(self.system.release(self.owner, title=str(i)) for i in range(TRACKS)))
        self.alive, self.dead = {track.id: track for track in made}, set[str]()
        [self.playlist] = self.do(self.shelf.add(self.owner))

    @rule(choice=st.integers(0, TRACKS - 1))
    def add(self, choice: int) -> None:
        track_id = self._known()[choice]
        [outcome] = self.do(self.shelf.add_track(self.playlist, self.owner, track_id))
        if track_id in self.dead:
            assert isinstance(outcome, NotFound)
        elif track_id in self.order:
            assert isinstance(outcome, Conflict)
        else:
            assert outcome is None
            self.order.append(track_id)

    @rule(choice=st.integers(0, TRACKS - 1))
    def add_twice_at_once(self, choice: int) -> None:
        track_id = self._known()[choice]
        outcomes = self.do(*(self.shelf.add_track(self.playlist, self.owner, track_id) for _ in range(2)))
        expected = 0 if track_id in self.dead or track_id in self.order else 1
        assert outcomes.count(None) == expected
        self.order += [track_id] * expected

    @rule(choice=st.integers(0, TRACKS - 1))
    def remove(self, choice: int) -> None:
        track_id = self._known()[choice]
        [outcome] = self.do(self.shelf.remove_track(self.playlist, self.owner, track_id))
        assert (outcome is None) == (track_id in self.order), outcome
        self.order = [other for other in self.order if other != track_id]

    @precondition(lambda self: self.order)
    @rule(randomly=st.randoms(use_true_random=False))
    def reorder_at_once(self, randomly: Any) -> None:
        orders = [randomly.sample(self.order, len(self.order)) for _ in range(3)]
        assert self.do(*(self.shelf.reorder(self.playlist, self.owner, *order) for order in orders)) == [None] * 3
        left = self._shown()
        assert left in orders
        self.order = left

    @precondition(lambda self: self.order)
    @rule(randomly=st.randoms(use_true_random=False))
    def reorder_while_one_leaves(self, randomly: Any) -> None:
        """Whichever comes first: the order is refused, or it holds without the one that left."""
        order = randomly.sample(self.order, len(self.order))
        gone = order[0]
        reordered, removed = self.do(
            self.shelf.reorder(self.playlist, self.owner, *order),
            self.shelf.remove_track(self.playlist, self.owner, gone),
        )
        assert removed is None
        assert reordered is None or isinstance(reordered, Invalid)
        kept = order if reordered is None else self.order
        self.order = [track_id for track_id in kept if track_id != gone]

    @rule()
    def reorder_wrongly(self) -> None:
        for wrong in (self.order[1:] or ["0" * 32], [*self.order, *self.order[:1], "0" * 32]):
            [outcome] = self.do(self.shelf.reorder(self.playlist, self.owner, *wrong))
            assert isinstance(outcome, Invalid)

    @precondition(lambda self: len(self.alive) > 1)
    @rule(choice=st.integers(0, TRACKS - 1), is_swept=st.booleans())
    def delete_track(self, choice: int, is_swept: bool) -> None:
        """Gone from the playlist at once, whether its event has come or not."""
        track_id = self._known()[choice]
        if track_id not in self.alive:
            return
        self.do(self.system.remove(self.alive.pop(track_id), self.owner))
        self.dead.add(track_id)
        self.order = [other for other in self.order if other != track_id]
        if is_swept:
            self.do(self.system.parts.playlists.forget_track(UUID(track_id)))

    @invariant()
    def shows_the_model_without_holes(self) -> None:
        if hasattr(self, "playlist"):
            [shown] = self.do(self.shelf.get(self.playlist, self.owner))
            assert [entry.track_id for entry in shown.entries] == self.order
            assert [entry.position for entry in shown.entries] == list(range(1, len(self.order) + 1))
            assert shown.track_count == len(self.order)

    def _known(self) -> list[str]:
        return sorted(self.alive.keys() | self.dead)

    def _shown(self) -> list[str]:
        [shown] = self.do(self.shelf.get(self.playlist, self.owner))
        return [entry.track_id for entry in shown.entries]
