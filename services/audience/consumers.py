"""The events audience consumes: states of tracks, playlists and accounts. What is removed has its states withdrawn."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from soundstage.auth.v1.accounts_pb2 import AccountState
from soundstage.catalog.v1.playlists_pb2 import PlaylistState
from soundstage.catalog.v1.tracks_pb2 import TrackState

from chassis.events import Record
from services.audience.accounts.domain import Accounts
from services.audience.follows.domain import Follows
from services.audience.likes.domain import Likes
from services.audience.peers import account_of, playlist_of, track_of
from services.audience.playlist_likes.domain import PlaylistLikes
from services.audience.playlists.domain import Playlists
from services.audience.reposts.domain import Reposts
from services.audience.tracks.domain import Tracks

CATALOG = "soundstage.catalog.v1"
ACCOUNTS = "soundstage.accounts.v1"


@dataclass(frozen=True, kw_only=True)
class Copies:
    """Applies states by version, so an event may come twice, late or before another."""

    GROUP = "audience"
    TOPICS = (CATALOG, ACCOUNTS)

    tracks: Tracks
    playlists: Playlists
    accounts: Accounts
    likes: Likes
    playlist_likes: PlaylistLikes
    reposts: Reposts
    follows: Follows

    async def apply(self, record: Record) -> None:
        """Ignores event types that mean nothing here."""
        event = record.event
        if apply := APPLIERS.get((event.topic, event.type)):
            await apply(self, event.payload)

    async def _apply_track(self, payload: bytes) -> None:
        track = track_of(TrackState.FromString(payload))
        await self.tracks.apply(track)
        if track.is_removed:
            await self.likes.withdraw_of_track(track.id)
            await self.reposts.withdraw_of_subject(track.id)

    async def _apply_playlist(self, payload: bytes) -> None:
        playlist = playlist_of(PlaylistState.FromString(payload))
        await self.playlists.apply(playlist)
        if playlist.is_removed:
            await self.playlist_likes.withdraw_of_playlist(playlist.id)
            await self.reposts.withdraw_of_subject(playlist.id)

    async def _apply_account(self, payload: bytes) -> None:
        account = account_of(AccountState.FromString(payload))
        await self.accounts.apply(account)
        if account.is_removed:
            await self.likes.withdraw_of_user(account.id)
            await self.playlist_likes.withdraw_of_account(account.id)
            await self.reposts.withdraw_of_account(account.id)
            await self.follows.withdraw_of_account(account.id)


APPLIERS: dict[tuple[str, str], Callable[[Copies, bytes], Awaitable[None]]] = {
    **{(CATALOG, f"Track{past}"): Copies._apply_track for past in ("Added", "Published", "Changed", "Removed")},
    **{(CATALOG, f"Playlist{past}"): Copies._apply_playlist for past in ("Changed", "Removed")},
    **{(ACCOUNTS, f"Account{past}"): Copies._apply_account for past in ("Created", "Changed", "Removed")},
}
