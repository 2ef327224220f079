"""The events audience publishes: each a pure function of a row, so a row can be published again."""

from uuid import UUID

from soundstage.audience.v1.follows_pb2 import FollowState
from soundstage.audience.v1.likes_pb2 import LikeState
from soundstage.audience.v1.playlist_likes_pb2 import PlaylistLikeState
from soundstage.audience.v1.plays_pb2 import PlayRecorded
from soundstage.audience.v1.reposts_pb2 import RepostState

from chassis.clock import timestamp
from chassis.events import Event, Topic
from services.audience.follows.follow import Follow
from services.audience.likes.like import Like
from services.audience.playlist_likes.playlist_like import PlaylistLike
from services.audience.plays.play import Play
from services.audience.reposts.repost import Repost

PLAYS = "soundstage.plays.v1"
LIKES = "soundstage.likes.v1"
SOCIAL = "soundstage.social.v1"
# The last holds what our own consumer could not apply.
TOPICS = [Topic(PLAYS), Topic(LIKES), Topic(SOCIAL), Topic("soundstage.dead.audience.v1", partitions=1)]


def play_recorded(play: Play, *, traceparent: str = "") -> Event:
    """The event of a play has the play's id, however often it is published."""
    payload = play_value(play).SerializeToString()
    return Event(play.id, PLAYS, str(play.track_id), "PlayRecorded", payload, play.occurred_at, traceparent)


def like_changed(like: Like) -> Event:
    type = "TrackLiked" if like.is_liked else "TrackUnliked"
    return Event.of(LIKES, str(like.track_id), like_value(like), type=type)


def follow_changed(follow: Follow) -> Event:
    type = "Followed" if follow.is_following else "Unfollowed"
    return Event.of(SOCIAL, str(follow.followee_id), follow_value(follow), type=type)


def repost_changed(repost: Repost) -> Event:
    type = "Reposted" if repost.is_reposted else "Unreposted"
    return Event.of(SOCIAL, str(repost.subject_id), repost_value(repost), type=type)


def playlist_like_changed(like: PlaylistLike) -> Event:
    type = "PlaylistLiked" if like.is_liked else "PlaylistUnliked"
    return Event.of(SOCIAL, str(like.playlist_id), playlist_like_value(like), type=type)


def play_value(play: Play) -> PlayRecorded:
    return PlayRecorded(
        id=str(play.id),
        track_id=str(play.track_id),
        owner_id=str(play.owner_id),
        user_id=_text(play.user_id),
        seconds=play.seconds,
        duration_ms=play.duration_ms,
        device=play.device,
        source=play.source,  # type: ignore[arg-type]
        is_authenticated=play.is_authenticated,
        occurred_at=timestamp(play.occurred_at),
        received_at=timestamp(play.received_at),
    )


def like_value(like: Like) -> LikeState:
    return LikeState(
        track_id=str(like.track_id),
        owner_id=str(like.owner_id),
        user_id=str(like.user_id),
        is_liked=like.is_liked,
        version=like.version,
        liked_at=timestamp(like.liked_at),
        changed_at=timestamp(like.changed_at),
    )


def follow_value(follow: Follow) -> FollowState:
    return FollowState(
        follower_id=str(follow.follower_id),
        followee_id=str(follow.followee_id),
        is_following=follow.is_following,
        version=follow.version,
        followed_at=timestamp(follow.followed_at),
        changed_at=timestamp(follow.changed_at),
    )


def repost_value(repost: Repost) -> RepostState:
    return RepostState(
        kind=repost.kind,  # type: ignore[arg-type]
        subject_id=str(repost.subject_id),
        owner_id=str(repost.owner_id),
        account_id=str(repost.account_id),
        is_reposted=repost.is_reposted,
        version=repost.version,
        reposted_at=timestamp(repost.reposted_at),
        changed_at=timestamp(repost.changed_at),
    )


def playlist_like_value(like: PlaylistLike) -> PlaylistLikeState:
    return PlaylistLikeState(
        playlist_id=str(like.playlist_id),
        owner_id=str(like.owner_id),
        account_id=str(like.account_id),
        is_liked=like.is_liked,
        version=like.version,
        liked_at=timestamp(like.liked_at),
        changed_at=timestamp(like.changed_at),
    )


def _text(id: UUID | None) -> str:
    return "" if id is None else str(id)
