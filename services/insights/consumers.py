"""What arrives from Kafka, and who counts or keeps it."""

from collections.abc import Sequence

from soundstage.audience.v1.follows_pb2 import FollowState
from soundstage.audience.v1.likes_pb2 import LikeState
from soundstage.audience.v1.playlist_likes_pb2 import PlaylistLikeState
from soundstage.audience.v1.plays_pb2 import PlayRecorded
from soundstage.audience.v1.reposts_pb2 import RepostState
from soundstage.catalog.v1.tracks_pb2 import TrackState

from chassis import errors
from chassis.events import Event, Record
from chassis.postgres import Connection
from services.insights import events
from services.insights.follows import domain as follows
from services.insights.likes import domain as likes
from services.insights.playlist_likes import domain as playlist_likes
from services.insights.plays import domain as plays
from services.insights.plays.play import Play
from services.insights.reposts import domain as reposts
from services.insights.totals import store as totals
from services.insights.tracks.domain import Tracks

GROUP = "insights"
COPIES_GROUP = "insights-copies"
COUNTED = [events.PLAYS, events.LIKES, events.SOCIAL]
COPIED = [events.CATALOG]

PLAYED = frozenset({"PlayRecorded"})
LIKED = frozenset({"TrackLiked", "TrackUnliked"})
FOLLOWED = frozenset({"Followed", "Unfollowed"})
REPOSTED = frozenset({"Reposted", "Unreposted"})
PLAYLIST_LIKED = frozenset({"PlaylistLiked", "PlaylistUnliked"})
TRACKS = frozenset({"TrackAdded", "TrackPublished", "TrackChanged", "TrackRemoved"})


class Counter:
    """Counts a batch in the sink's transaction. Types that we do not know are others' business, and are passed over."""

    def __init__(self, *, counts_unauthenticated: bool) -> None:
        self._counts_unauthenticated = counts_unauthenticated

    async def count(self, conn: Connection, records: Sequence[Record]) -> None:
        told = [record.event for record in records]
        if played := [PlayRecorded.FromString(event.payload) for event in told if event.type in PLAYED]:
            await plays.count(conn, self.plays(played))
        if liked := [LikeState.FromString(event.payload) for event in told if event.type in LIKED]:
            await self.count_likes(conn, liked)
        await self._count_social(conn, told)

    async def _count_social(self, conn: Connection, told: Sequence[Event]) -> None:
        followed = [events.follow(FollowState.FromString(e.payload)) for e in told if e.type in FOLLOWED]
        reposted = [events.repost(RepostState.FromString(e.payload)) for e in told if e.type in REPOSTED]
        liked = [
            events.playlist_like(PlaylistLikeState.FromString(e.payload)) for e in told if e.type in PLAYLIST_LIKED
        ]
        # What one takes after the other, another consumer may take the other way round: so all of it first.
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
        return [events.play(message, counts_unauthenticated=counts) for message in recorded]

    async def count_likes(self, conn: Connection, states: Sequence[LikeState]) -> None:
        await likes.count(conn, [events.like(state) for state in states])

    async def count_follows(self, conn: Connection, states: Sequence[FollowState]) -> None:
        await follows.count(conn, [events.follow(state) for state in states])

    async def count_reposts(self, conn: Connection, states: Sequence[RepostState]) -> None:
        await reposts.count(conn, [events.repost(state) for state in states])

    async def count_playlist_likes(self, conn: Connection, states: Sequence[PlaylistLikeState]) -> None:
        await playlist_likes.count(conn, [events.playlist_like(state) for state in states])

    async def count_or_skip(self, conn: Connection, records: Sequence[Record]) -> None:
        """For a rebuild: what the live consumer set aside is passed over."""
        try:
            async with conn.transaction():
                await self.count(conn, records)
        except (errors.Unavailable, OSError):
            raise
        except Exception:
            if len(records) == 1:
                return
            middle = len(records) // 2
            await self.count_or_skip(conn, records[:middle])
            await self.count_or_skip(conn, records[middle:])


class Copies:
    def __init__(self, tracks: Tracks) -> None:
        self._tracks = tracks

    async def keep(self, record: Record) -> None:
        event = record.event
        if event.type in TRACKS:
            await self._tracks.apply([events.track(TrackState.FromString(event.payload))])
