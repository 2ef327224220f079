"""What arrives from Kafka, and who counts or keeps it."""

from collections.abc import Sequence

from soundstage.audience.v1.follows_pb2 import FollowState
from soundstage.audience.v1.likes_pb2 import LikeState
from soundstage.audience.v1.plays_pb2 import PlayRecorded
from soundstage.catalog.v1.tracks_pb2 import TrackState

from chassis import errors
from chassis.events import Record
from chassis.postgres import Connection
from services.insights import events
from services.insights.follows import domain as follows
from services.insights.likes import domain as likes
from services.insights.plays import domain as plays
from services.insights.plays.play import Play
from services.insights.tracks.domain import Tracks

GROUP = "insights"
COPIES_GROUP = "insights-copies"
COUNTED = [events.PLAYS, events.LIKES, events.SOCIAL]
COPIED = [events.CATALOG]

PLAYED = frozenset({"PlayRecorded"})
LIKED = frozenset({"TrackLiked", "TrackUnliked"})
FOLLOWED = frozenset({"Followed", "Unfollowed"})
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
        if followed := [FollowState.FromString(event.payload) for event in told if event.type in FOLLOWED]:
            await self.count_follows(conn, followed)

    def plays(self, recorded: Sequence[PlayRecorded]) -> list[Play]:
        counts = self._counts_unauthenticated
        return [events.play(message, counts_unauthenticated=counts) for message in recorded]

    async def count_likes(self, conn: Connection, states: Sequence[LikeState]) -> None:
        await likes.count(conn, [events.like(state) for state in states])

    async def count_follows(self, conn: Connection, states: Sequence[FollowState]) -> None:
        await follows.count(conn, [events.follow(state) for state in states])

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
            await self._tracks.apply(events.track(TrackState.FromString(event.payload)))
