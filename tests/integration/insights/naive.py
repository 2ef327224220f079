"""A recount as anyone would write it: all plays and states in memory, one after the other."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from soundstage.audience.v1.follows_pb2 import FollowState
from soundstage.audience.v1.plays_pb2 import PlayRecorded
from soundstage.audience.v1.reposts_pb2 import REPOST_KIND_PLAYLIST, RepostState
from soundstage.catalog.v1.tracks_pb2 import TrackState

from tests.integration.insights.history import History

Rows = dict[str, set[tuple[Any, ...]]]


def when(play: PlayRecorded) -> datetime:
    return play.occurred_at.ToDatetime(tzinfo=UTC)


def day(play: PlayRecorded) -> date:
    return when(play).date()


def heard_ms(play: PlayRecorded) -> int | None:
    return min(play.seconds * 1000, play.duration_ms) if play.HasField("seconds") else None


def is_completed(play: PlayRecorded) -> bool:
    heard = heard_ms(play)
    return heard is not None and heard / play.duration_ms >= 0.95


def is_skipped(play: PlayRecorded) -> bool:
    heard = heard_ms(play)
    return heard is not None and heard < 30_000 and not is_completed(play)


def latest(states: Iterable[Any], *key: str) -> dict[tuple[str, ...], Any]:
    kept: dict[tuple[str, ...], Any] = {}
    for state in states:
        names = tuple(getattr(state, name) for name in key)
        if names not in kept or kept[names].version < state.version:
            kept[names] = state
    return kept


def recount(history: History) -> Rows:
    """Every aggregate as the rows that it should have, ids as text."""
    once = list({play.id: play for play in history.plays}.values())
    rows: Rows = {}
    by_track = _grouped(once, lambda play: play.track_id)
    likes, reposts = latest(history.likes, "track_id", "user_id"), latest(history.reposts, "subject_id", "account_id")
    liked = Counter(state.track_id for state in likes.values() if state.is_liked)
    reposted = Counter(state.subject_id for state in reposts.values() if state.is_reposted)
    of_playlists = {state.subject_id for state in history.reposts if state.kind == REPOST_KIND_PLAYLIST}
    rows["track_totals"] = {
        (track, *_sums(by_track[track]), _users(by_track[track]), liked[track], reposted[track])
        for track in by_track.keys() | liked.keys() | (reposted.keys() - of_playlists)
    }
    fans = latest(history.playlist_likes, "playlist_id", "account_id").values()
    loved = Counter(state.playlist_id for state in fans if state.is_liked)
    rows["playlist_totals"] = {
        (playlist, loved[playlist], reposted[playlist]) for playlist in loved.keys() | (reposted.keys() & of_playlists)
    }
    by_day = _grouped(once, lambda play: (play.track_id, day(play)))
    rows["track_days"] = {
        (*key, *_sums(group), sum(map(is_skipped, group)), _users(group)) for key, group in by_day.items()
    }
    rows["track_positions"] = _counted(
        (play.track_id, day(play), heard * 20 // play.duration_ms)
        for play in once
        if (heard := heard_ms(play)) is not None
    )
    rows["track_devices"] = _counted((play.track_id, day(play), play.device or "unknown") for play in once)
    rows["track_hours"] = _counted(
        (play.track_id, when(play).replace(minute=0, second=0, microsecond=0)) for play in once
    )
    rows["track_minutes"] = _counted((play.track_id, when(play).replace(second=0, microsecond=0)) for play in once)
    known = [play for play in once if play.user_id]
    rows["track_listeners"] = {
        (*key, len(group), len({when(p).replace(minute=0, second=0, microsecond=0) for p in group}), *_ends(group))
        for key, group in _grouped(known, lambda play: (play.track_id, play.user_id)).items()
    }
    rows["track_listener_days"] = {
        (*key, len(group), sum(1 << hour for hour in {when(play).hour for play in group}))
        for key, group in _grouped(known, lambda play: (play.track_id, day(play), play.user_id)).items()
    }
    rows["account_totals"] = _account_totals(history.follows, reposts.values())
    return rows


def _account_totals(follows: Sequence[FollowState], reposts: Iterable[RepostState]) -> set[tuple[Any, ...]]:
    made = Counter(state.account_id for state in reposts if state.is_reposted)
    followers: Counter[str] = Counter()
    followees: Counter[str] = Counter()
    for state in latest(follows, "followee_id", "follower_id").values():
        followers[state.followee_id] += state.is_following
        followees[state.follower_id] += state.is_following
    accounts = followers.keys() | followees.keys() | made.keys()
    return {(a, followers[a], followees[a], made[a]) for a in accounts if followers[a] + followees[a] + made[a]}


def _grouped(plays: Sequence[PlayRecorded], key: Any) -> dict[Any, list[PlayRecorded]]:
    groups: dict[Any, list[PlayRecorded]] = defaultdict(list)
    for play in plays:
        groups[key(play)].append(play)
    return groups


def _sums(plays: Sequence[PlayRecorded]) -> tuple[int, int, int, int]:
    timed = [heard for play in plays if (heard := heard_ms(play)) is not None]
    return len(plays), len(timed), sum(timed), sum(map(is_completed, plays))


def _users(plays: Sequence[PlayRecorded]) -> int:
    return len({play.user_id for play in plays if play.user_id})


def _ends(plays: Sequence[PlayRecorded]) -> tuple[datetime, datetime]:
    moments = sorted(map(when, plays))
    return moments[0], moments[-1]


def _counted(keys: Iterable[tuple[Any, ...]]) -> set[tuple[Any, ...]]:
    return {(*key, count) for key, count in Counter(keys).items()}


def scores_of(history: History, track: TrackState, now: datetime) -> tuple[float, float]:
    """Scores of the week and of all time, from the whole history."""
    followers: dict[str, int] = {}
    for state in latest(history.follows, "followee_id", "follower_id").values():
        followers[state.followee_id] = followers.get(state.followee_id, 0) + state.is_following
    likes = [s for s in latest(history.likes, "track_id", "user_id").values() if s.is_liked and s.track_id == track.id]
    reposts = [s for s in latest(history.reposts, "subject_id", "account_id").values() if s.is_reposted]
    reposts = [s for s in reposts if s.subject_id == track.id]
    since = (now - timedelta(days=7)).replace(minute=0, second=0, microsecond=0)
    plays = [play for play in history.plays if play.track_id == track.id]
    recent = [play for play in plays if when(play) >= since]
    karma = sum(followers.get(id, 0) for id in {s.user_id for s in likes} | {s.account_id for s in reposts})
    if followers.get(track.owner_id, 0) < 3:
        return 0.0, 0.0
    rest = 51.01 * len(likes) - 50 * len(likes) + 50.25 * len(reposts)
    age = (now - track.published_at.ToDatetime(tzinfo=UTC)) // timedelta(days=1)
    aged = 1 if age <= 7 else max(0.05, 20 ** (1 - age / 7))
    return (len(recent) + rest) * karma * aged, (len(plays) + rest) * karma
