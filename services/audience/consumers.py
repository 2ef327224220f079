"""What audience learns from others: the states of tracks and accounts, and that one is gone."""

from collections.abc import Awaitable, Callable

from soundstage.auth.v1.accounts_pb2 import AccountState
from soundstage.catalog.v1.tracks_pb2 import TrackState

from chassis.events import Record
from services.audience.accounts.domain import Accounts
from services.audience.follows.domain import Follows
from services.audience.likes.domain import Likes
from services.audience.peers import account_of, track_of
from services.audience.tracks.domain import Tracks

GROUP = "audience"
CATALOG = "soundstage.catalog.v1"
ACCOUNTS = "soundstage.accounts.v1"
TOPICS = [CATALOG, ACCOUNTS]


class Copies:
    """Applies states by version, so an event may come twice, late or before another."""

    def __init__(self, tracks: Tracks, accounts: Accounts, likes: Likes, follows: Follows) -> None:
        self._tracks, self._accounts = tracks, accounts
        self._likes, self._follows = likes, follows
        self._appliers: dict[tuple[str, str], Callable[[bytes], Awaitable[None]]] = {
            **{(CATALOG, f"Track{past}"): self._track for past in ("Added", "Published", "Changed", "Removed")},
            **{(ACCOUNTS, f"Account{past}"): self._account for past in ("Created", "Changed", "Removed")},
        }

    async def take(self, record: Record) -> None:
        """Applies one event; the topics carry others too, which mean nothing here."""
        event = record.event
        if apply := self._appliers.get((event.topic, event.type)):
            await apply(event.payload)

    async def _track(self, payload: bytes) -> None:
        track = track_of(TrackState.FromString(payload))
        await self._tracks.apply(track)
        if track.is_removed:
            await self._likes.withdraw_of_track(track.id)

    async def _account(self, payload: bytes) -> None:
        account = account_of(AccountState.FromString(payload))
        await self._accounts.apply(account)
        if account.is_removed:
            await self._likes.withdraw_of_user(account.id)
            await self._follows.withdraw_of_account(account.id)
