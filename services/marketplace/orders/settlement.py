"""Settles pending orders: the provider is asked outside any transaction, its answer is kept in a second one.

Whoever asks holds a turn of the order. A turn that nobody ended, because its process died or the provider did not
answer, expires, and `work` takes the next one. The provider charges an order once, so asking again is safe.
"""

import asyncio
from contextlib import suppress
from dataclasses import replace
from time import monotonic

from chassis import clock, idempotency, telemetry
from chassis.errors import Error, Unavailable
from chassis.postgres import Database
from services.marketplace import events
from services.marketplace.orders import payments, store
from services.marketplace.orders.order import Order, Status
from services.marketplace.orders.payments import Charge, Outcome, Provider
from services.marketplace.originals.domain import Originals
from services.marketplace.tracks import store as track_store

OPERATION = "orders.add"
# A turn outlasts the provider's timeout and the transactions around it, or two would ask at once.
TURN_MARGIN_SECONDS = 10.0
# What the second transaction needs of the caller's deadline.
SECOND_TRANSACTION_SECONDS = 1.0
MAX_REST_SECONDS = 300.0
CLEANUP_SECONDS = 600.0

log = telemetry.logger(__name__)


class Settlement:
    def __init__(
        self,
        database: Database,
        originals: Originals,
        provider: Provider,
        *,
        timeout_seconds: float,
        poll_seconds: float,
    ) -> None:
        self._database = database
        self._originals = originals
        self._provider = provider
        self._timeout_seconds = timeout_seconds
        self._poll_seconds = poll_seconds
        self._next_cleanup = 0.0
        self.held_seconds = timeout_seconds + TURN_MARGIN_SECONDS

    async def settle(self, order: Order) -> Order:
        """The buyer's own turn. Raises Unavailable when the provider cannot be reached; then the order is withdrawn."""
        try:
            settled = await self._attempt(order)
            is_withdrawn = settled is None and await self._withdraw(order)
        except Unavailable:
            # The order is kept, so `work` will settle it.
            return order
        if is_withdrawn:
            raise Unavailable("The payment provider is unavailable; nothing was bought", retry_after_seconds=5)
        return settled or await self._now(order)

    async def resume(self, order: Order) -> Order:
        """A repeat of the buyer's request for an order that is still pending."""
        async with self._database.transaction() as conn:
            taken = await store.take_turn(conn, order.id, self.held_seconds)
        if taken is None:
            return await self._awaited(order)
        # An earlier turn may have charged it, so it can no longer be withdrawn.
        return await self._attempt(taken) or await self._leave(taken)

    async def run(self, stop: asyncio.Event) -> None:
        """`work`: settles what was left pending, until it is told to stop."""
        while not stop.is_set():
            try:
                while not stop.is_set() and await self.settle_next():
                    pass
                await self._clean_up()
            except Error as error:
                log.warning("settlement.waiting", reason=error.reason)
            except Exception:
                log.exception("settlement.failed")
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), self._poll_seconds)

    async def settle_next(self) -> bool:
        """Settles the order that has waited longest; False if none waits."""
        async with self._database.transaction() as conn:
            order = await store.take_next_turn(conn, self.held_seconds)
        if order is None:
            return False
        if await self._attempt(order) is None:
            await self._leave(order)
        return True

    async def _attempt(self, order: Order) -> Order | None:
        """The order after the provider was asked; None when it cannot be reached."""
        charge = Charge(order.id, order.buyer_id, order.total_minor, order.currency)
        try:
            async with asyncio.timeout(self._patience_seconds()):
                outcome = await self._provider.charge(charge)
        except payments.Away:
            return None
        except Exception as fault:
            # It may have been charged, so the order must stay.
            log.warning("settlement.unanswered", order=str(order.id), fault=repr(fault))
            return await self._leave(order)
        return await (self._complete(order) if outcome is Outcome.PAID else self._fail(order))

    def _patience_seconds(self) -> float:
        whole = self._timeout_seconds + SECOND_TRANSACTION_SECONDS
        return max(0.1, clock.remaining(whole) - SECOND_TRANSACTION_SECONDS)

    async def _complete(self, order: Order) -> Order:
        done = replace(order, status=Status.COMPLETED, completed_at=clock.utc_now())
        async with self._database.transaction() as conn:
            assert done.completed_at
            if await store.complete(conn, done.id, done.completed_at):
                await self._database.add_event(conn, events.order_completed(done))
                return done
        return await self._now(order)

    async def _fail(self, order: Order) -> Order:
        async with self._database.transaction() as conn:
            track_ids = await store.list_track_ids(conn, order.id)
            await track_store.lock(conn, track_ids)
            if await store.fail(conn, order.id):
                await self._originals.release(conn, track_ids)
        return await self._now(order)

    async def _withdraw(self, order: Order) -> bool:
        async with self._database.transaction() as conn:
            track_ids = await store.list_track_ids(conn, order.id)
            await track_store.lock(conn, track_ids)
            if not await store.withdraw(conn, order):
                return False
            await idempotency.forget(conn, caller=str(order.buyer_id), operation=OPERATION, key=order.idempotency_key)
            await self._originals.release(conn, track_ids)
            return True

    async def _leave(self, order: Order) -> Order:
        async with self._database.transaction() as conn:
            await store.end_turn(conn, order, min(2.0**order.turn, MAX_REST_SECONDS))
        return await self._now(order)

    async def _clean_up(self) -> None:
        if monotonic() < self._next_cleanup:
            return
        self._next_cleanup = monotonic() + CLEANUP_SECONDS
        async with self._database.transaction() as conn:
            await idempotency.forget_old(conn)

    async def _awaited(self, order: Order) -> Order:
        """An order that another process is settling; while that is the first request, its repeat must wait."""
        now = await self._now(order)
        if now.status is Status.PENDING and now.turn == 1:
            raise idempotency.in_flight()
        return now

    async def _now(self, order: Order) -> Order:
        async with self._database.connection() as conn:
            now = await store.get(conn, order.id)
        if now is None:
            raise Unavailable(retry_after_seconds=1)
        return now
