"""Events as protobuf: what insights publishes, and what it takes from others."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from google.protobuf.timestamp_pb2 import Timestamp
from soundstage.audience.v1.follows_pb2 import FollowState
from soundstage.audience.v1.likes_pb2 import LikeState
from soundstage.audience.v1.playlist_likes_pb2 import PlaylistLikeState
from soundstage.audience.v1.plays_pb2 import PLAY_SOURCE_AUDIENCE, PlayRecorded
from soundstage.audience.v1.reposts_pb2 import REPOST_KIND_PLAYLIST, REPOST_KIND_TRACK, RepostState
from soundstage.catalog.v1.tracks_pb2 import TRACK_STATUS_COMPLETED, TrackState
from soundstage.insights.v1.events_pb2 import SubjectKind, TotalsChanged

from chassis.errors import Invalid
from chassis.events import Event, Topic
from chassis.ids import parse
from services.insights.follows.follow import Follow
from services.insights.likes.like import Like
from services.insights.playlist_likes.playlist_like import PlaylistLike
from services.insights.plays.play import DEVICE_CHARACTERS, Listening, Play
from services.insights.reposts.repost import Kind, Repost
from services.insights.totals.total import AccountTotal, PlaylistTotal, TrackTotal
from services.insights.tracks.track import Track

CATALOG = "soundstage.catalog.v1"
PLAYS = "soundstage.plays.v1"
LIKES = "soundstage.likes.v1"
SOCIAL = "soundstage.social.v1"
TOTALS = "soundstage.totals.v1"
DEAD = [f"soundstage.dead.{group}.v1" for group in ("insights", "insights-copies")]
TOPICS = [Topic(TOTALS, compacted=True), *(Topic(name, partitions=1) for name in DEAD)]

KINDS = {REPOST_KIND_TRACK: Kind.TRACK, REPOST_KIND_PLAYLIST: Kind.PLAYLIST}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def track_totals_changed(total: TrackTotal) -> Event:
    message = TotalsChanged(
        kind=SubjectKind.SUBJECT_KIND_TRACK,
        subject_id=str(total.track_id),
        version=total.version,
        plays=total.plays,
        likes=total.likes,
        reposts=total.reposts,
    )
    return Event.of(TOTALS, message.subject_id, message, type="TotalsChanged")


def playlist_totals_changed(total: PlaylistTotal) -> Event:
    message = TotalsChanged(
        kind=SubjectKind.SUBJECT_KIND_PLAYLIST,
        subject_id=str(total.playlist_id),
        version=total.version,
        likes=total.likes,
        reposts=total.reposts,
    )
    return Event.of(TOTALS, message.subject_id, message, type="TotalsChanged")


def account_totals_changed(total: AccountTotal) -> Event:
    message = TotalsChanged(
        kind=SubjectKind.SUBJECT_KIND_ACCOUNT,
        subject_id=str(total.account_id),
        version=total.version,
        followers=total.followers,
        followees=total.followees,
        reposts_made=total.reposts_made,
    )
    return Event.of(TOTALS, message.subject_id, message, type="TotalsChanged")


def play(message: PlayRecorded, *, counts_unauthenticated: bool) -> Play:
    """Raises Invalid for what can never be counted."""
    listening = None
    if message.HasField("seconds"):
        if message.seconds < 0:
            raise Invalid("A play of negative length")
        listening = Listening.of(message.seconds, message.duration_ms)
    # Only reports by players can lack a token; an anonymous stream that discovery served is a play like any other.
    is_unproven = not message.is_authenticated and message.source == PLAY_SOURCE_AUDIENCE
    return Play(
        parse(message.id),
        parse(message.track_id, field="track_id"),
        parse(message.user_id, field="user_id") if message.user_id else None,
        moment(message.occurred_at),
        moment(message.received_at),
        listening,
        message.device[:DEVICE_CHARACTERS] or None,
        counts_unauthenticated or not is_unproven,
    )


def like(message: LikeState) -> Like:
    changed_at = moment(message.changed_at)
    return Like(
        parse(message.track_id, field="track_id"),
        parse(message.user_id, field="user_id"),
        message.is_liked,
        message.version,
        moment(message.liked_at) if message.HasField("liked_at") else changed_at,
        changed_at,
    )


def follow(message: FollowState) -> Follow:
    return Follow(
        parse(message.followee_id, field="followee_id"),
        parse(message.follower_id, field="follower_id"),
        message.is_following,
        message.version,
        moment(message.changed_at),
    )


def repost(message: RepostState) -> Repost:
    changed_at = moment(message.changed_at)
    kind = KINDS.get(message.kind)
    if kind is None:
        raise Invalid("A repost of an unknown kind")
    return Repost(
        kind,
        parse(message.subject_id, field="subject_id"),
        parse(message.account_id, field="account_id"),
        message.is_reposted,
        message.version,
        moment(message.reposted_at) if message.HasField("reposted_at") else changed_at,
        changed_at,
    )


def playlist_like(message: PlaylistLikeState) -> PlaylistLike:
    return PlaylistLike(
        parse(message.playlist_id, field="playlist_id"),
        parse(message.account_id, field="account_id"),
        message.is_liked,
        message.version,
        moment(message.changed_at),
    )


def track(message: TrackState) -> Track:
    # A tombstone may say no more than which track it was.
    owner_id = parse(message.owner_id, field="owner_id") if message.owner_id else UUID(int=0)
    return Track(
        parse(message.id),
        message.number,
        owner_id,
        message.is_public,
        message.is_removed,
        message.version,
        message.status == TRACK_STATUS_COMPLETED,
        message.genre if message.HasField("genre") else None,
        moment(message.published_at) if message.HasField("published_at") else None,
    )


def moment(value: Timestamp) -> datetime:
    """Exact to the microsecond, and three times as fast as ToDatetime. Raises Invalid when it is unset or no date."""
    if not value.seconds:
        raise Invalid("A moment is missing")
    try:
        return _EPOCH + timedelta(seconds=value.seconds, microseconds=value.nanos // 1000)
    except OverflowError:
        raise Invalid("A moment out of range") from None
