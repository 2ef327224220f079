"""The events insights consumes: what is counted, exactly once, and states of tracks."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from soundstage.audience.v1.follows_pb2 import FollowState
from soundstage.audience.v1.likes_pb2 import LikeState
from soundstage.audience.v1.playlist_likes_pb2 import PlaylistLikeState
from soundstage.audience.v1.plays_pb2 import PlayRecorded
from soundstage.audience.v1.reposts_pb2 import RepostState
from soundstage.catalog.v1.tracks_pb2 import TrackState

from chassis.dead_letters import PERMANENT
from chassis.events import Event, Record
from chassis.postgres import Connection
from services.insights.follows import domain as follows
from services.insights.likes import domain as likes
from services.insights.peers import follow_of, like_of, play_of, playlist_like_of, repost_of, track_of
from services.insights.playlist_likes import domain as playlist_likes
from services.insights.plays import domain as plays
from services.insights.plays.play import Play
from services.insights.reposts import domain as reposts
from services.insights.totals import store as totals
from services.insights.tracks.domain import Tracks

PLAYED = frozenset({"PlayRecorded"})
LIKED = frozenset({"TrackLiked", "TrackUnliked"})
FOLLOWED = frozenset({"Followed", "Unfollowed"})
REPOSTED = frozenset({"Reposted", "Unreposted"})
PLAYLIST_LIKED = frozenset({"PlaylistLiked", "PlaylistUnliked"})
# By type, the message of an event and the field that says when its owner keeps what it tells.
KEPT: dict[str, tuple[Any, str]] = {
    **dict.fromkeys(PLAYED, (PlayRecorded, "received_at")),
    **dict.fromkeys(LIKED, (LikeState, "changed_at")),
    **dict.fromkeys(FOLLOWED, (FollowState, "changed_at")),
    **dict.fromkeys(REPOSTED, (RepostState, "changed_at")),
    **dict.fromkeys(PLAYLIST_LIKED, (PlaylistLikeState, "changed_at")),
}
TRACKS = frozenset({"TrackAdded", "TrackPublished", "TrackChanged", "TrackRemoved"})


class Counter:
    """Counts a batch in the sink's transaction. Ignores event types that mean nothing here."""

    GROUP = "insights"
    TOPICS = ("soundstage.plays.v1", "soundstage.likes.v1", "soundstage.social.v1")

    def __init__(self, *, counts_unauthenticated: bool) -> None:
        self._counts_unauthenticated = counts_unauthenticated

    async def apply(self, conn: Connection, records: Sequence[Record]) -> None:
        batch = [record.event for record in records]
        if played := [PlayRecorded.FromString(event.payload) for event in batch if event.type in PLAYED]:
            await plays.count(conn, self.plays(played))
        if liked := [LikeState.FromString(event.payload) for event in batch if event.type in LIKED]:
            await self.count_likes(conn, liked)
        await self._count_social(conn, batch)

    async def _count_social(self, conn: Connection, batch: Sequence[Event]) -> None:
        followed = [follow_of(FollowState.FromString(e.payload)) for e in batch if e.type in FOLLOWED]
        reposted = [repost_of(RepostState.FromString(e.payload)) for e in batch if e.type in REPOSTED]
        liked = [playlist_like_of(PlaylistLikeState.FromString(e.payload)) for e in batch if e.type in PLAYLIST_LIKED]
        # All locks before any counting: taken one after another, two consumers could take them in opposite orders.
        subjects = follows.subjects(followed) | reposts.subjects(reposted) | playlist_likes.subjects(liked)
        await totals.hold(conn, subjects)
        if followed:
            await follows.count(conn, followed)
        if reposted:
            await reposts.count(conn, reposted)
        if liked:
            await playlist_likes.count(conn, liked)

    def plays(self, recorded: Sequence[PlayRecorded]) -> list[Play]:
        counts = self._counts_unauthenticated
        return [play_of(message, counts_unauthenticated=counts) for message in recorded]

    async def count_likes(self, conn: Connection, states: Sequence[LikeState]) -> None:
        await likes.count(conn, [like_of(state) for state in states])

    async def count_follows(self, conn: Connection, states: Sequence[FollowState]) -> None:
        await follows.count(conn, [follow_of(state) for state in states])

    async def count_reposts(self, conn: Connection, states: Sequence[RepostState]) -> None:
        await reposts.count(conn, [repost_of(state) for state in states])

    async def count_playlist_likes(self, conn: Connection, states: Sequence[PlaylistLikeState]) -> None:
        await playlist_likes.count(conn, [playlist_like_of(state) for state in states])

    @staticmethod
    def kept_at(record: Record) -> datetime | None:
        """When the owner keeps what this event tells; None if the event cannot be read."""
        try:
            message, field = KEPT[record.event.type]
            moment: datetime = getattr(message.FromString(record.value), field).ToDatetime(UTC)
        except PERMANENT:
            return None
        return moment

    async def apply_or_skip(self, conn: Connection, records: Sequence[Record]) -> None:
        """For a rebuild: passes over what the live consumer set aside."""
        try:
            async with conn.transaction():
                await self.apply(conn, records)
        except PERMANENT:
            if len(records) == 1:
                return
            middle = len(records) // 2
            await self.apply_or_skip(conn, records[:middle])
            await self.apply_or_skip(conn, records[middle:])


class Copies:
    """The copy of tracks, by version."""

    GROUP = "insights-copies"
    TOPICS = ("soundstage.catalog.v1",)

    def __init__(self, tracks: Tracks) -> None:
        self._tracks = tracks

    async def apply(self, record: Record) -> None:
        event = record.event
        if event.type in TRACKS:
            await self._tracks.apply([track_of(TrackState.FromString(event.payload))])
